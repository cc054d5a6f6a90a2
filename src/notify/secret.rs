//! Secrets of an integration: where they may stand, and their value at each send, so that a rotated file needs no reload.

use std::path::Path;

use crate::{
    clock::Instant,
    model::{Failure, Problem, Reason, Secret},
    net::credential,
};

/// The three places of one secret: `key`, `key_file`, `key_env`.
#[derive(Clone, Copy)]
pub(super) struct Places<'s> {
    /// The key of the value.
    pub key: &'static str,
    /// The value.
    pub value: Option<&'s Secret>,
    /// The file that holds it.
    pub file: Option<&'s Path>,
    /// The environment variable that holds it.
    pub env: Option<&'s str>,
}

impl Places<'_> {
    /// Whether it is said anywhere.
    pub(super) fn is_given(&self) -> bool {
        self.value.is_some() || self.file.is_some() || self.env.is_some()
    }

    /// The secret, read now.
    ///
    /// # Errors
    /// `local_file`, without content.
    pub(super) async fn read(&self, deadline: Instant) -> Result<Option<Secret>, Failure> {
        let read = credential::read(deadline, self.value, self.file, self.env).await?;
        Ok(read.map(|secret| Secret::new(secret.expose().trim())))
    }

    /// The secret, which must be there.
    ///
    /// # Errors
    /// `local_file`, also where it is empty.
    pub(super) async fn needed(&self, deadline: Instant) -> Result<Secret, Failure> {
        let read = self.read(deadline).await?.filter(|secret| !secret.expose().is_empty());
        read.ok_or_else(|| Failure::new(Reason::LocalFile, format!("`{}` is empty", self.key)))
    }

    /// More than one place.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let (key, mut given) = (self.key, Vec::new());
        given.extend(self.value.map(|_| key.to_owned()));
        given.extend(self.file.map(|_| format!("{key}_file")));
        given.extend(self.env.map(|_| format!("{key}_env")));
        let Some(second) = given.get(1) else {
            return Vec::new();
        };
        vec![Problem {
            path: second.clone(),
            message: format!("`{}` and `{second}` exclude each other", given[0]),
            hint: Some("keep one of them".into()),
        }]
    }

    /// The same, or none at all.
    pub(super) fn needed_problems(&self) -> Vec<Problem> {
        if self.is_given() {
            return self.problems();
        }
        let key = self.key;
        vec![Problem {
            path: key.into(),
            message: format!("`{key}`, `{key}_file` or `{key}_env` is missing"),
            hint: None,
        }]
    }
}

/// The three places of a secret of a spec.
macro_rules! places {
    ($spec:expr, $key:ident, $file:ident, $env:ident) => {
        $crate::notify::secret::Places {
            key: stringify!($key),
            value: $spec.$key.as_ref(),
            file: $spec.$file.as_deref(),
            env: $spec.$env.as_deref(),
        }
    };
}
pub(super) use places;
