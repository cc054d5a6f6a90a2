//! Arguments to calls of the app; prints.
