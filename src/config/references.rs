//! What checks say of each other: `depends_on` and `guard`.

use std::collections::{HashMap, HashSet};

use super::{
    codes::Code,
    finding::{Finding, Path},
    keys::CommonKeys,
    suggest,
};

/// Distances to every name are computed for so many unknown names; it is the first ones that are read.
const MAX_SUGGESTIONS: usize = 50;

/// The part of a check that matters here.
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    pub(super) keys: &'a CommonKeys,
}

/// Names that are no check's, and circles.
pub(super) fn check(
    nodes: &[Node<'_>],
    known: &HashSet<&str>,
    defaults: &CommonKeys,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut unknown = |path: Path, name: &str| {
        if known.contains(name) {
            return;
        }
        let message = format!("{}: there is no check {name:?}", path.subject());
        let hint = (findings.len() < MAX_SUGGESTIONS)
            .then(|| suggest::did_you_mean(name, known.iter().copied()))
            .flatten();
        findings.push(Finding::new(Code::UnknownCheck, path, message).hint(hint));
    };
    if let Some(guard) = &defaults.guard {
        unknown(Path::of(["defaults", "guard"]), guard);
    }
    for node in nodes {
        let at = Path::of(["checks", node.name]);
        if let Some(guard) = &node.keys.guard {
            unknown(at.key("guard"), guard);
        }
        for (index, parent) in node.keys.depends_on.iter().flatten().enumerate() {
            unknown(at.key("depends_on").index(index), parent);
        }
    }
    findings.extend(circles(nodes));
    findings
}

/// Checks to which the guard of `[defaults]` does not apply: itself and what it stands behind.
pub(super) fn unguarded<'a>(nodes: &[Node<'a>], defaults: &'a CommonKeys) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    let Some(guard) = defaults.guard.as_deref() else {
        return found;
    };
    let by_name: HashMap<&str, &Node<'a>> = nodes.iter().map(|node| (node.name, node)).collect();
    let mut open = vec![guard];
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(node) = by_name.get(name)
        {
            let parents = node.keys.depends_on.iter().flatten();
            open.extend(parents.chain(&node.keys.guard).map(String::as_str));
        }
    }
    found
}

/// An edge to a parent, and where it is written.
struct Edge {
    to: usize,
    key: &'static str,
    index: usize,
}

/// Each circle once, at an edge of the first of its checks. Depth first, without recursion: a chain may be long.
fn circles(nodes: &[Node<'_>]) -> Vec<Finding> {
    let index: HashMap<&str, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.name, at)).collect();
    let edges: Vec<Vec<Edge>> = nodes.iter().map(|node| edges(node, &index)).collect();
    let mut done = vec![false; nodes.len()];
    let mut findings = Vec::new();
    for start in 0..nodes.len() {
        // The way from `start` to here: each node with the number of its edges already followed.
        let mut way: Vec<(usize, usize)> = Vec::new();
        let mut on_way = HashSet::new();
        if !done[start] && !edges[start].is_empty() {
            way.push((start, 0));
            on_way.insert(start);
        }
        while let Some((node, followed)) = way.last_mut() {
            let node = *node;
            let Some(edge) = edges[node].get(*followed) else {
                done[node] = true;
                on_way.remove(&node);
                way.pop();
                continue;
            };
            *followed += 1;
            let to = edge.to;
            if on_way.contains(&to) {
                findings.push(circle(nodes, &edges, &way, to));
            } else if !done[to] {
                way.push((to, 0));
                on_way.insert(to);
            }
        }
    }
    findings
}

fn edges(node: &Node<'_>, index: &HashMap<&str, usize>) -> Vec<Edge> {
    let parents = node.keys.depends_on.iter().flatten().enumerate();
    let guard = node.keys.guard.iter().map(|name| (0, name));
    let depends_on = parents.map(|(at, name)| ("depends_on", at, name));
    depends_on
        .chain(guard.map(|(at, name)| ("guard", at, name)))
        .filter_map(|(key, at, name)| Some(Edge { to: *index.get(name.as_str())?, key, index: at }))
        .collect()
}

fn circle(nodes: &[Node<'_>], edges: &[Vec<Edge>], way: &[(usize, usize)], to: usize) -> Finding {
    let begin = way.iter().position(|(node, _)| *node == to).unwrap_or_default();
    let names: Vec<_> =
        way[begin..].iter().map(|(node, _)| nodes[*node].name).chain([nodes[to].name]).collect();
    let (first, followed) = way[begin];
    let at = Path::of(["checks", nodes[first].name]);
    let path = match edges[first].get(followed.saturating_sub(1)) {
        Some(Edge { key: "depends_on", index, .. }) => at.key("depends_on").index(*index),
        _ => at.key("guard"),
    };
    let message = format!("checks depend on each other in a circle: {}", names.join(" -> "));
    Finding::new(Code::DependencyCycle, path, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(parents: &[&str], guard: Option<&str>) -> CommonKeys {
        CommonKeys {
            depends_on: Some(parents.iter().map(ToString::to_string).collect()),
            guard: guard.map(str::to_owned),
            ..CommonKeys::default()
        }
    }

    fn found(checks: &[(&str, CommonKeys)]) -> Vec<String> {
        let nodes: Vec<_> = checks.iter().map(|(name, keys)| Node { name, keys }).collect();
        let known = checks.iter().map(|(name, _)| *name).collect();
        let findings = check(&nodes, &known, &CommonKeys::default());
        findings
            .into_iter()
            .map(|finding| format!("{} {}", finding.path, finding.message))
            .collect()
    }

    #[test]
    fn circles_are_printed_once_each() {
        let circles = found(&[
            ("a", keys(&["b"], None)),
            ("b", keys(&["x", "c"], None)),
            ("c", keys(&["a", "b"], None)),
            ("d", keys(&["a"], None)),
            ("e", keys(&["e"], None)),
            ("f", keys(&[], Some("g"))),
            ("g", keys(&["f"], None)),
            ("x", keys(&[], None)),
        ]);
        assert_eq!(
            circles,
            [
                "checks.a.depends_on[0] checks depend on each other in a circle: a -> b -> c -> a",
                "checks.b.depends_on[1] checks depend on each other in a circle: b -> c -> b",
                "checks.e.depends_on[0] checks depend on each other in a circle: e -> e",
                "checks.f.guard checks depend on each other in a circle: f -> g -> f",
            ]
        );
    }

    #[test]
    fn a_long_chain_is_no_circle() {
        let names: Vec<_> = (0..20_000).map(|number| number.to_string()).collect();
        let checks: Vec<_> =
            names.windows(2).map(|pair| (pair[0].as_str(), keys(&[&pair[1]], None))).collect();
        let nodes: Vec<_> = checks.iter().map(|(name, keys)| Node { name, keys }).collect();
        assert_eq!(circles(&nodes), []);
    }

    #[test]
    fn the_guard_and_its_parents_are_unguarded() {
        let checks = [
            ("uplink", keys(&["router"], None)),
            ("router", keys(&[], None)),
            ("web", keys(&[], None)),
        ];
        let nodes: Vec<_> = checks.iter().map(|(name, keys)| Node { name, keys }).collect();
        let defaults = keys(&[], Some("uplink"));
        assert_eq!(unguarded(&nodes, &defaults), HashSet::from(["uplink", "router"]));
    }
}
