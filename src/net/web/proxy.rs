//! Which requests go through which proxy, and what the proxy is told.

use std::{
    env,
    net::{IpAddr, SocketAddr},
};

use hyper::header::{HOST, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use url::Url;

use super::{
    AGENT, BasicAuth, Dialer, Headers, NoProxy, ProxyUrl,
    authorization::{too_many, user_and_password},
    endpoint, host, port,
};
use crate::{
    clock::Instant,
    model::{Failure, Problem, Reason},
    net::{
        Endpoint, dial, http,
        socks::{self, Login},
    },
};

/// All that a check may say of proxies.
#[derive(Clone, Copy, Default)]
pub struct Proxies<'a> {
    /// `proxy_url`
    pub url: Option<&'a ProxyUrl>,
    /// `proxy_from_environment`
    pub from_environment: bool,
    /// `no_proxy`
    pub no_proxy: Option<&'a NoProxy>,
    /// `proxy_headers`: for every request to the proxy.
    pub headers: Option<&'a Headers>,
    /// `proxy_connect_headers`: for its CONNECT alone.
    pub connect_headers: Option<&'a Headers>,
    /// `proxy_basic_auth`
    pub basic_auth: Option<&'a BasicAuth>,
    /// `proxy_resolve`: the proxy is asked for the target's address, not for its name.
    pub by_address: bool,
}

/// A proxy that was chosen for a URL.
#[derive(Debug, Clone, PartialEq)]
pub struct Proxy {
    url: Url,
    /// User and password as the environment says them.
    userinfo: Option<HeaderValue>,
}

impl Proxy {
    /// Whether it is spoken to by SOCKS: it leads to a server, whatever is said there.
    fn is_socks(&self) -> bool {
        self.url.scheme() != "http"
    }
}

