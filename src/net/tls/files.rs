//! PEM files. Errors name the file and never quote it.

use std::path::Path;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

pub(super) use crate::net::file::unusable;
use crate::{model::Failure, net::file};

/// The largest file read, in bytes; a whole system's bundle of roots is a quarter of it.
const LIMIT: u64 = 1 << 20;

/// The certificates of a file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = file::read(path, LIMIT)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(found) if found.is_empty() => Err(unusable(path, "it holds no PEM certificate")),
        Ok(found) => Ok(found),
        Err(_) => Err(unusable(path, "it is not valid PEM")),
    }
}

/// The private key of a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    PrivateKeyDer::from_pem_slice(&file::read(path, LIMIT)?)
        .map_err(|_| unusable(path, "it holds no PEM private key that is not encrypted"))
}
