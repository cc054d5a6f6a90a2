use std::{
    future::{Future, poll_fn},
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use quinn::{ClientConfig, Connecting, Endpoint, EndpointConfig, TransportConfig, VarInt};

use super::{
    failure,
    wire::{Own, Wire},
};
use crate::{
    model::{Failure, Reason},
    net::{
        dial,
        http::{
            WINDOW,
            driver::{Background, Inbox},
        },
        tls::quic::Handshake,
    },
};

/// HTTP/3's own work on a connection.
pub(super) type Http = h3::client::Connection<h3_quinn::Connection, Bytes>;

/// What may come without bringing the head or the body on, in bytes: h3 buffers whole frames, as long as they say they are.
const SPARE: u64 = 4 * WINDOW as u64;

/// How often a server that is busy with the answer hears from us, so that neither side gives up.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The streams that a server opens: control, two of QPACK, and one more that means nothing.
const SERVER_STREAMS: u32 = 8;

/// A QUIC connection and all the work on it, which is done where this is polled. Dropping it says goodbye and ends all.
pub(super) struct Link {
    endpoint: Endpoint,
    background: Background,
    wire: Arc<Wire>,
    http: Option<Box<Http>>,
    is_over: bool,
    limit: u64,
}

/// A link whose server has sent its first datagram.
pub(super) struct Reached {
    pub(super) link: Link,
    pub(super) connecting: Connecting,
}

/// Sends the first datagram and waits for an answer, whatever it says.
///
/// # Errors
/// `local_*`, `connect_*`.
pub(super) async fn reach(
    handshake: &Handshake,
    to: SocketAddr,
    source: Option<IpAddr>,
) -> Result<Reached, Failure> {
    let wire = Arc::new(Wire::new(dial::udp(to, source).await?, to));
    let inbox = Inbox::default();
    let runtime = Arc::new(Own(inbox.clone()));
    let socket = Arc::<Wire>::clone(&wire);
    let config = EndpointConfig::default();
    let endpoint = Endpoint::new_with_abstract_socket(config, None, socket, runtime)
        .map_err(|error| dial::local(&error))?;
    let connecting = endpoint
        .connect_with(config_of(handshake), to, &handshake.name())
        .map_err(|error| Failure::new(Reason::LocalResources, error.to_string()))?;
    let background = Background::new(inbox);
    let mut link = Link { endpoint, background, wire, http: None, is_over: false, limit: SPARE };
    poll_fn(|cx| match link.wire.poll_answered(cx) {
        // It is not read yet: what TLS makes of it belongs to the next phase.
        Poll::Ready(()) => Poll::Ready(Ok(())),
        Poll::Pending => failed(link.drive(cx)),
    })
    .await?;
    Ok(Reached { link, connecting })
}

fn config_of(handshake: &Handshake) -> ClientConfig {
    let mut transport = TransportConfig::default();
    transport
        .stream_receive_window(VarInt::from_u32(WINDOW))
        .receive_window(VarInt::from_u32(2 * WINDOW))
        .send_window(u64::from(WINDOW))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(SERVER_STREAMS))
        .datagram_receive_buffer_size(None)
        // The run's own deadline says when it is over.
        .max_idle_timeout(None)
        .keep_alive_interval(Some(KEEP_ALIVE));
    let mut config = ClientConfig::new(handshake.config());
    config.transport_config(Arc::new(transport));
    config
}

impl Reached {
    /// Goes on to the end of the handshake.
    ///
    /// # Errors
    /// `tls_*`, `connect_*`, `connection_closed`, `http_version`, `http_protocol`.
    pub(super) async fn handshake(self) -> Result<(Link, quinn::Connection), Failure> {
        let Self { mut link, connecting } = self;
        let connected = link.during(connecting).await?;
        connected.map(|quic| (link, quic)).map_err(|error| failure::of_quic(&error))
    }
}

impl Link {
    /// Does some work on the connection while this is done.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let mut work = pin!(work);
        poll_fn(|cx| self.poll_with(cx, |cx| work.as_mut().poll(cx))).await
    }

    /// Moves the connection as far as it goes, and with it whatever waits for it.
    ///
    /// # Errors
    /// What the kernel says of the socket; `http_protocol` where more comes than is of use.
    pub(super) fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut work: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Result<T, Failure>> {
        if let Poll::Ready(done) = work(cx) {
            return Poll::Ready(Ok(done));
        }
        let driven = self.drive(cx);
        // What came before it broke still counts.
        match work(cx) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending => failed(driven),
        }
    }

    /// From now on HTTP/3's own work is done too.
    pub(super) fn speak(&mut self, http: Http) {
        self.http = Some(Box::new(http));
    }

    /// What has come so far was of use.
    pub(super) fn progressed(&mut self) {
        self.limit = self.wire.received() + SPARE;
    }

    fn drive(&mut self, cx: &mut Context<'_>) -> Result<(), Failure> {
        self.background.poll(cx);
        if let Some(http) = self.http.as_mut().filter(|_| !self.is_over) {
            // The request's own stream tells why.
            self.is_over = http.poll_close(cx).is_ready();
        }
        if let Some(fault) = self.wire.fault() {
            return Err(fault);
        }
        if self.wire.received() > self.limit {
            let detail = format!("HTTP/3: {SPARE} bytes came that brought the answer no further");
            return Err(Failure::new(Reason::HttpProtocol, detail));
        }
        Ok(())
    }
}

fn failed<T>(driven: Result<(), Failure>) -> Poll<Result<T, Failure>> {
    driven.map_or_else(|failure| Poll::Ready(Err(failure)), |()| Poll::Pending)
}

impl Drop for Link {
    /// Otherwise the server would wait for us until it gives up: half a minute, usually.
    fn drop(&mut self) {
        if std::thread::panicking() || tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let code = u32::try_from(h3::error::Code::H3_NO_ERROR.value()).unwrap_or_default();
        self.endpoint.close(VarInt::from_u32(code), b"");
        self.background.poll(&mut Context::from_waker(Waker::noop()));
    }
}
