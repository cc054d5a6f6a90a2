//! A host at the other end of a TUN device: it answers pings late, not at all, or wrongly. For tests that are root of a
//! network namespace of their own.
#![expect(
    unsafe_code,
    reason = "TUNSETIFF is an ioctl, and no safe wrapper is among our dependencies"
)]

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::fd::AsRawFd,
    process::Command,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// The other host. Everything in 192.0.2.0/24 is it.
pub const HOST: &str = "192.0.2.1";

/// What the host does with a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// A right reply after a time, but none to each `lost`-th ping (counted from 1; 0 loses none).
    Reply { after: Duration, lost: usize },
    /// `Destination unreachable, host unreachable`.
    Unreachable,
    /// Nothing.
    Silent,
    /// A reply with the next id, as meant for another process.
    ForeignId,
    /// A hundred of those, a moment apart, for each ping.
    ForeignFlood,
    /// A reply that ends in the middle of its header.
    Garbage,
    /// A reply whose IP header claims more bytes than there are.
    Oversized,
}

/// The pings that came, by the last byte of the address they were for.
#[derive(Clone, Default)]
pub struct Pings(Arc<Mutex<BTreeMap<u8, Vec<Vec<u8>>>>>);

impl Pings {
    /// The packets for an address since the last call, their IP headers included.
    pub fn take(&self, address: u8) -> Vec<Vec<u8>> {
        self.0.lock().remove(&address).unwrap_or_default()
    }
}

/// Sets up the device and the host behind it, for as long as this process lives.
pub fn host(manner: Manner) {
    hosts(move |_| manner);
}

/// The same with a manner for each of the addresses in 192.0.2.0/24, by their last byte.
pub fn hosts(manner: impl Fn(u8) -> Manner + Send + 'static) -> Pings {
    let device = open("tun0");
    for arguments in ["link set lo up", "addr add 192.0.2.254/24 dev tun0", "link set tun0 up"] {
        let done = Command::new("ip").args(arguments.split(' ')).status().expect("iproute2");
        assert!(done.success(), "ip {arguments}");
    }
    let (replies, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    let mut out = device.try_clone().unwrap();
    thread::spawn(move || {
        for (at, packet) in due {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            out.write_all(&packet).unwrap();
        }
    });
    let pings = Pings::default();
    let kept = pings.clone();
    thread::spawn(move || answer(device, &manner, &kept, &replies));
    pings
}

fn open(name: &str) -> File {
    let device =
        OpenOptions::new().read(true).write(true).open("/dev/net/tun").expect("/dev/net/tun");
    // SAFETY: an all-zero ifreq is a valid one, the name fits with its final zero, and the kernel only reads and writes
    // within the struct.
    let done = unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *to = from.cast_signed();
        }
        request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_TUN | libc::IFF_NO_PI).unwrap();
        libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF, &raw mut request)
    };
    assert_eq!(done, 0, "TUNSETIFF: {}", std::io::Error::last_os_error());
    device
}

fn answer(
    mut device: File,
    manner: &impl Fn(u8) -> Manner,
    kept: &Pings,
    replies: &mpsc::Sender<(Instant, Vec<u8>)>,
) {
    let mut buffer = vec![0; 65536];
    let mut pings = 0;
    while let Ok(length) = device.read(&mut buffer) {
        let packet = &buffer[..length];
        // An IPv4 header without options, then an echo request; the kernel's own IPv6 chatter is none.
        if length < 28 || packet[0] != 0x45 || packet[9] != 1 || packet[20] != 8 {
            continue;
        }
        pings += 1;
        kept.0.lock().entry(packet[19]).or_default().push(packet.to_vec());
        let manner = manner(packet[19]);
        let delay = match manner {
            Manner::Reply { after, .. } => after,
            _ => Duration::ZERO,
        };
        for (nth, packet) in (0..).zip(packets(packet, manner, pings)) {
            let at = Instant::now() + delay + Duration::from_millis(nth);
            let _ = replies.send((at, packet));
        }
    }
}

fn packets(ping: &[u8], manner: Manner, nth: usize) -> Vec<Vec<u8>> {
    match manner {
        Manner::Silent => Vec::new(),
        Manner::Reply { lost, .. } if lost > 0 && nth.is_multiple_of(lost) => Vec::new(),
        Manner::Reply { .. } => vec![reply(ping, 0)],
        Manner::ForeignId => vec![reply(ping, 1)],
        Manner::ForeignFlood => vec![reply(ping, 1); 100],
        Manner::Garbage => vec![packet(ping, &ping[20..23], 0)],
        Manner::Oversized => vec![packet(ping, &reply(ping, 0)[20..], 1000)],
        Manner::Unreachable => {
            // RFC 792: the header and eight bytes of what could not be delivered.
            let mut message = vec![3, 1, 0, 0, 0, 0, 0, 0];
            message.extend_from_slice(&ping[..28]);
            vec![packet(ping, &checked(message), 0)]
        }
    }
}

/// The echo reply to a ping, its id moved by `id`.
fn reply(ping: &[u8], id: u16) -> Vec<u8> {
    let mut message = ping[20..].to_vec();
    message[0] = 0;
    let own = u16::from_be_bytes([message[4], message[5]]).wrapping_add(id);
    message[4..6].copy_from_slice(&own.to_be_bytes());
    packet(ping, &checked(message), 0)
}

/// An ICMP message with its checksum.
fn checked(mut message: Vec<u8>) -> Vec<u8> {
    message[2..4].fill(0);
    let sum = checksum(&message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// A packet back to where `ping` came from; its header claims `more` bytes than it has.
fn packet(ping: &[u8], message: &[u8], more: usize) -> Vec<u8> {
    let mut header = ping[..20].to_vec();
    let length = u16::try_from(20 + message.len() + more).unwrap();
    header[2..4].copy_from_slice(&length.to_be_bytes());
    header[12..16].copy_from_slice(&ping[16..20]);
    header[16..20].copy_from_slice(&ping[12..16]);
    header[10..12].fill(0);
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    [&header, message].concat()
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let words =
        bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
    let mut sum: u32 = words.map(u32::from).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}
