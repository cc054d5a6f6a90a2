//! Incidents and deliveries: filters, pages, and how old they grow.

use std::collections::BTreeSet;

use noroshi::{
    model::{ByteSize, Delivery, DeliveryResult, Incident, PromDuration, Record},
    store::{DeliveryQuery, IncidentQuery, Reader, spec::Options},
};

use super::{
    Counted, close, commit, in_file, open,
    records::{at, delivery, failure, incident},
    support::eventually,
};

fn delivered(notice: u64, seconds: i64) -> Delivery {
    delivery(notice, seconds, DeliveryResult::Delivered(None))
}

type Filter = (IncidentQuery, fn(&Incident) -> bool);

/// Twelve incidents, every third one over after ten seconds, two of a time.
fn incidents() -> Vec<Record> {
    let mut records = Vec::new();
    for nth in 0..12 {
        let mut one = incident(&format!("check-{}", nth % 4), nth / 2 * 100 + nth % 4);
        one.group = if nth < 6 { "old" } else { "new" }.into();
        one.ended = (nth % 3 == 0).then(|| at(nth / 2 * 100 + nth % 4 + 10));
        records.push(Record::IncidentOpened(one));
    }
    records
}

async fn all(reader: &Reader, mut query: IncidentQuery) -> Vec<Incident> {
    let mut found = Vec::new();
    loop {
        let page = reader.incidents(query.clone()).await.unwrap();
        assert!(page.rows.len() <= query.limit);
        found.extend(page.rows);
        // As a client sends it.
        let Some(next) = page.next else { return found };
        query.after = Some(next.to_string().parse().unwrap());
    }
}

#[tokio::test]
async fn incidents_are_found_by_what_they_are() {
    let (store, _) = open(&Options::default()).unwrap();
    commit(&store, incidents()).await.unwrap();
    let reader = &store.reader;
    let every = all(reader, IncidentQuery { limit: 100, ..IncidentQuery::default() }).await;
    assert_eq!(every.len(), 12);
    assert!(every.is_sorted_by(|one, next| one.began >= next.began), "the newest first");
    // Pages of any size are the same rows, each once.
    for limit in 1..12 {
        assert_eq!(all(reader, IncidentQuery { limit, ..IncidentQuery::default() }).await, every);
    }
    let query = || IncidentQuery { limit: 5, ..IncidentQuery::default() };
    let filters: [Filter; 7] = [
        (IncidentQuery { check: Some("check-1".into()), ..query() }, |one| {
            one.check.as_str() == "check-1"
        }),
        (IncidentQuery { group: Some("old".into()), ..query() }, |one| &*one.group == "old"),
        (IncidentQuery { open: Some(true), ..query() }, |one| one.ended.is_none()),
        (IncidentQuery { open: Some(false), ..query() }, |one| one.ended.is_some()),
        (IncidentQuery { since: Some(at(300)), ..query() }, |one| {
            one.ended.is_none_or(|ended| ended >= at(300))
        }),
        (IncidentQuery { until: Some(at(300)), ..query() }, |one| one.began < at(300)),
        (IncidentQuery { group: Some("new".into()), open: Some(true), ..query() }, |one| {
            &*one.group == "new" && one.ended.is_none()
        }),
    ];
    for (query, wanted) in filters {
        let expected: Vec<_> = every.iter().filter(|one| wanted(one)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < every.len(), "{query:?}");
        assert_eq!(all(reader, query.clone()).await, expected, "{query:?}");
    }
    let strange = IncidentQuery { check: Some("' OR 1=1 --".into()), ..query() };
    assert_eq!(all(reader, strange).await, []);
    close(store).await;
}

