use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How the server presents itself: `--web.route-prefix`, `--web.external-url`, `--web.max-requests`.
#[derive(Debug, Clone)]
pub struct Web {
    route_prefix: String,
    external_url: Option<String>,
    max_requests: usize,
}

impl Web {
    /// What `--web.max-requests` is unless it is set, as in node_exporter.
    pub const MAX_REQUESTS: usize = 40;

    /// Checks and completes the options. As in Prometheus, the prefix is the path of the external URL unless it is given.
    ///
    /// # Errors
    /// One sentence, when the prefix is not a plain path or the URL is not an http URL.
    pub fn new(
        route_prefix: Option<&str>,
        external_url: Option<&str>,
        max_requests: usize,
    ) -> Result<Self, String> {
        let external = external_url.map(external).transpose()?;
        let path = route_prefix.or_else(|| external.as_ref().map(url::Url::path));
        Ok(Self {
            route_prefix: prefix(path.unwrap_or_default())?,
            external_url: external.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            max_requests,
        })
    }

    /// What every path begins with: empty, or with a leading and no trailing slash.
    pub fn route_prefix(&self) -> &str {
        &self.route_prefix
    }

    /// Where users reach this process, without a trailing slash.
    pub fn external_url(&self) -> Option<&str> {
        self.external_url.as_deref()
    }

    /// Scrapes at the same time; 0 for as many as come.
    pub fn max_requests(&self) -> usize {
        self.max_requests
    }
}

impl Default for Web {
    fn default() -> Self {
        Self { route_prefix: String::new(), external_url: None, max_requests: Self::MAX_REQUESTS }
    }
}

fn external(text: &str) -> Result<url::Url, String> {
    let url = text.parse::<url::Url>().map_err(|error| format!("external URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("external URL: it must begin with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("external URL: it is shown to everybody and must not hold credentials".into());
    }
    Ok(url)
}

fn prefix(path: &str) -> Result<String, String> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    match segments.iter().find(|segment| !segment.bytes().all(plain) || **segment == "..") {
        Some(segment) => Err(format!(
            "route prefix: `{segment}` is not plain; letters, digits and - . _ ~ are, with / between"
        )),
        None => Ok(segments.iter().flat_map(|segment| ["/", segment]).collect()),
    }
}

/// How many of a kind of request may go on at once.
pub(super) struct Limit(Arc<Semaphore>);

impl Limit {
    pub(super) fn new(most: usize) -> Self {
        let most = if most == 0 { Semaphore::MAX_PERMITS } else { most };
        Self(Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))))
    }

    /// A place, if one is free. It is given back when dropped.
    pub(super) fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let of = |prefix, url| Web::new(prefix, url, 1).map(|web| web.route_prefix);
        assert_eq!(of(None, None).as_deref(), Ok(""));
        assert_eq!(of(Some("/"), Some("http://h/a/")).as_deref(), Ok(""));
        assert_eq!(of(Some("a/b/"), None).as_deref(), Ok("/a/b"));
        assert_eq!(of(None, Some("https://h/a/b/")).as_deref(), Ok("/a/b"));
        for bad in ["/{x}", "/:x", "/a b", "/a/../b", "/%2f", "/*x"] {
            assert!(of(Some(bad), None).is_err(), "{bad}");
        }
        for bad in ["h/a", "ftp://h/", "http://user:word@h/"] {
            assert!(of(None, Some(bad)).is_err(), "{bad}");
        }
    }
}
