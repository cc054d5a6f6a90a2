//! PEM, from a file or from the configuration. Errors say where it stands and never quote it.

use std::{borrow::Cow, path::Path};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::{
    model::{Failure, Reason},
    net::file,
};

/// The largest file read, in bytes; a whole system's bundle of roots is a quarter of it.
const LIMIT: u64 = 1 << 20;

/// Where PEM stands.
#[derive(Clone, Copy)]
pub(super) enum Pem<'a> {
    /// A file.
    File(&'a Path),
    /// The value of this key.
    Text { key: &'static str, text: &'a str },
}

impl<'a> Pem<'a> {
    /// The one of the two forms that is set; of both, the file.
    pub(super) fn of(
        key: &'static str,
        file: Option<&'a Path>,
        text: Option<&'a str>,
    ) -> Option<Self> {
        file.map(Self::File).or(text.map(|text| Self::Text { key, text }))
    }

    /// Whether it is read without touching a file.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. })
    }

    /// The certificates, at least one. Blocks where they are in a file.
    pub(super) fn certificates(self) -> Result<Vec<CertificateDer<'static>>, Failure> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.read()?).collect();
        match all {
            Ok(found) if found.is_empty() => Err(self.unusable("it holds no PEM certificate")),
            Ok(found) => Ok(found),
            Err(_) => Err(self.unusable("it is not valid PEM")),
        }
    }

    /// The private key. Blocks where it is in a file.
    pub(super) fn key(self) -> Result<PrivateKeyDer<'static>, Failure> {
        PrivateKeyDer::from_pem_slice(&self.read()?)
            .map_err(|_| self.unusable("it holds no PEM private key that is not encrypted"))
    }

    /// The failure of what cannot be used.
    pub(super) fn unusable(self, why: &str) -> Failure {
        match self {
            Self::File(path) => file::unusable(path, why),
            Self::Text { key, .. } => Failure::new(Reason::LocalFile, format!("`{key}`: {why}")),
        }
    }

    fn read(self) -> Result<Cow<'a, [u8]>, Failure> {
        match self {
            Self::File(path) => file::read(path, LIMIT).map(Cow::Owned),
            Self::Text { text, .. } => Ok(Cow::Borrowed(text.as_bytes())),
        }
    }
}