impl Proxies<'_> {
    /// Whether there may be one.
    pub fn any(&self) -> bool {
        self.url.is_some() || self.from_environment
    }

    /// The proxy for a URL; `None` is the direct way. `address` is that of the URL's host, where it is known.
    ///
    /// # Errors
    /// `proxy_failed` for one of the environment that cannot be used.
    pub fn choose(&self, url: &Url, address: Option<IpAddr>) -> Result<Option<Proxy>, Failure> {
        self.choose_by(|name| env::var(name).ok(), url, address)
    }

    fn choose_by(
        &self,
        variable: impl Fn(&str) -> Option<String>,
        url: &Url,
        address: Option<IpAddr>,
    ) -> Result<Option<Proxy>, Failure> {
        let covered = |no_proxy: &NoProxy| {
            let address = address.map(|address| address.to_string());
            no_proxy.covers(host(url), port(url))
                || address.is_some_and(|address| no_proxy.covers(&address, port(url)))
        };
        if let Some(own) = self.url {
            let is_direct = self.no_proxy.is_some_and(covered);
            return Ok((!is_direct).then(|| Proxy { url: own.url().clone(), userinfo: None }));
        }
        if !self.from_environment {
            return Ok(None);
        }
        // The lower case counts first, as in curl and Go.
        let any = |names: [&str; 2]| {
            names.into_iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))
        };
        let is_secure = matches!(url.scheme(), "https" | "wss");
        let names =
            if is_secure { ["https_proxy", "HTTPS_PROXY"] } else { ["http_proxy", "HTTP_PROXY"] };
        let no_proxy = any(["no_proxy", "NO_PROXY"]).unwrap_or_default();
        match any(names) {
            Some(text) if !covered(&NoProxy::from(no_proxy.as_str())) => {
                from_text(&text, names[1]).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What a run has to resolve for a URL.
    pub fn endpoint(&self, url: &Url) -> Endpoint {
        match self.choose(url, None) {
            Ok(Some(proxy)) if !self.by_address => endpoint(&proxy.url),
            // What is wrong with the environment is the run's failure.
            _ => endpoint(url),
        }
    }

    /// The way to the first URL of a run, whose [`Self::endpoint`] was resolved to `to`, one address at least.
    ///
    /// # Errors
    /// `proxy_failed`, and what the resolver says of the proxy's name.
    pub async fn first(
        &self,
        url: &Url,
        to: Vec<SocketAddr>,
        dialer: &mut Dialer<'_>,
    ) -> Result<Way, Failure> {
        let address = to.first().map(SocketAddr::ip).filter(|_| self.by_address);
        match self.choose(url, address)? {
            None => Ok(Way { to, proxy: None, address: None }),
            Some(proxy) if self.by_address => {
                let to = dialer.lookup(host(&proxy.url), port(&proxy.url)).await?;
                Ok(Way { to, proxy: Some(proxy), address })
            }
            Some(proxy) => Ok(Way { to, proxy: Some(proxy), address }),
        }
    }

    /// The way to another URL of the same run; `same_host` where its host is that of the first.
    ///
    /// # Errors
    /// Those of [`Self::first`].
    pub async fn onward(
        &self,
        first: &Way,
        url: &Url,
        same_host: bool,
        dialer: &mut Dialer<'_>,
    ) -> Result<Way, Failure> {
        let own = first.to.first().filter(|_| first.proxy.is_none());
        let known = own.map(SocketAddr::ip).or(first.address).filter(|_| same_host);
        let Some(proxy) = self.choose(url, known)? else {
            let to = match (known, own) {
                // With its zone.
                (Some(_), Some(own)) => {
                    let mut to = *own;
                    to.set_port(port(url));
                    vec![to]
                }
                (Some(address), None) => vec![SocketAddr::new(address, port(url))],
                (None, _) => dialer.lookup(host(url), port(url)).await?,
            };
            return Ok(Way { to, proxy: None, address: None });
        };
        let to = match &first.proxy {
            Some(same) if *same == proxy => first.to.clone(),
            _ => dialer.lookup(host(&proxy.url), port(&proxy.url)).await?,
        };
        Ok(Way { to, proxy: Some(proxy), address: known.filter(|_| self.by_address) })
    }

    /// A TCP connection to the server of a URL, through a tunnel or by SOCKS where a proxy is in between.
    ///
    /// # Errors
    /// What breaks a connection; `proxy_failed` where the proxy does not open the tunnel.
    pub async fn tunnel(
        &self,
        way: &Way,
        url: &Url,
        dialer: &mut Dialer<'_>,
    ) -> Result<tokio::net::TcpStream, Failure> {
        let stream = dial::first(dialer.attempt, &way.to, dialer.names.source).await?;
        let Some(proxy) = &way.proxy else {
            return Ok(stream);
        };
        if proxy.is_socks() {
            let login = self.login(proxy, dialer.attempt.deadline()).await?;
            let address = way.address.map(|address| address.to_string());
            let server = (address.as_deref().unwrap_or(host(url)), port(url));
            return socks::connect(dialer.attempt, stream, server, login.as_ref()).await;
        }
        let mut fields = self.fields(proxy, dialer.attempt.deadline()).await?;
        if let Some(connect) = self.connect_headers {
            connect.put(&mut fields, dialer.attempt.deadline()).await?;
            fields.remove(HOST);
        }
        let server = match way.address {
            Some(address) => SocketAddr::new(address, port(url)).to_string(),
            None => format!("{}:{}", url.host_str().unwrap_or_default(), port(url)),
        };
        http::tunnel(dialer.attempt, stream, &server, &fields).await
    }

    /// Header fields for the proxy alone.
    ///
    /// # Errors
    /// `local_file` when the password cannot be had.
    pub async fn fields(&self, proxy: &Proxy, deadline: Instant) -> Result<HeaderMap, Failure> {
        let mut fields = HeaderMap::new();
        fields.insert(USER_AGENT, AGENT);
        if let Some(userinfo) = self.userinfo(proxy, deadline).await? {
            fields.insert(PROXY_AUTHORIZATION, userinfo);
        }
        if let Some(headers) = self.headers {
            headers.put(&mut fields, deadline).await?;
        }
        fields.remove(HOST);
        Ok(fields)
    }

    /// User and password for the proxy, as HTTP says them.
    async fn userinfo(
        &self,
        proxy: &Proxy,
        deadline: Instant,
    ) -> Result<Option<HeaderValue>, Failure> {
        match self.basic_auth {
            Some(basic) => basic.header(deadline).await.map(Some),
            None => Ok(proxy.userinfo.clone()),
        }
    }

    async fn login(&self, proxy: &Proxy, deadline: Instant) -> Result<Option<Login>, Failure> {
        let userinfo = self.userinfo(proxy, deadline).await?;
        let pair = userinfo.as_ref().and_then(user_and_password);
        Ok(pair.map(|(user, password)| Login { user, password }))
    }

    /// Mistakes that no single value shows; `prefix` is the path of their table, with its dot.
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let at =
            |problem: Problem| Problem { path: format!("{prefix}{}", problem.path), ..problem };
        let sources =
            [("proxy_url", self.url.is_some()), ("proxy_from_environment", self.from_environment)];
        let exceptions = [
            ("proxy_from_environment", self.from_environment),
            ("no_proxy", self.no_proxy.is_some()),
        ];
        let mut problems: Vec<_> = too_many("", &sources).into_iter().collect();
        problems.extend(too_many("", &exceptions));
        let passwords = [
            ("proxy_headers.Proxy-Authorization", self.headers),
            ("proxy_connect_headers.Proxy-Authorization", self.connect_headers),
        ];
        if let Some(basic) = self.basic_auth {
            problems.extend(basic.problems("proxy_basic_auth"));
            let written = passwords.iter().filter(|(_, headers)| {
                headers.is_some_and(|headers| headers.contains(&PROXY_AUTHORIZATION))
            });
            problems.extend(written.map(|(path, _)| Problem {
                path: (*path).into(),
                message: "`proxy_basic_auth` sets Proxy-Authorization itself".into(),
                hint: Some("keep one of them".into()),
            }));
        }
        if !self.any() {
            let is_given = |headers: Option<&Headers>| headers.is_some_and(|own| !own.is_empty());
            let keys = [
                ("no_proxy", self.no_proxy.is_some()),
                ("proxy_basic_auth", self.basic_auth.is_some()),
                ("proxy_headers", is_given(self.headers)),
                ("proxy_connect_headers", is_given(self.connect_headers)),
                ("proxy_resolve", self.by_address),
            ];
            problems.extend(keys.iter().filter(|(_, given)| *given).map(|(key, _)| Problem {
                path: (*key).into(),
                message: "there is no proxy to tell".into(),
                hint: Some("set `proxy_url`".into()),
            }));
        }
        problems.into_iter().map(at).collect()
    }
}

