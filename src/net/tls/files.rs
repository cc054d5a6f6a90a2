//! PEM files. Errors name the file and never quote it.

use std::{fs::File, io::Read, path::Path};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::model::{Failure, Reason};

/// The largest file read, in bytes; a whole system's bundle of roots is a quarter of it.
const LIMIT: u64 = 1 << 20;

/// The certificates of a file, at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match all {
        Ok(found) if found.is_empty() => Err(unusable(path, "it holds no PEM certificate")),
        Ok(found) => Ok(found),
        Err(_) => Err(unusable(path, "it is not valid PEM")),
    }
}

/// The private key of a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    PrivateKeyDer::from_pem_slice(&read(path)?)
        .map_err(|_| unusable(path, "it holds no PEM private key that is not encrypted"))
}

/// The failure of a file that cannot be used.
pub(super) fn unusable(path: &Path, why: &str) -> Failure {
    Failure::new(Reason::LocalFile, format!("{}: {why}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > LIMIT => {
            Err(unusable(path, &format!("it is larger than {LIMIT} bytes")))
        }
        Ok(_) => Ok(bytes),
        Err(error) => Err(unusable(path, &error.to_string())),
    }
}
