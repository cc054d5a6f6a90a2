//! Configurations by what they are made of.

use std::{collections::HashMap, os::unix::fs::MetadataExt, path::Path, time::SystemTime};

use super::{TlsOptions, clients::Base};

/// The most configurations kept. Beyond it the one that was not used for longest is dropped and built again when needed.
pub(super) const MAX_BUILT: usize = 256;

/// What a configuration is made of. The server's name is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) options: TlsOptions,
    pub(super) alpn: Vec<Box<str>>,
}

/// The state of the three files that options can name. Kubernetes swaps a symlink, so the inode tells as well.
pub(super) type Stamps = [Option<Stamp>; 3];

/// A file's state, as far as it is known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    inode: u64,
}

impl Stamp {
    pub(super) async fn of(path: &Path) -> Option<Self> {
        let meta = tokio::fs::metadata(path).await.ok()?;
        Some(Self { modified: meta.modified().ok(), len: meta.len(), inode: meta.ino() })
    }
}

impl Key {
    pub(super) fn new(options: &TlsOptions, alpn: &[&str]) -> Self {
        Self {
            options: TlsOptions { server_name: None, ..options.clone() },
            alpn: alpn.iter().copied().map(Box::from).collect(),
        }
    }

    /// Looks at the files, without reading them.
    pub(super) async fn stamps(&self) -> Stamps {
        let TlsOptions { ca_file, cert_file, key_file, .. } = &self.options;
        let mut stamps = [None; 3];
        for (stamp, path) in stamps.iter_mut().zip([ca_file, cert_file, key_file]) {
            let Some(path) = path else { continue };
            // A file that is gone has no stamp; to build from it then fails with a reason.
            *stamp = Stamp::of(path).await;
        }
        stamps
    }
}

#[derive(Default)]
pub(super) struct Cache {
    built: HashMap<Key, Built>,
    clock: u64,
}

struct Built {
    stamps: Stamps,
    base: Base,
    used: u64,
}

impl Cache {
    /// What was built from the same files.
    pub(super) fn get(&mut self, key: &Key, stamps: &Stamps) -> Option<Base> {
        self.clock += 1;
        let built = self.built.get_mut(key).filter(|built| built.stamps == *stamps)?;
        built.used = self.clock;
        Some(built.base.clone())
    }

    pub(super) fn put(&mut self, key: Key, stamps: Stamps, base: Base) {
        if self.built.len() >= MAX_BUILT && !self.built.contains_key(&key) {
            let oldest = self.built.iter().min_by_key(|(_, built)| built.used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.built.remove(&oldest);
            }
        }
        self.built.insert(key, Built { stamps, base, used: self.clock });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.built.len()
    }
}
