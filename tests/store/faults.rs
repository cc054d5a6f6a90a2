//! Disks and files as they are not meant to be: a clear word at the start, or degraded service; nothing is overwritten.

use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use noroshi::{
    model::{Commit, DeliveryResult, Record},
    store::{IncidentQuery, Problem},
};

use super::{
    Counted, alert, close, commit, in_file, open,
    records::{delivery, silence},
    support::{alone, eventually},
};

/// The words of a refusal; the file is afterwards as it was before.
fn refused(path: &Path, wanted: impl Fn(&Problem) -> bool) -> String {
    let before = fs::read(path).ok();
    let error = open(&in_file(path)).err().unwrap();
    assert!(wanted(&error.problem), "{error:?}");
    assert!(fs::read(path).ok() == before, "{error}: the file was changed");
    let words = error.to_string();
    assert!(words.contains(path.to_str().unwrap()), "{words}");
    words
}

async fn written(folder: &Path) -> PathBuf {
    let path = folder.join("noroshi.db");
    let (store, _) = open(&in_file(&path)).unwrap();
    commit(&store, (0..500).map(|nth| Record::Alert(alert(nth))).collect()).await.unwrap();
    close(store).await;
    path
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noroshi.db");
    let (store, _) = open(&in_file(&path)).unwrap();
    let words = refused(&path, |problem| matches!(problem, Problem::InUse(_)));
    assert!(words.contains(&format!("process {}", std::process::id())), "{words}");
    // And the first one works on.
    commit(&store, vec![Record::Alert(alert(1))]).await.unwrap();
    close(store).await;
    let (store, restored) = open(&in_file(&path)).unwrap();
    assert_eq!(restored.alerts.len(), 1);
    close(store).await;
}

#[test]
fn a_file_that_is_not_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    fs::write(&path, "Dear Sir or Madam,\n".repeat(100)).unwrap();
    let foreign = |problem: &Problem| matches!(problem, Problem::Foreign(_));
    assert!(refused(&path, foreign).contains("no database"));
    let path = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE letters (text TEXT)").unwrap();
    drop(other);
    assert!(refused(&path, foreign).contains("another program"));
    // Nor is anything put beside it.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(refused(folder.path(), foreign).contains("no file"));
}

#[tokio::test]
async fn a_newer_version_is_refused_wherever_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path()).await;
    let newer = |problem: &Problem| matches!(problem, Problem::Newer { found: 99, .. });
    // Once in the log alone, where the header does not show it; the other connection keeps the log.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    refused(&path, newer);
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    drop(other);
    let words = refused(&path, newer);
    assert!(words.contains("newer noroshi"), "{words}");
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path()).await;
    let damaged = |problem: &Problem| matches!(problem, Problem::Damaged(_));
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 20);
    // A page in the middle, then half of the file, then a row that we never write.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[0xAA; 4096], u64::try_from(pages / 2 * 4096).unwrap()).unwrap();
    refused(&path, damaged);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    refused(&path, damaged);
    fs::write(&path, &whole).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("UPDATE alerts SET labels = 'none' WHERE id = 7").unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    drop(other);
    refused(&path, damaged);
    let words = refused(&path, damaged);
    assert!(words.contains("left as it is"), "{words}");
    fs::write(&path, &whole).unwrap();
    let (store, restored) = open(&in_file(&path)).unwrap();
    assert_eq!(restored.alerts.len(), 500);
    close(store).await;
}

/// What the database refuses takes nobody else's records with it.
#[tokio::test]
async fn one_bad_record_harms_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("noroshi.db");
    let counted = Counted::open(&in_file(&path));
    let mut bad = delivery(1, 1, DeliveryResult::Delivered(None));
    bad.seconds = f64::NAN;
    let (told, answers) = std::sync::mpsc::channel();
    let commits = [
        vec![Record::Alert(alert(1))],
        vec![Record::Alert(alert(2)), Record::Delivery(bad)],
        vec![Record::Alert(alert(3))],
    ];
    for records in commits {
        let commit = super::records::told(records, told.clone());
        assert!(counted.store.commits.try_send(commit).is_ok());
    }
    let registry = counted.registry;
    close(counted.store).await;
    let answers: Vec<bool> = answers.try_iter().map(|answer| answer.is_ok()).collect();
    assert_eq!(answers, [true, false, true]);
    let (store, restored) = open(&in_file(&path)).unwrap();
    assert_eq!(restored.alerts, [alert(1), alert(3)]);
    let counted = Counted { store, registry };
    assert!((counted.value("noroshi_store_lost_records_total") - 2.0).abs() < 0.1);
    assert!(counted.value("noroshi_store_degraded").abs() < 0.1);
    close(counted.store).await;
}

