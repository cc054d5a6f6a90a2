//! The pipeline under a time that only moves when a test says so.

mod arrivals;
mod checks;
mod delivery;
mod pushes;
mod random;
mod rates;
mod reasons;
mod reload;
mod restart;
mod routing;
mod snapshots;
mod stages;
mod task;
mod timers;
mod world;
