//! A WebSocket that returns every message. It speaks the subprotocol `echo` with those who offer it.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async_with_config,
    tungstenite::{
        self,
        handshake::server::{Request, Response},
        http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL},
        protocol::WebSocketConfig,
    },
};

/// The one subprotocol.
const SUBPROTOCOL: &str = "echo";

/// The largest message, in bytes.
const MESSAGE: usize = 64 * 1024;

/// Serves one connection. Pings and the closing handshake are answered by the library.
pub(super) async fn serve(stream: TcpStream) {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_message_size(Some(MESSAGE))
        .max_frame_size(Some(MESSAGE));
    #[expect(clippy::result_large_err, reason = "the shape of tungstenite's callback")]
    let choose = |request: &Request, mut response: Response| {
        if offers_ours(request) {
            let chosen = HeaderValue::from_static(SUBPROTOCOL);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        Ok(response)
    };
    let Ok(socket) = accept_hdr_async_with_config(stream, choose, Some(config)).await else {
        return;
    };
    if let Err(error) = echo(socket).await {
        tracing::debug!(%error, "a client of the demo went away");
    }
}

/// Whether a client's offers hold our subprotocol.
fn offers_ours(request: &Request) -> bool {
    let offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let words = offers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    words.map(str::trim).any(|word| word == SUBPROTOCOL)
}

async fn echo(mut socket: WebSocketStream<TcpStream>) -> Result<(), tungstenite::Error> {
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Ports, start};
    use super::*;
    use tokio_tungstenite::{
        client_async,
        tungstenite::{Message, client::ClientRequestBuilder},
    };

    #[tokio::test]
    async fn returns_messages_and_chooses_the_subprotocol() {
        let demo = start(&Ports::FREE).unwrap();
        let port = demo.ports().websocket;
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let uri = format!("ws://127.0.0.1:{port}/").parse().unwrap();
        let request =
            ClientRequestBuilder::new(uri).with_sub_protocol("chat").with_sub_protocol("echo");
        let (mut socket, response) = client_async(request, stream).await.unwrap();
        assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "echo");
        socket.send(Message::text("狼煙")).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("狼煙"));
        socket.send(Message::Ping("p".into())).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("p".into()));
        socket.close(None).await.unwrap();
        assert!(matches!(socket.next().await, Some(Ok(Message::Close(_))) | None));
    }
}
