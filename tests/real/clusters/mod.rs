//! Clusters: the real binary beside the real kube-state-metrics, both watching the same real API server.
//! Contract: [`world::World`] is a populated cluster, [`differential`] tells every series in which the two differ, and
//! [`foundations`] proves that the cluster behaves as the tests on it take for granted.

mod differential;
mod foundations;
mod kubelet;
mod scrape;
mod world;
