//! Pods as a busy cluster has them: about 10 kB each, with their managers' fields, two containers, statuses and owners.
//!
//! Ten pods make a ReplicaSet, ReplicaSets lie in fifty namespaces, and a node has thirty pods.

use std::{fmt::Write, sync::LazyLock};

use serde_json::Value;

use super::store::Seed;

const NAMESPACES: usize = 50;
const REPLICAS: usize = 10;
const PODS_PER_NODE: usize = 30;
/// What a server names things with.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A piece of the template: text, or a word's place.
enum Piece {
    Text(String),
    Place(String),
}

static TEMPLATE: LazyLock<Vec<Piece>> = LazyLock::new(|| {
    let template: Value = serde_json::from_str(include_str!("pod.json")).unwrap();
    let text = template.to_string().replace("\"%restarts%\"", "%restarts%");
    let pieces = text.split('%').enumerate();
    let piece = |(at, text): (usize, &str)| match at % 2 {
        0 => Piece::Text(text.to_owned()),
        _ => Piece::Place(text.to_owned()),
    };
    pieces.map(piece).collect()
});

/// The namespace and the name of the n-th.
pub fn key(index: usize) -> (String, String) {
    (namespace(index), format!("{}-{}-{}", app(index), hash(index), suffix(index)))
}

/// The node of the n-th of so many, from 0.
pub fn node(index: usize, count: usize) -> usize {
    index % nodes(count)
}

/// How many nodes so many pods need.
pub fn nodes(count: usize) -> usize {
    (count / PODS_PER_NODE).max(1)
}

/// Its text. A touched one has restarted as often.
pub fn pod(seed: Seed) -> String {
    let Seed { index, count, revision, version } = seed;
    let node = node(index, count);
    let word = |place: &str| match place {
        "name" => key(index).1,
        "namespace" => namespace(index),
        "app" => app(index),
        "hash" => hash(index),
        "uid" => uid(&format!("pod {index}")),
        "owner" => uid(&format!("replicaset {}", index / REPLICAS)),
        "version" => version.to_string(),
        "node" => format!("node-{node:05}"),
        "host" => format!("10.0.{}.{}", node / 250 % 256, node % 250 + 1),
        "ip" => {
            format!("10.{}.{}.{}", 64 + index / 62_500 % 128, index / 250 % 250, index % 250 + 1)
        }
        "digest" => digest(&format!("image {}", index / REPLICAS)),
        "first" => digest(&format!("first {index} {revision}")),
        "second" => digest(&format!("second {index}")),
        "restarts" => revision.to_string(),
        other => panic!("{other} in the template"),
    };
    let mut text = String::with_capacity(11_000);
    for piece in TEMPLATE.iter() {
        match piece {
            Piece::Text(own) => text.push_str(own),
            Piece::Place(place) => text.push_str(&word(place)),
        }
    }
    text
}

/// A UUID that is always the same for the same words.
pub fn uid(words: &str) -> String {
    let hex = digest(words);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

fn namespace(index: usize) -> String {
    format!("team-{:02}", index / REPLICAS % NAMESPACES)
}

fn app(index: usize) -> String {
    format!("service-{:05}", index / REPLICAS)
}

fn hash(index: usize) -> String {
    letters(&format!("template {}", index / REPLICAS), 10)
}

/// Unlike those of its nine siblings.
fn suffix(index: usize) -> String {
    let last = char::from(LETTERS[index % REPLICAS]);
    format!("{}{last}", letters(&format!("pod {index}"), 4))
}

fn letters(words: &str, count: usize) -> String {
    let bytes = (0..count).map(|at| mixed(words, at as u64));
    bytes
        .map(|number| char::from(LETTERS[usize::from(number.to_le_bytes()[0]) % LETTERS.len()]))
        .collect()
}

/// Sixty-four hexadecimal digits.
fn digest(words: &str) -> String {
    (0..4).fold(String::with_capacity(64), |mut text, at| {
        let _ = write!(text, "{:016x}", mixed(words, at));
        text
    })
}

/// FNV-1a of the words, then the finalizer of splitmix64: numbers that look like chance.
fn mixed(words: &str, at: u64) -> u64 {
    let hash = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut number = hash.wrapping_add(at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
