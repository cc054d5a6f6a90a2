//! Dialogues over TCP and over sockets in the file system.

use crate::support::{
    authority::{Authority, Flaw},
    dialogue::{self, End, Turn, say},
    peer::Peer,
};

use super::super::{case::Table, world::World};

/// A conversation, the steps of the module, and whether they go together.
type Talk<'a> = (&'a str, Vec<Turn>, &'a str, bool);

pub(super) async fn cases(table: &mut Table, world: &World) {
    let talks = [lines(), bytes(), ends()].concat();
    for (at, (word, turns, steps, passes)) in talks.into_iter().enumerate() {
        let steps =
            if steps.is_empty() { String::new() } else { format!("query_response: [{steps}]") };
        let peer = dialogue::serve(&turns, End::Wait).await;
        let target = peer.address().to_string();
        let module = format!("prober: tcp, timeout: 1s, tcp: {{ {steps} }}");
        let case =
            table.module(&format!("streams tcp {word}"), &module, target).hears("server", peer);
        if !passes {
            case.fails();
        }
        if turns.iter().any(|turn| matches!(turn, Turn::Reset)) {
            continue;
        }
        let path = world.folder.path().join(format!("{at}.sock"));
        let peer = dialogue::serve_unix(&path, &turns, End::Wait).await;
        let module = format!("prober: unix, timeout: 1s, unix: {{ {steps} }}");
        let target = path.display().to_string();
        let case =
            table.module(&format!("streams unix {word}"), &module, target).hears("server", peer);
        if !passes {
            case.fails();
        }
    }
    closing(table, world).await;
    upgrades(table, world).await;
    targets(table, world);
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn lines<'a>() -> Vec<Talk<'a>> {
    let banner = || vec![say("220 mail.test ESMTP Postfix\r\n")];
    vec![
        ("nothing said", vec![], "", true),
        ("a banner", banner(), "{ expect: '^220 ' }", true),
        ("a banner unread", banner(), "", true),
        ("the third line", vec![say("one\ntwo\r\n220 three\n")], "{ expect: '^220' }", true),
        (
            "lines in pieces",
            vec![say("22"), say("0 mail"), say(".test\r\n")],
            "{ expect: '^220 mail.test$' }",
            true,
        ),
        ("without its return", banner(), "{ expect: 'Postfix$' }", true),
        ("an empty line", vec![say("\n")], "{ expect: '^$' }", true),
        ("a line that is no UTF-8", vec![say(b"caf\xe9!\n")], "{ expect: 'caf.!' }", true),
        (
            "a greeting",
            vec![
                say("220 mail.test\r\n"),
                Turn::HearLine,
                say("250-mail.test\r\n250 OK\r\n"),
                Turn::HearLine,
            ],
            "{ expect: '^220 ([^ ]+)' }, { send: \"EHLO prober\\r\" }, { expect: '^250 ' }, { send: \"QUIT\\r\" }",
            true,
        ),
        (
            "an answer from what was said",
            vec![say("PING :abc.def\r\n"), Turn::HearLine],
            "{ expect: 'PING :([^ ]+)', send: 'PONG ${1}' }",
            true,
        ),
        (
            "an answer from named groups",
            vec![say("a=1 b=2\n"), Turn::HearLine],
            "{ expect: 'a=(?P<a>.) b=(?P<b>.)', send: '${b} $a $ab $$ $1x ${1}x $0 $9 ${none} $' }",
            true,
        ),
        (
            "expect and send as two steps",
            vec![say("token 7\n"), Turn::HearLine],
            "{ expect: 'token (.)' }, { send: 'again ${1}' }",
            true,
        ),
        ("send alone", vec![Turn::HearLine], "{ send: hello }", true),
        (
            "send with a line of its own",
            vec![Turn::HearLine, Turn::HearLine],
            "{ send: \"a\\nb\" }",
            true,
        ),
        ("nothing to send", vec![], "{ send: '' }", true),
        (
            "labels",
            vec![say("SSH-2.0-OpenSSH_9.6 Debian\r\n")],
            "{ expect: '^SSH-([^-]+)-(\\S+)', labels: [{ name: version, value: '${1}' }, { name: software, value: '${2}' }, { name: fixed, value: a \"quoted\" one }] }",
            true,
        ),
        (
            "labels of groups that are not there",
            vec![say("one\n")],
            "{ expect: '(o)(x)?', labels: [{ name: a, value: '${1}' }, { name: b, value: '${2}' }, { name: c, value: '${3}' }] }",
            true,
        ),
        (
            "labels without their line",
            vec![say("one\n")],
            "{ expect: 'two', labels: [{ name: a, value: b }] }",
            false,
        ),
        (
            "labels and bytes",
            vec![say("one")],
            "{ expect_bytes: one, labels: [{ name: a, value: b }] }",
            true,
        ),
        (
            "labels and nothing expected",
            vec![Turn::HearLine],
            "{ send: x, labels: [{ name: a, value: b }] }",
            true,
        ),
        ("no labels", vec![say("one\n")], "{ expect: one, labels: [] }", true),
        ("another line", vec![say("550 no\r\n")], "{ expect: '^220' }", false),
        ("half a line", vec![say("220 ready")], "{ expect: '^220' }", false),
        ("silence", vec![], "{ expect: '^220' }", false),
        (
            "two lines expected, one comes",
            vec![say("one\n")],
            "{ expect: one }, { expect: two }",
            false,
        ),
        ("two lines at once", vec![say("one\ntwo\n")], "{ expect: one }, { expect: two }", true),
        ("the same line twice", vec![say("one\n")], "{ expect: one }, { expect: one }", false),
        (
            "a line of 60 kB",
            vec![say(format!("{}!\n", "x".repeat(60_000)))],
            "{ expect: 'x!$' }",
            true,
        ),
        (
            "a line of 70 kB",
            vec![say(format!("{}!\n", "x".repeat(70_000)))],
            "{ expect: 'x!$' }",
            false,
        ),
        ("a flood without lines", vec![say("x".repeat(200_000))], "{ expect: 'y' }", false),
        ("an empty rule", vec![say("any\n")], "{ expect: '' }", true),
    ]
}

fn bytes<'a>() -> Vec<Talk<'a>> {
    vec![
        ("bytes", vec![say("+PONG")], "{ expect_bytes: '+PONG' }", true),
        ("bytes and more", vec![say("+PONG\r\n")], "{ expect_bytes: '+PONG' }", true),
        ("other bytes", vec![say("-PONG")], "{ expect_bytes: '+PONG' }", false),
        ("binary bytes", vec![say(b"\x00\xff\x80S")], "{ expect_bytes: !!binary AP+AUw== }", true),
        (
            "a binary question",
            vec![Turn::Hear(9), say("S")],
            "{ send: !!binary AAAACATSFi8= }, { expect_bytes: S }",
            true,
        ),
        (
            "bytes and an answer",
            vec![say("ready"), Turn::HearLine],
            "{ expect_bytes: ready, send: go }",
            true,
        ),
        ("bytes that are dollars", vec![Turn::HearLine], "{ send: '$1 ${2} $$' }", true),
        ("bytes that never come", vec![], "{ expect_bytes: S }", false),
        (
            "bytes, then bytes",
            vec![say("abcd")],
            "{ expect_bytes: ab }, { expect_bytes: cd }",
            true,
        ),
        (
            "bytes, then a line",
            vec![say("ab"), Turn::HearLine, say("cd\n")],
            "{ expect_bytes: ab, send: x }, { expect: cd }",
            true,
        ),
    ]
}

fn ends<'a>() -> Vec<Talk<'a>> {
    vec![
        (
            "reset instead of a line",
            vec![Turn::HearLine, Turn::Reset],
            "{ send: hello }, { expect: x }",
            false,
        ),
        (
            "a line, then a reset",
            vec![say("220\n"), Turn::HearLine, Turn::Reset],
            "{ expect: '220', send: a }, { expect: x }",
            false,
        ),
    ]
}

/// The same with a server that closes when it has said everything.
async fn closing(table: &mut Table, world: &World) {
    let talks: Vec<Talk<'_>> = vec![
        ("nothing, then the end", vec![], "", true),
        ("a line wanted, the end comes", vec![], "{ expect: a }", false),
        ("another line, then the end", vec![say("b\n")], "{ expect: a }", false),
        ("half a line, then the end", vec![say("a")], "{ expect: '^a$' }", true),
        ("bytes wanted, the end comes", vec![], "{ expect_bytes: a }", false),
        ("less than the bytes, then the end", vec![say("a")], "{ expect_bytes: ab }", false),
        ("an empty line wanted, the end comes", vec![], "{ expect: '^$' }", false),
    ];
    for (at, (word, turns, steps, passes)) in talks.into_iter().enumerate() {
        let steps =
            if steps.is_empty() { String::new() } else { format!("query_response: [{steps}]") };
        let peer = dialogue::serve(&turns, End::Close).await;
        let target = peer.address().to_string();
        let case =
            table.case(&format!("streams tcp {word}"), "tcp", &steps, target).hears("server", peer);
        if !passes {
            case.fails();
        }
        let path = world.folder.path().join(format!("close-{at}.sock"));
        let peer = dialogue::serve_unix(&path, &turns, End::Close).await;
        let target = path.display().to_string();
        let case = table
            .case(&format!("streams unix {word}"), "unix", &steps, target)
            .hears("server", peer);
        if !passes {
            case.fails();
        }
    }
}

