//! Over TCP and TLS.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::addresses;
use crate::{
    blackbox::case::Table,
    support::{
        authority::{Authority, Flaw},
        names::{self, wire},
        peer::Peer,
        tls,
    },
};

pub(super) async fn cases(table: &mut Table) {
    let tcp = "query_name: example.test, query_type: A, transport_protocol: tcp";
    let peer = framed(None).await;
    let target = peer.address().to_string();
    table.case("dns over tcp", "dns", tcp, target).hears("server", peer);
    let acts: [(&'static str, &'static [u8]); 4] = [
        ("that closes", b""),
        ("that says half a length", b"\x00"),
        ("that says less than the length", b"\x00\x40noise"),
        ("that says noise", b"\x00\x05noise"),
    ];
    for (word, words) in acts {
        let peer = Peer::stream(move |mut stream, _, _| async move {
            let length = stream.read_u16().await?;
            stream.read_exact(&mut vec![0; length.into()]).await?;
            stream.write_all(words).await
        });
        let peer = peer.await;
        let target = peer.address().to_string();
        table.case(&format!("dns over tcp {word}"), "dns", tcp, target).keeps(peer).fails();
    }
    let authority = Authority::new();
    let ca = authority.ca_file().display().to_string();
    for (word, flaw, config, passes) in [
        ("", Flaw::None, format!("tls_config: {{ ca_file: {ca} }}"), true),
        (" expired", Flaw::Expired, format!("tls_config: {{ ca_file: {ca} }}"), false),
        (" of another name", Flaw::WrongName, format!("tls_config: {{ ca_file: {ca} }}"), false),
        (
            " of another name, as configured",
            Flaw::WrongName,
            format!("tls_config: {{ ca_file: {ca}, server_name: elsewhere.test }}"),
            true,
        ),
        (
            " not verified",
            Flaw::Expired,
            "tls_config: { insecure_skip_verify: true }".to_owned(),
            true,
        ),
        (" unknown", Flaw::None, String::new(), false),
    ] {
        let peer = framed(Some(authority.acceptor(flaw))).await;
        let options = format!("{tcp}, dns_over_tls: true, preferred_ip_protocol: ip4, {config}");
        let target = format!("localhost:{}", peer.address().port());
        let case = table.case(
            &format!("dns over tls{word}"),
            "dns",
            options.trim_end_matches(", "),
            target,
        );
        case.hears("server", peer);
        if !passes {
            case.fails();
        }
    }
    let peer = Peer::datagram(|query, _| vec![addresses(query)]).await;
    let target = peer.address().to_string();
    let options = "query_name: example.test, dns_over_tls: true";
    table.case("dns over tls over udp", "dns", options, target).keeps(peer).fails();
    table.keep(authority);
}

/// A server over TCP, or over TLS.
async fn framed(acceptor: Option<tokio_rustls::TlsAcceptor>) -> Peer {
    Peer::stream(move |stream, _, seen| {
        let acceptor = acceptor.clone();
        async move {
            match acceptor {
                Some(acceptor) => {
                    converse(tls::accept(stream, &acceptor, &seen).await?, &seen).await
                }
                None => converse(stream, &seen).await,
            }
        }
    })
    .await
}

async fn converse<S: AsyncReadExt + AsyncWriteExt + Unpin>(
    mut stream: S,
    seen: &crate::support::peer::Seen,
) -> std::io::Result<()> {
    loop {
        let mut query = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut query).await?;
        seen.heard("query", wire::kept(&query));
        stream.write_all(&names::framed(&addresses(&query))).await?;
        stream.flush().await?;
    }
}
