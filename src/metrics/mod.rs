//! Views to exposition: text 0.0.4, OpenMetrics 1.0 and delimited protobuf, straight from the snapshots.
