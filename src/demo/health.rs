//! A gRPC server with a health service and nothing else: whatever it is asked for serves.

use bytes::Bytes;
use h2::{RecvStream, server};
use http::{
    HeaderMap, HeaderValue, Request, Response,
    header::{CONTENT_TYPE, HeaderName},
};
use tokio::net::TcpStream;

/// Calls at once on one connection.
const CALLS: u32 = 8;

/// The largest head of a request, in bytes.
const HEAD: u32 = 8 * 1024;

/// `HealthCheckResponse { status: SERVING }` behind gRPC's five bytes.
const SERVING: &[u8] = b"\0\0\0\0\x02\x08\x01";

const STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Serves one connection, a call after the other.
pub(super) async fn serve(stream: TcpStream) {
    let mut builder = server::Builder::new();
    builder.max_concurrent_streams(CALLS).max_header_list_size(HEAD);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
    while let Some(Ok((call, respond))) = connection.accept().await {
        if let Err(error) = answer(&call, respond) {
            tracing::debug!(%error, "a client of the demo went away");
        }
    }
}

/// Which service is asked for is not looked at.
fn answer(
    call: &Request<RecvStream>,
    mut respond: server::SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let mut head = Response::new(());
    head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    if call.uri().path() != "/grpc.health.v1.Health/Check" {
        // UNIMPLEMENTED, in trailers alone.
        head.headers_mut().insert(STATUS, HeaderValue::from_static("12"));
        return respond.send_response(head, true).map(drop);
    }
    let mut body = respond.send_response(head, false)?;
    body.send_data(Bytes::from_static(SERVING), false)?;
    body.send_trailers(HeaderMap::from_iter([(STATUS, HeaderValue::from_static("0"))]))
}

#[cfg(test)]
mod tests {
    use super::super::{Ports, start};
    use super::*;

    async fn call(path: &str) -> (HeaderMap, Vec<u8>, Option<HeaderMap>) {
        let demo = start(&Ports::FREE).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", demo.ports().grpc)).await.unwrap();
        let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let request = Request::post(format!("http://demo{path}")).body(()).unwrap();
        let (response, mut body) = sender.send_request(request, false).unwrap();
        body.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
        let (head, mut body) = response.await.unwrap().into_parts();
        let mut message = Vec::new();
        while let Some(data) = body.data().await {
            message.extend_from_slice(&data.unwrap());
        }
        let trailers = body.trailers().await.unwrap();
        (head.headers, message, trailers)
    }

    #[tokio::test]
    async fn it_serves_and_knows_nothing_else() {
        let (_, message, trailers) = call("/grpc.health.v1.Health/Check").await;
        assert_eq!((&*message, &trailers.unwrap()[STATUS]), (SERVING, &HeaderValue::from(0)));
        let (head, message, _) = call("/grpc.health.v1.Health/List").await;
        assert_eq!((&*message, &head[STATUS]), (&b""[..], &HeaderValue::from(12)));
    }
}