#[test]
fn a_full_disk_degrades_the_store_until_there_is_room() {
    alone::in_a_world("faults::full_disk");
}

#[tokio::test]
#[ignore = "mounts a small disk: a_full_disk_degrades_the_store_until_there_is_room"]
async fn full_disk() {
    let folder = tempfile::tempdir().unwrap();
    mount(&["-t", "tmpfs", "-o", "size=1m", "noroshi"], folder.path());
    let path = folder.path().join("noroshi.db");
    let counted = Counted::open(&in_file(&path));
    let store = &counted.store;
    commit(store, vec![Record::Silence(silence(1))]).await.unwrap();
    let ballast = folder.path().join("ballast");
    // All the room there is.
    let filled = fs::write(&ballast, vec![0; 2 << 20]);
    assert!(filled.is_err(), "the disk is not full");
    let many = (0..200).map(|nth| Record::Alert(alert(nth))).collect();
    let error = commit(store, many).await.unwrap_err();
    assert!(error.to_string().contains("full"), "{error}");
    assert!((counted.value("noroshi_store_degraded") - 1.0).abs() < 0.1);
    assert!(counted.value("noroshi_store_backlog_records") > 199.0);
    // It says no at once, and reads on.
    assert!(commit(store, vec![Record::Silence(silence(2))]).await.is_err());
    let query = IncidentQuery { limit: 1, ..IncidentQuery::default() };
    assert_eq!(store.reader.incidents(query).await.unwrap().rows, []);
    // Somebody always commits something, and is told no until the disk is tried again; here without a record, so that the
    // end is known.
    let commits = store.commits.clone();
    let busy = tokio::spawn(async move {
        loop {
            let release = Box::new(|_| ());
            let _ = commits.send(Commit { records: Vec::new(), release }).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    fs::remove_file(&ballast).unwrap();
    eventually!(counted.value("noroshi_store_degraded").abs() < 0.1);
    busy.abort();
    let _ = busy.await;
    assert!(counted.value("noroshi_store_backlog_records").abs() < 0.1);
    commit(store, vec![Record::Silence(silence(3))]).await.unwrap();
    close(counted.store).await;
    let (store, restored) = open(&in_file(&path)).unwrap();
    assert_eq!(restored.silences, [silence(1), silence(2), silence(3)]);
    assert_eq!(restored.alerts.len(), 200);
    close(store).await;
    // And a start on a full disk says so.
    let other = folder.path().join("other.db");
    assert!(fs::write(&ballast, vec![0; 2 << 20]).is_err());
    let full = |problem: &Problem| matches!(problem, Problem::Full | Problem::Access { .. });
    let error = open(&in_file(&other)).err().unwrap();
    assert!(full(&error.problem), "{error:?}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    alone::in_a_world("faults::read_only_folder");
}

#[tokio::test]
#[ignore = "mounts a disk: a_folder_that_cannot_be_written_is_named"]
async fn read_only_folder() {
    let folder = tempfile::tempdir().unwrap();
    mount(&["-t", "tmpfs", "noroshi"], folder.path());
    let path = written(folder.path()).await;
    mount(&["-o", "remount,ro", "noroshi"], folder.path());
    let access = |problem: &Problem| matches!(problem, Problem::Access { .. });
    let words = refused(&path, access);
    assert!(words.contains("Read-only") && words.contains("must be able to write"), "{words}");
    refused(&folder.path().join("new/noroshi.db"), access);
}

fn mount(arguments: &[&str], at: &Path) {
    let status = Command::new("mount").args(arguments).arg(at).status().unwrap();
    assert!(status.success(), "mount {arguments:?}");
}