#[tokio::test]
async fn deliveries_are_found_by_what_they_are() {
    let (store, _) = open(&Options::default()).unwrap();
    let mut written = vec![
        delivered(1, 10),
        delivery(2, 20, DeliveryResult::Retry { failure: failure(), next_at: at(25) }),
        delivery(2, 25, DeliveryResult::Delivered(Some([("ts", "1")].into_iter().collect()))),
        delivery(3, 30, DeliveryResult::Dead(failure())),
    ];
    written[3].lane.receiver = "others".into();
    written[3].lane.kind = "slack".into();
    commit(&store, written.iter().cloned().map(Record::Delivery).collect()).await.unwrap();
    written.reverse();
    let query = || DeliveryQuery { limit: 100, ..DeliveryQuery::default() };
    let ask = async |query| store.reader.deliveries(query).await.unwrap().rows;
    assert_eq!(ask(query()).await, written);
    let to = DeliveryQuery { receiver: Some("others".into()), ..query() };
    assert_eq!(ask(to).await, written[..1]);
    assert_eq!(
        ask(DeliveryQuery { provider: Some("webhook".into()), ..query() }).await,
        written[1..]
    );
    assert_eq!(ask(DeliveryQuery { results: vec!["retry", "dead"], ..query() }).await.len(), 2);
    let between = DeliveryQuery { since: Some(at(20)), until: Some(at(30)), ..query() };
    assert_eq!(ask(between).await, written[1..3]);
    let page = store.reader.deliveries(DeliveryQuery { limit: 3, ..query() }).await.unwrap();
    assert_eq!(page.rows, written[..3]);
    let rest = DeliveryQuery { after: page.next, ..query() };
    let page = store.reader.deliveries(rest).await.unwrap();
    assert_eq!((page.rows.as_slice(), page.next), (&written[3..], None));
    close(store).await;
}

/// The clock stands a day behind the rows.
#[tokio::test]
async fn history_goes_when_it_is_old_and_what_is_in_force_stays() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        retention: PromDuration(std::time::Duration::from_hours(23)),
        ..in_file(&folder.path().join("noroshi.db"))
    };
    let (store, _) = open(&options).unwrap();
    let mut records: Vec<Record> = incidents();
    records.extend((0..1500).map(|nth| Record::Delivery(delivered(nth, 5))));
    records.push(Record::Delivery(delivered(9999, 7200)));
    commit(&store, records).await.unwrap();
    let deliveries = async || {
        let query = DeliveryQuery { limit: 5000, ..DeliveryQuery::default() };
        let page = store.reader.deliveries(query).await.unwrap();
        page.rows.iter().map(|row| row.notice).collect::<BTreeSet<_>>()
    };
    let found = eventually!(some {
        let found = deliveries().await;
        (found.len() == 1).then_some(found)
    });
    assert_eq!(found, BTreeSet::from([9999]));
    let query = IncidentQuery { limit: 100, ..IncidentQuery::default() };
    eventually!(store.reader.incidents(query.clone()).await.unwrap().rows.len() == 8);
    let left = store.reader.incidents(query).await.unwrap().rows;
    assert!(left.iter().all(|incident| incident.ended.is_none()), "an open incident is no history");
    close(store).await;
}

#[tokio::test]
async fn history_goes_when_it_is_too_much_and_the_file_shrinks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noroshi.db");
    let options = |max_size| Options { max_size, ..in_file(&path) };
    let counted = Counted::open(&options(ByteSize::mebi(1024)));
    for round in 0..20_u64 {
        let rows = (0..2000).map(|nth| Record::Delivery(delivered(round * 2000 + nth, 5)));
        commit(&counted.store, rows.collect()).await.unwrap();
    }
    commit(&counted.store, vec![Record::Alert(super::alert(1))]).await.unwrap();
    close(counted.store).await;
    let before = path.metadata().unwrap().len();
    assert!(before > 3 << 20, "{before} bytes are nothing to shrink");
    let counted = Counted::open(&options(ByteSize::mebi(1)));
    eventually!({
        let size = counted.value("noroshi_store_size_bytes");
        size > 0.0 && size < 2.0 * 1024.0 * 1024.0
    });
    let query = DeliveryQuery { limit: 1, ..DeliveryQuery::default() };
    let newest = counted.store.reader.deliveries(query).await.unwrap().rows;
    assert_eq!(newest[0].notice, 39_999, "the oldest go first");
    close(counted.store).await;
    assert!(path.metadata().unwrap().len() < 2 << 20);
    let (store, restored) = open(&options(ByteSize::mebi(1))).unwrap();
    assert_eq!(restored.alerts.len(), 1);
    close(store).await;
}
