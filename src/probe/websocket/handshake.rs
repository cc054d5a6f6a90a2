//! The upgrade from HTTP.

use hyper::{
    Request, Uri,
    header::{AUTHORIZATION, HeaderValue, LOCATION, SEC_WEBSOCKET_PROTOCOL, USER_AGENT},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, client::IntoClientRequest, error::ProtocolError, handshake::client::Response,
        protocol::WebSocketConfig,
    },
};
use url::Position;

use super::{STATUS, Spec, UPGRADED};
use crate::{
    model::{ByteSize, Failure, Phase, Reason},
    net::tls,
    net::web,
    probe::{Run, stream::Stream},
};

/// Reserved for each connection at once, in bytes: most messages are smaller.
const READ_BUFFER: usize = 4 * 1024;

/// What asks for the upgrade.
///
/// # Errors
/// `local_file` when a credential cannot be had, `token_failed`.
pub(super) async fn request(spec: &Spec, run: &mut Run<'_>) -> Result<Request<()>, Failure> {
    let unusable = |why: String| Failure::new(Reason::WebsocketUpgrade, why);
    let url = &spec.url.url()[..Position::AfterQuery];
    let uri = Uri::try_from(url).map_err(|error| unusable(error.to_string()))?;
    let mut request = uri.into_client_request().map_err(|error| unusable(error.to_string()))?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, web::AGENT);
    if !spec.subprotocols.is_empty() {
        let offered = HeaderValue::from_str(&spec.subprotocols.join(", "));
        headers
            .insert(SEC_WEBSOCKET_PROTOCOL, offered.map_err(|error| unusable(error.to_string()))?);
    }
    let configured = spec.authorization();
    // As in Go the URL's own user is known before any other, but for a token of OAuth2.
    let authorization = match &spec.userinfo {
        Some(userinfo) if configured.oauth2.is_none() => Some(userinfo.clone()),
        _ if spec.headers.contains(&AUTHORIZATION) => None,
        _ => configured.header(&mut run.dialer()).await?,
    };
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    spec.headers.put(headers, run.attempt.deadline()).await?;
    Ok(request)
}

/// Upgrades the connection. The phase `wait`: request and answer are one small exchange.
///
/// # Errors
/// `websocket_upgrade` with the status, `websocket_subprotocol`, `http_protocol`, and what breaks a connection.
pub(super) async fn upgrade(
    request: Request<()>,
    stream: Stream,
    limit: ByteSize,
    run: &mut Run<'_>,
) -> Result<WebSocketStream<Stream>, Failure> {
    let limit = Some(usize::try_from(limit.0).unwrap_or(usize::MAX));
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(limit)
        .max_frame_size(limit);
    run.attempt.step(|| format!("asking for the upgrade of {}", request.uri().path()));
    let shaking = client_async_with_config(request, stream, Some(config));
    let shaken = run.attempt.phase(Phase::Wait, async { Ok(shaking.await) }).await?;
    let status = match &shaken {
        Ok((_, answer)) => Some(answer.status()),
        Err(Error::Http(answer)) => Some(answer.status()),
        Err(_) => None,
    };
    if let Some(status) = status {
        run.fact(&STATUS, status.as_u16().into());
        run.attempt.step(|| status.to_string());
    }
    run.fact(&UPGRADED, if shaken.is_ok() { 1.0 } else { 0.0 });
    shaken.map(|(socket, _)| socket).map_err(|error| failure(&error))
}

fn failure(error: &Error) -> Failure {
    let reason = match error {
        Error::Http(answer) => return refused(answer),
        Error::Io(error) => return tls::broken(error),
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            Reason::WebsocketSubprotocol
        }
        Error::Protocol(ProtocolError::HandshakeIncomplete) => Reason::ConnectionClosed,
        Error::Protocol(ProtocolError::HttparseError(_))
        | Error::Capacity(_)
        | Error::AttackAttempt
        | Error::Utf8(_)
        | Error::HttpFormat(_) => Reason::HttpProtocol,
        _ => Reason::WebsocketUpgrade,
    };
    Failure::new(reason, error.to_string())
}

fn refused(answer: &Response) -> Failure {
    let detail = format!("the server answered {}", answer.status());
    let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    if let Some(location) = location.filter(|_| answer.status().is_redirection()) {
        let shown = location.split(['?', '#']).next().unwrap_or_default();
        let detail = format!("{detail}, which leads to {shown}; redirects are not followed");
        return Failure::new(Reason::WebsocketUpgrade, detail);
    }
    Failure::new(Reason::WebsocketUpgrade, detail)
}
