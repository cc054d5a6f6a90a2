use url::Url;

/// Where a server stands: by `--web.external-url` and `--web.route-prefix`, as blackbox_exporter reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What every path begins with: begins and ends with a slash.
    pub route_prefix: String,
    /// Where people find it: `http://host:9115`, or a path alone.
    pub external_url: String,
}

impl Place {
    /// From the flags; empty where they are not given. Without an URL it is this host at the port of `listen`.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn new(
        external_url: &str,
        route_prefix: &str,
        hostname: &str,
        listen: &str,
    ) -> Result<Self, String> {
        let (base, path) = match external_url {
            "" => {
                let port = listen.rsplit_once(':').map(|(_, port)| port);
                let port =
                    port.ok_or_else(|| format!("address {listen}: missing port in address"))?;
                (format!("http://{hostname}:{port}"), String::new())
            }
            url => split(url)?,
        };
        let path = match path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        let inside = if route_prefix.is_empty() { &*path } else { route_prefix };
        let route_prefix = match inside.trim_matches('/') {
            "" => "/".to_owned(),
            inside => format!("/{inside}/"),
        };
        Ok(Self { route_prefix, external_url: base + &path })
    }
}

/// Everything before the path, and the path. What has no scheme is all path, as in Go.
fn split(text: &str) -> Result<(String, String), String> {
    if text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']) {
        return Err("URL must not begin or end with quotes".to_owned());
    }
    if !text.contains("://") {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        if path.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
        return Ok((String::new(), path.to_owned()));
    }
    let url: Url = text.parse().map_err(|error| format!("it is not a URL: {error}"))?;
    Ok((url[..url::Position::BeforePath].to_owned(), url.path().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (external, prefix, route, shown) in [
            ("", "", "/", "http://box:9115"),
            ("", "/x", "/x/", "http://box:9115"),
            ("", "x/y/", "/x/y/", "http://box:9115"),
            ("https://ext.example/", "", "/", "https://ext.example"),
            ("https://ext.example/bb", "", "/bb/", "https://ext.example/bb"),
            ("https://ext.example:8443/bb//", "", "/bb/", "https://ext.example:8443/bb"),
            ("https://ext.example/bb", "/", "/", "https://ext.example/bb"),
            ("https://ext.example/bb", "/in", "/in/", "https://ext.example/bb"),
            ("/bb", "", "/bb/", "/bb"),
        ] {
            let place = Place::new(external, prefix, "box", "[::1]:9115").unwrap();
            let wanted = Place { route_prefix: route.into(), external_url: shown.into() };
            assert_eq!(place, wanted, "{external:?} {prefix:?}");
        }
        for (external, listen) in
            [("'http://a'", ":1"), ("a:1/b", ":1"), ("http://[::1", ":1"), ("", "x")]
        {
            assert!(Place::new(external, "", "box", listen).is_err(), "{external}");
        }
    }
}
