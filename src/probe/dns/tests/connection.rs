//! Questions over TCP, at once or after a truncated answer.

use super::*;

fn truncated(question: &Message) -> Vec<u8> {
    let mut message = answer(question).truncate();
    message.metadata.truncation = true;
    message.to_vec().unwrap()
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_over_tcp() {
    let whole: fn(&Message) -> Vec<u8> = truncated;
    // Cut in the middle of a record, as some servers do.
    let cut: fn(&Message) -> Vec<u8> = |question| {
        let mut bytes = right(question);
        bytes[2] |= 0x02;
        bytes.truncate(bytes.len() - 9);
        bytes
    };
    for (make, alone) in [(whole, None), (cut, Some(Reason::DnsMalformed))] {
        let server = udp(move |question, _| vec![make(question)]).await;
        tcp(server, |question| framed(&right(question))).await;
        let report = run(server, &format!("{ASK}\nexpect.counts.answer = 5")).await;
        assert_passes(&report);
        assert_eq!(fact(&report, "noroshi_dns_truncated"), Some(1.0));
        assert!(report.outcome.phases.of(Phase::Receive).is_some());
        let report = run(server, &format!("{ASK}\ntcp_on_truncation = false")).await;
        assert_eq!(report.outcome.reason, alone);
        assert_eq!(fact(&report, "noroshi_dns_truncated"), Some(1.0));
    }
}

#[tokio::test]
async fn over_tcp_frames_are_read_whole() {
    let at = ANYWHERE.parse().unwrap();
    let server = tcp(at, |question| {
        let foreign = [with_another_id(question), with_another_question(question), vec![]];
        let foreign: Vec<u8> = foreign.iter().flat_map(|one| framed(one)).collect();
        [foreign, framed(&right(question))].concat()
    })
    .await;
    let report = run(server, &format!("{ASK}\ntransport = \"tcp\"")).await;
    assert_passes(&report);
    assert_eq!(fact(&report, "noroshi_dns_foreign_responses"), Some(3.0));
}

#[tokio::test]
async fn over_tcp_every_cut_is_told() {
    type Make = fn(&Message) -> Vec<u8>;
    let cases: [(Make, Reason, &str); 4] = [
        (|_| Vec::new(), Reason::ConnectionClosed, ""),
        (|_| vec![0], Reason::ConnectionClosed, ""),
        (
            |question| framed(&right(question))[..30].to_vec(),
            Reason::ConnectionClosed,
            "closed after 28 of",
        ),
        (|question| framed(&right(question)[..30]), Reason::DnsMalformed, ""),
    ];
    for (make, reason, detail) in cases {
        let server = tcp(ANYWHERE.parse().unwrap(), make).await;
        let report = run(server, &format!("{ASK}\ntransport = \"tcp\"")).await;
        assert_fails(&report, reason, detail);
    }
}
