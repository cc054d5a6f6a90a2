//! Where checks come from: emits the desired set and its changes. Runs no probe.
