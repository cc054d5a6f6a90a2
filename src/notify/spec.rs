//! What the configuration may say about receivers.
