//! The route tree, compiled once: which routes an alert takes.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use super::{
    Config,
    spec::{GroupBy, Route},
};
use crate::model::{Fnv, Pairs, matcher::Quoted, matcher::all_match};

/// A route's position in [`Tree::nodes`].
pub(super) type NodeId = u32;

/// A set of routes that alerts take together: a position in [`Tree::paths`].
pub(super) type PathId = u32;

/// As many projections of labels are remembered; a label with more values than that costs a walk for each.
const REMEMBERED: usize = 8192;

/// Strangers write the labels: a longer projection is not remembered, so that all are 8 MB at the most.
const LONGEST: usize = 1024;

/// All routes, in the order of a walk, depth first.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    paths: Vec<Path>,
    path_ids: HashMap<Box<[NodeId]>, PathId>,
    /// Names that some matcher looks at, sorted: no other label can change where an alert goes.
    names: Box<[Arc<str>]>,
    /// From the values of those names to a path.
    memo: HashMap<Box<[u8]>, PathId>,
    projection: Vec<u8>,
}

/// One route.
#[derive(Debug)]
pub(super) struct Node {
    /// Alertmanager's route key: the matchers on the way, joined.
    pub(super) key: Arc<str>,
    /// Alertmanager's route id: the key, and places among siblings.
    pub(super) id: Arc<str>,
    /// The configuration, without its children.
    pub(super) route: Route,
    children: Vec<NodeId>,
}

/// Where some alerts go.
#[derive(Debug)]
pub(super) struct Path {
    /// In Alertmanager's order.
    pub(super) nodes: Arc<[NodeId]>,
    /// Their receivers, one for each.
    pub(super) receivers: Arc<[Arc<str>]>,
}

impl Tree {
    /// Compiles a tree.
    pub(super) fn new(root: &Route) -> Self {
        let mut tree = Self {
            nodes: Vec::new(),
            paths: Vec::new(),
            path_ids: HashMap::new(),
            names: Box::default(),
            memo: HashMap::new(),
            projection: Vec::new(),
        };
        tree.plant(root, None);
        let mut names: Vec<Arc<str>> = tree
            .nodes
            .iter()
            .flat_map(|node| node.route.matchers.iter().map(|matcher| Arc::clone(&matcher.name)))
            .collect();
        names.sort();
        names.dedup();
        tree.names = names.into();
        tree
    }

    /// The route at a position.
    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(usize::try_from(id).ok()?)
    }

    /// The path at a position.
    pub(super) fn path(&self, id: PathId) -> Option<&Path> {
        self.paths.get(usize::try_from(id).ok()?)
    }

    /// Where an alert of these labels goes.
    pub(super) fn path_of(&mut self, labels: &Pairs) -> PathId {
        self.project(labels);
        if let Some(path) = self.memo.get(&*self.projection) {
            return *path;
        }
        let mut nodes = Vec::new();
        self.walk(0, labels, &mut nodes);
        let path = self.path_id(nodes);
        if self.projection.len() > LONGEST {
            return path;
        }
        if self.memo.len() >= REMEMBERED {
            self.memo.clear();
        }
        self.memo.insert(self.projection.as_slice().into(), path);
        path
    }

    /// Adds a route and all below it.
    fn plant(&mut self, route: &Route, parent: Option<(NodeId, usize)>) -> NodeId {
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        let mut matchers = String::from("{");
        for (at, matcher) in route.matchers.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(matchers, "{}{matcher}", if at > 0 { "," } else { "" });
        }
        matchers.push('}');
        let above = parent.and_then(|(parent, at)| Some((self.node(parent)?, at)));
        let (key, route_id) = match above {
            Some((parent, at)) => {
                (format!("{}/{matchers}", parent.key), format!("{}/{matchers}/{at}", parent.id))
            }
            None => (matchers.clone(), matchers),
        };
        let own = Route { routes: Vec::new(), ..route.clone() };
        self.nodes.push(Node {
            key: key.into(),
            id: route_id.into(),
            route: own,
            children: Vec::new(),
        });
        let children =
            route.routes.iter().enumerate().map(|(at, child)| self.plant(child, Some((id, at))));
        let children = children.collect();
        if let Some(node) = usize::try_from(id).ok().and_then(|at| self.nodes.get_mut(at)) {
            node.children = children;
        }
        id
    }

    /// Depth first, left to right: a route is taken if it matches and none of its children does.
    fn walk(&self, id: NodeId, labels: &Pairs, taken: &mut Vec<NodeId>) -> bool {
        let Some(node) = self.node(id) else { return false };
        if !all_match(&node.route.matchers, labels) {
            return false;
        }
        let before = taken.len();
        for child in &node.children {
            let continues = self.node(*child).is_some_and(|child| child.route.continues);
            if self.walk(*child, labels, taken) && !continues {
                break;
            }
        }
        if taken.len() == before {
            taken.push(id);
        }
        true
    }

    fn path_id(&mut self, nodes: Vec<NodeId>) -> PathId {
        if let Some(id) = self.path_ids.get(&*nodes) {
            return *id;
        }
        let id = PathId::try_from(self.paths.len()).unwrap_or(PathId::MAX);
        let receivers = nodes
            .iter()
            .filter_map(|node| Some(Arc::clone(&self.node(*node)?.route.receiver)))
            .collect();
        self.paths.push(Path { nodes: nodes.as_slice().into(), receivers });
        self.path_ids.insert(nodes.into(), id);
        id
    }

    /// Writes the values that matter, closed by a byte that no text has.
    fn project(&mut self, labels: &Pairs) {
        self.projection.clear();
        let mut labels = labels.iter().peekable();
        for name in &self.names {
            while labels.next_if(|(own, _)| *own < &**name).is_some() {}
            if let Some((_, value)) = labels.next_if(|(own, _)| *own == &**name) {
                self.projection.extend_from_slice(value.as_bytes());
            }
            self.projection.push(0xFF);
        }
    }
}

impl Node {
    /// Whether a label is one of those that make this route's groups.
    fn groups_by(&self, name: &str) -> bool {
        match &self.route.group_by {
            GroupBy::All => true,
            GroupBy::Labels(names) => names.contains(name),
        }
    }

    /// The fingerprint of an alert's group labels.
    pub(super) fn group_of(&self, labels: &Pairs) -> u64 {
        let mut hash = Fnv::default();
        for (name, value) in labels.iter().filter(|(name, _)| self.groups_by(name)) {
            hash.part(name);
            hash.part(value);
        }
        hash.0
    }

    /// An alert's group labels.
    pub(super) fn group_labels(&self, labels: &Pairs) -> Pairs {
        match &self.route.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(_) => labels.filtered(|name| self.groups_by(name)),
        }
    }

    /// Alertmanager's group key.
    pub(super) fn group_key(&self, labels: &Pairs) -> Arc<str> {
        let mut key = format!("{}:{{", self.key);
        for (at, (name, value)) in labels.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(key, "{}{name}={}", if at > 0 { ", " } else { "" }, Quoted(value));
        }
        key.push('}');
        key.into()
    }
}

/// The receivers of an alert of these labels, in the order of their routes: what `noroshi route test` shows.
pub fn receivers_of(config: &Config, labels: &Pairs) -> Vec<Arc<str>> {
    let mut tree = Tree::new(&config.route);
    let path = tree.path_of(labels);
    tree.path(path).map(|path| path.receivers.to_vec()).unwrap_or_default()
}