async fn upgrades(table: &mut Table, world: &World) {
    let authority = Authority::new();
    let ca = authority.ca_file().display().to_string();
    let steps = "query_response: [{ expect: '^220' }, { send: \"STARTTLS\\r\" }, { expect: '^220 go' }, { starttls: true }, { send: \"EHLO prober\\r\" }, { expect: '^250' }]";
    let turns = |flaw| {
        let tls = Turn::Tls(authority.acceptor(flaw));
        vec![
            say("220 ready\r\n"),
            Turn::HearLine,
            say("220 go\r\n"),
            tls,
            Turn::HearLine,
            say("250 OK\r\n"),
        ]
    };
    let trusted = format!("tls_config: {{ ca_file: {ca} }}");
    let named = format!("tls_config: {{ ca_file: {ca}, server_name: elsewhere.test }}");
    for (word, flaw, options, passes) in [
        ("", Flaw::None, trusted.as_str(), true),
        (" expired", Flaw::Expired, &trusted, false),
        (" of another name", Flaw::WrongName, &trusted, false),
        (" of another name, as configured", Flaw::WrongName, &named, true),
        (" not verified", Flaw::Expired, "tls_config: { insecure_skip_verify: true }", true),
        (" unknown", Flaw::None, "tls_config: {}", false),
        (" without its authority", Flaw::None, "tls_config: { ca_file: /nowhere/ca.pem }", false),
    ] {
        let peer = dialogue::serve(&turns(flaw), End::Wait).await;
        let target = format!("localhost:{}", peer.address().port());
        let options = format!("preferred_ip_protocol: ip4, {steps}, {options}");
        let name = format!("streams tcp starttls{word}");
        let case = table.case(&name, "tcp", &options, target).hears("server", peer);
        if !passes {
            case.fails();
        }
    }
    let peer = dialogue::serve(&turns(Flaw::WrongName), End::Wait).await;
    let target = peer.address().to_string();
    let options = format!("{steps}, {trusted}");
    let case = table.case("streams tcp starttls with hostname", "tcp", &options, target);
    case.with("hostname=elsewhere.test").hears("server", peer);
    // Over a file's socket there is no host to name: the name has to be configured.
    for (word, options, passes) in [
        ("", format!("tls_config: {{ ca_file: {ca}, server_name: localhost }}"), true),
        (
            " not verified",
            "tls_config: { insecure_skip_verify: true, server_name: any.test }".to_owned(),
            true,
        ),
        (" without a name", trusted.clone(), false),
        (
            " not verified and without a name",
            "tls_config: { insecure_skip_verify: true }".to_owned(),
            true,
        ),
    ] {
        let path = world.folder.path().join(format!("starttls{word}.sock"));
        let peer = dialogue::serve_unix(&path, &turns(Flaw::None), End::Wait).await;
        let target = path.display().to_string();
        let case = table.case(
            &format!("streams unix starttls{word}"),
            "unix",
            &format!("{steps}, {options}"),
            target,
        );
        case.hears("server", peer);
        if !passes {
            case.fails();
        }
        let path = world.folder.path().join(format!("tls{word}.sock"));
        let turns = [Turn::Tls(authority.acceptor(Flaw::None)), say("+OK\n")];
        let peer = dialogue::serve_unix(&path, &turns, End::Wait).await;
        let target = path.display().to_string();
        let options = format!("tls: true, query_response: [{{ expect: OK }}], {options}");
        let case = table
            .case(&format!("streams unix tls{word}"), "unix", &options, target)
            .hears("server", peer);
        // Here a name is wanted even where nothing is verified.
        if !passes || word.ends_with("without a name") {
            case.fails();
        }
    }
    let turns = [say("S"), say("220 go on\r\n")];
    let peer = dialogue::serve(&turns, End::Wait).await;
    let target = peer.address().to_string();
    let module = "prober: tcp, timeout: 1s, tcp: { query_response: [{ expect_bytes: S }, { starttls: true }] }";
    table.module("streams tcp starttls in the plain", module, target).keeps(peer).fails();
    table.keep(authority);
}

