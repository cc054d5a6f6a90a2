//! Secrets at the moment they are needed, so that a rotated file works without a reload.

use std::path::Path;

use super::file;
use crate::{
    clock::Instant,
    model::{Failure, Reason, Secret},
};

/// The largest secret file, in bytes; tokens are far smaller.
const LIMIT: u64 = 64 * 1024;

/// A secret from the one of its three places that is set: the value, a file, an environment variable.
///
/// # Errors
/// `local_file` when the file cannot be read by `deadline` or is too large, or the variable is not set. The message never
/// holds content.
pub async fn read(
    deadline: Instant,
    value: Option<&Secret>,
    file: Option<&Path>,
    variable: Option<&str>,
) -> Result<Option<Secret>, Failure> {
    if let Some(value) = value {
        return Ok(Some(value.clone()));
    }
    if let Some(path) = file {
        return from_file(deadline, path).await.map(Some);
    }
    let Some(variable) = variable else {
        return Ok(None);
    };
    match std::env::var(variable) {
        Ok(value) => Ok(Some(Secret::new(value))),
        Err(_) => Err(Failure::new(
            Reason::LocalFile,
            format!("environment variable {variable} is not set or not UTF-8"),
        )),
    }
}

async fn from_file(deadline: Instant, path: &Path) -> Result<Secret, Failure> {
    let bytes = file::read_by(deadline, path.to_owned(), LIMIT).await?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Failure::new(Reason::LocalFile, format!("{}: it is not UTF-8", path.display()))
    })?;
    // Editors and `kubectl create secret --from-file` leave a newline that no token has.
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}
