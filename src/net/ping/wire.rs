//! The kernel's socket: sending on it, and hearing what comes with the hop limit it came with.

use std::{
    io::{self, ErrorKind, IoSliceMut},
    net::{IpAddr, SocketAddr},
    os::fd::AsRawFd,
};

use nix::{
    cmsg_space,
    sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg},
};
use parking_lot::Mutex;
use socket2::Socket;
use tokio::{io::Interest, net::UdpSocket};

use super::{SocketKind, packet, waiting::Table};
use crate::clock::Instant;

/// A socket and who waits at it.
pub(super) struct Wire {
    /// Of ICMP, but the calls are those of any socket for datagrams.
    socket: UdpSocket,
    kind: SocketKind,
    /// Ours alone on a raw socket; the kernel's on a datagram socket, where this one is not sent.
    pub(super) identifier: u16,
    pub(super) table: Table,
    room: Mutex<Room>,
}

/// Where packets and what the kernel says of them are put.
struct Room {
    bytes: Box<[u8]>,
    control: Vec<u8>,
}

/// The largest packet there is.
const LARGEST: usize = 1 << 16;

/// So many packets are taken at once before others get their turn.
const AT_ONCE: usize = 256;

impl Wire {
    pub(super) fn new(socket: Socket, kind: SocketKind, identifier: u16) -> io::Result<Self> {
        let room = Room { bytes: vec![0; LARGEST].into(), control: cmsg_space!([i32; 4]) };
        let socket = UdpSocket::from_std(socket.into())?;
        Ok(Self { socket, kind, identifier, table: Table::default(), room: Mutex::new(room) })
    }

    /// The kernel's socket, for its options.
    #[cfg(test)]
    pub(super) fn socket(&self) -> socket2::SockRef<'_> {
        socket2::SockRef::from(&self.socket)
    }

    /// Sends a packet, waiting for room where there is none.
    pub(super) async fn send(&self, packet: &[u8], to: SocketAddr) -> io::Result<()> {
        self.socket.send_to(packet, to).await.map(drop)
    }

    /// Gives what comes to who waits for it, until it is dropped or the socket is beyond repair.
    pub(super) async fn listen(&self) {
        while self.socket.readable().await.is_ok() {
            match self.socket.try_io(Interest::READABLE, || self.drain()) {
                Ok(()) => tokio::task::yield_now().await,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }

    /// Takes what is there already. Who sends much does it too: a burst must not overrun the kernel's buffer before
    /// the listener gets its turn.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is left; another where the socket gives nothing but errors.
    pub(super) fn drain(&self) -> io::Result<()> {
        let room = &mut *self.room.lock();
        let mut errors = 0;
        for _ in 0..AT_ONCE {
            match self.take(room) {
                // What the kernel says of an earlier packet is said once; a broken socket says it for ever.
                Err(error) if error.kind() != ErrorKind::WouldBlock && errors < AT_ONCE / 2 => {
                    errors += 1;
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn take(&self, room: &mut Room) -> io::Result<()> {
        let mut parts = [IoSliceMut::new(&mut room.bytes)];
        let got = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut parts,
            Some(&mut room.control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let at = Instant::now();
        let hop_limit = got.cmsgs().ok().and_then(|mut told| told.find_map(|one| hop_limit(&one)));
        let (from, length) = (got.address.as_ref().and_then(address), got.bytes);
        let bytes = &room.bytes[..length];
        let raw = self.kind == SocketKind::Raw;
        let heard = match from {
            Some(IpAddr::V4(from)) => packet::of_v4(bytes, from, raw),
            Some(IpAddr::V6(from)) => packet::of_v6(bytes, from),
            None => None,
        };
        if let Some((heard, from)) = heard.zip(from)
            && (!raw || heard.identifier == self.identifier)
        {
            self.table.hear(&heard, from, hop_limit, at);
        }
        Ok(())
    }
}

fn hop_limit(message: &ControlMessageOwned) -> Option<u8> {
    match *message {
        ControlMessageOwned::Ipv4Ttl(limit) | ControlMessageOwned::Ipv6HopLimit(limit) => {
            u8::try_from(limit).ok()
        }
        _ => None,
    }
}

fn address(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| IpAddr::V4(from.ip()));
    v4.or_else(|| from.as_sockaddr_in6().map(|from| IpAddr::V6(from.ip())))
}
