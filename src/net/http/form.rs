use std::fmt;

use bytes::Bytes;
use hyper::{
    Method, Uri,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TE,
        TRANSFER_ENCODING, UPGRADE,
    },
    http::{Request, uri::Authority},
};

use crate::model::{Failure, Reason};

/// How a request is written on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// HTTP/1.1 to the server itself: the target is a path.
    Http1,
    /// HTTP/1.1 to a proxy: the target is the whole URI (RFC 9112 section 3.2.2). A proxy makes its `Host` of that and ignores
    /// ours, so as in Go a `Host` field that is set takes the place of the URI's host.
    Http1Proxy,
    /// HTTP/2: the target is in pseudo-header fields.
    Http2,
}

/// Fields about the connection that HTTP/2 and HTTP/3 forbid (RFC 9113 section 8.2.2, RFC 9114 section 4.2).
const CONNECTION_FIELDS: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

impl Form {
    /// Rewrites a request with an absolute URI to this form. A `Host` field that is set wins over the URI.
    pub(super) fn fit(self, request: Request<Bytes>) -> Result<Request<Bytes>, Failure> {
        let (mut head, body) = request.into_parts();
        if body.is_empty() && matches!(head.method, Method::POST | Method::PUT | Method::PATCH) {
            // These methods foresee a body: without a length, servers answer 411.
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if self == Self::Http2 {
            head.uri = with_authority(&head.uri, head.headers.remove(HOST).as_ref())?;
            for field in &CONNECTION_FIELDS {
                head.headers.remove(field);
            }
            return Ok(Request::from_parts(head, body));
        }
        head.headers = host_first(&head.uri, head.headers)?;
        if !head.headers.contains_key(CONNECTION) {
            head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self == Self::Http1Proxy {
            head.uri = with_authority(&head.uri, head.headers.get(HOST))?;
        } else {
            let path = head.uri.path_and_query().cloned();
            head.uri = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        }
        Ok(Request::from_parts(head, body))
    }
}

/// Rewrites a request for HTTP/3, whose head is that of HTTP/2. The body's length is told here; for the others hyper does.
#[cfg(feature = "http3")]
pub(super) fn fit_http3(mut request: Request<Bytes>) -> Result<Request<Bytes>, Failure> {
    if !request.body().is_empty() {
        let length = HeaderValue::from(request.body().len());
        request.headers_mut().insert(CONTENT_LENGTH, length);
    }
    Form::Http2.fit(request)
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http1Proxy => "HTTP/1.1 through a proxy",
            Self::Http2 => "HTTP/2",
        })
    }
}

/// `Host` first, as RFC 9110 section 7.2 advises.
fn host_first(uri: &Uri, mut headers: HeaderMap) -> Result<HeaderMap, Failure> {
    let host = match headers.remove(HOST) {
        Some(host) => host,
        None => uri
            .authority()
            .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())
            .ok_or_else(|| unusable("the URL has no host"))?,
    };
    let mut ordered = HeaderMap::with_capacity(headers.len() + 2);
    ordered.insert(HOST, host);
    ordered.extend(headers);
    Ok(ordered)
}

fn with_authority(uri: &Uri, host: Option<&HeaderValue>) -> Result<Uri, Failure> {
    let Some(host) = host else {
        return Ok(uri.clone());
    };
    let mut parts = uri.clone().into_parts();
    let authority = Authority::try_from(host.as_bytes());
    parts.authority = Some(authority.map_err(|_| unusable("the Host header is not a host"))?);
    Uri::from_parts(parts).map_err(|_| unusable("the URL cannot be requested"))
}

fn unusable(why: &str) -> Failure {
    Failure::new(Reason::HttpProtocol, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: Option<&str>) -> Request<Bytes> {
        let mut request = Request::post("http://a.example:81/x?y=1");
        if let Some(host) = host {
            request = request.header("accept", "*/*").header(HOST, host);
        }
        request.header(UPGRADE, "x").body(Bytes::new()).unwrap()
    }

    #[test]
    fn http1_asks_for_a_path_and_names_the_host_first() {
        let fitted = Form::Http1.fit(request(Some("b.example"))).unwrap();
        assert_eq!(fitted.uri(), "/x?y=1");
        assert_eq!(fitted.headers().iter().next().unwrap(), (&HOST, &"b.example".parse().unwrap()));
        assert_eq!(fitted.headers()[CONNECTION], "close");
        assert_eq!(fitted.headers()[CONTENT_LENGTH], "0");
        assert_eq!(Form::Http1.fit(request(None)).unwrap().headers()[HOST], "a.example:81");
    }

    #[test]
    fn a_proxy_is_asked_for_the_whole_uri() {
        let fitted = Form::Http1Proxy.fit(request(None)).unwrap();
        assert_eq!(fitted.uri(), "http://a.example:81/x?y=1");
        let fitted = Form::Http1Proxy.fit(request(Some("b.example"))).unwrap();
        assert_eq!(fitted.uri(), "http://b.example/x?y=1");
        assert_eq!(fitted.headers()[HOST], "b.example");
    }

    #[test]
    fn http2_takes_the_host_as_authority_and_nothing_of_the_connection() {
        let fitted = Form::Http2.fit(request(Some("b.example"))).unwrap();
        assert_eq!(fitted.uri(), "http://b.example/x?y=1");
        assert!(!fitted.headers().contains_key(HOST) && !fitted.headers().contains_key(UPGRADE));
    }
}
