//! HTTP in front of snapshots, queries and commands. Thin: no rule of any domain lives here.
