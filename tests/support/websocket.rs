//! WebSocket peers that converse by script.

use std::{future::Future, io};

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite};

use super::Peer;

/// A server that upgrades every connection and hands it to `script`.
pub async fn serve<F>(
    script: impl Fn(WebSocketStream<TcpStream>) -> F + Clone + Send + 'static,
) -> Peer
where
    F: Future<Output = Result<(), tungstenite::Error>> + Send,
{
    Peer::stream(move |stream, _, _| {
        let script = script.clone();
        async move {
            let socket = accept_async(stream).await.map_err(io::Error::other)?;
            script(socket).await.map_err(io::Error::other)
        }
    })
    .await
}

/// A server that returns every message.
pub async fn echo() -> Peer {
    serve(|mut socket| async move {
        while let Some(message) = socket.next().await {
            let message = message?;
            if message.is_text() || message.is_binary() {
                socket.send(message).await?;
            }
        }
        Ok(())
    })
    .await
}