/// A proxy as the environment says it: a URL, or `host:port`.
fn from_text(text: &str, name: &str) -> Result<Proxy, Failure> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let (url, userinfo) = ProxyUrl::with_userinfo(&with_scheme)
        .map_err(|why| Failure::new(Reason::ProxyFailed, format!("{name}: {why}")))?;
    Ok(Proxy { url: url.url().clone(), userinfo })
}

/// Where to connect for a URL.
#[derive(Debug, Clone)]
pub struct Way {
    /// The server itself, or the proxy: one address, or all of a host that was met on the way, at least one.
    pub to: Vec<SocketAddr>,
    /// In between.
    pub proxy: Option<Proxy>,
    /// What the proxy is asked for in place of the URL's host.
    pub address: Option<IpAddr>,
}

impl Way {
    /// The proxy that is asked for a plain `http` URL itself, rather than for a way to its server.
    pub fn asked_proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| !proxy.is_socks())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        proxies: &Proxies<'_>,
        variables: &[(&str, &str)],
        url: &str,
    ) -> Result<String, Failure> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = proxies.choose_by(variable, &url.parse().unwrap(), None)?;
        Ok(proxy.map_or_else(String::new, |proxy| {
            let userinfo = proxy.userinfo.map(|value| format!(" {}", value.to_str().unwrap()));
            format!("{}{}", proxy.url, userinfo.unwrap_or_default())
        }))
    }

    #[test]
    fn the_environment_is_read_as_go_reads_it() {
        let proxies = Proxies { from_environment: true, ..Proxies::default() };
        let variables = [
            ("http_proxy", "plain.example:3128"),
            ("HTTP_PROXY", "http://not-this-one/"),
            ("https_proxy", ""),
            ("HTTPS_PROXY", "http://u:p@secure.example:3128"),
            ("NO_PROXY", "direct.example,10.0.0.0/8"),
        ];
        for (url, proxy) in [
            ("http://a.example/", "http://plain.example:3128/"),
            ("ws://a.example/", "http://plain.example:3128/"),
            ("https://a.example/", "http://secure.example:3128/ Basic dTpw"),
            ("wss://a.example/", "http://secure.example:3128/ Basic dTpw"),
            ("https://www.direct.example/", ""),
            ("https://10.1.2.3/", ""),
            ("https://localhost/", ""),
            ("https://[::1]:8443/", ""),
        ] {
            assert_eq!(chosen(&proxies, &variables, url).unwrap(), proxy, "{url}");
        }
        assert_eq!(chosen(&proxies, &[], "http://a.example/").unwrap(), "");
        assert_eq!(chosen(&Proxies::default(), &variables, "http://a.example/").unwrap(), "");
        let failure = chosen(&proxies, &[("http_proxy", "socks4://u:hunter2@p:1")], "http://a/");
        let failure = failure.unwrap_err();
        assert_eq!(failure.reason, Reason::ProxyFailed);
        assert!(failure.detail.contains("HTTP_PROXY") && !failure.detail.contains("hunter2"));
    }

    #[test]
    fn exceptions_are_names_and_addresses() {
        let url: ProxyUrl = "http://p.example:3128".parse().unwrap();
        let no_proxy = NoProxy::from("a.example,192.0.2.0/24");
        let always = Proxies { url: Some(&url), ..Proxies::default() };
        let some = Proxies { no_proxy: Some(&no_proxy), ..always };
        let choose = |proxies: &Proxies<'_>, url: &str, address: Option<&str>| {
            let address = address.map(|address| address.parse().unwrap());
            proxies.choose(&url.parse().unwrap(), address).unwrap().is_some()
        };
        // Without exceptions this machine itself is asked of the proxy too, as in Go.
        assert!(choose(&always, "http://127.0.0.1/", None));
        assert!(!choose(&some, "http://127.0.0.1/", None));
        assert!(!choose(&some, "http://a.example/", None));
        assert!(choose(&some, "http://b.example/", None));
        assert!(!choose(&some, "http://b.example/", Some("192.0.2.9")));
        assert_eq!(some.endpoint(&"http://a.example/".parse().unwrap()).host, "a.example");
        assert_eq!(some.endpoint(&"http://b.example/".parse().unwrap()).host, "p.example");
        let by_address = Proxies { by_address: true, ..some };
        assert_eq!(by_address.endpoint(&"http://b.example/".parse().unwrap()).host, "b.example");
    }

    #[test]
    fn mistakes_have_their_place() {
        let url: ProxyUrl = "http://p.example:3128".parse().unwrap();
        let no_proxy = NoProxy::from("a");
        let proxies = Proxies {
            url: Some(&url),
            from_environment: true,
            no_proxy: Some(&no_proxy),
            ..Proxies::default()
        };
        let paths = |proxies: Proxies<'_>| -> Vec<String> {
            proxies.problems("oauth2.").into_iter().map(|problem| problem.path).collect()
        };
        assert_eq!(paths(proxies), ["oauth2.proxy_from_environment", "oauth2.no_proxy"]);
        let lonely = Proxies { no_proxy: Some(&no_proxy), by_address: true, ..Proxies::default() };
        assert_eq!(paths(lonely), ["oauth2.no_proxy", "oauth2.proxy_resolve"]);
    }
}
