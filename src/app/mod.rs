//! The composition root: builds, supervises, reloads, shuts down. No domain rule.
