//! blackbox_exporter 0.28.0 and `noroshi blackbox` side by side: the same flags, one configuration, the same fake peers.
//!
//! Equal has to be everything that is not a time: status, text and headers of answers, names, types, labels and values
//! of series, what the peers were sent, exit codes. Differences that are meant stand in `allowed.txt`, one by one.

mod allowed;
mod case;
mod cases;
mod exporter;
mod observed;
mod protobuf;
mod refusals;
mod scraped;
mod surface;
mod world;

use std::sync::Arc;

use crate::support::alone::in_a_world;

use case::Table;
use exporter::Side;
use world::World;

#[test]
fn probes_are_equal() {
    if Side::Theirs.command().is_some() {
        in_a_world("blackbox::probes_side_by_side");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "started by probes_are_equal in a world of its own"]
async fn probes_side_by_side() {
    let world = World::arrange().await;
    let mut table = Table::default();
    let environment = cases::all(&mut table, &world).await;
    let file = world.folder.path().join("blackbox.yml");
    std::fs::write(&file, table.config()).unwrap();
    let flag = format!("--config.file={}", file.display());
    let start = |side: Side| Arc::new(side.start(&[&flag], &environment).unwrap());
    let (theirs, ours) = (start(Side::Theirs), start(Side::Ours));
    let found = table.run(theirs, ours).await;
    allowed::judge(&cases::THEMES, &found);
}