fn targets(table: &mut Table, world: &World) {
    let refusing = Peer::refusing();
    let target = refusing.address().to_string();
    table.case("streams tcp refused", "tcp", "", target).keeps(refusing).fails();
    for (word, target) in [
        ("no port", "127.0.0.1"),
        ("an empty port", "127.0.0.1:"),
        ("port 0", "127.0.0.1:0"),
        ("a port too high", "127.0.0.1:70000"),
        ("a service", "127.0.0.1:nosuchservice"),
        ("no host", ":80"),
        ("a url", "http://127.0.0.1:80/"),
        ("colons", "a:b:c"),
        ("an address without brackets", "::1"),
        ("half a bracket", "[::1:80"),
    ] {
        table.case(&format!("streams tcp to {word}"), "tcp", "", target).fails();
    }
    let nobody = world.folder.path().join("left-behind.sock");
    drop(std::os::unix::net::UnixListener::bind(&nobody).unwrap());
    let file = world.file("no-socket", "text");
    for (word, target) in [
        ("nothing", "/nowhere/x.sock".to_owned()),
        ("a file", file),
        ("a folder", world.folder.path().display().to_string()),
        ("a socket nobody listens on", nobody.display().to_string()),
        ("a relative path", "x.sock".to_owned()),
        ("a path too long", format!("/{}", "x".repeat(200))),
    ] {
        table.case(&format!("streams unix to {word}"), "unix", "", target).fails();
    }
}
