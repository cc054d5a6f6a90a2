//! The third tier: the real binary against real servers.
