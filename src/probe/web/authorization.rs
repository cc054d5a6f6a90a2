use std::path::{Path, PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::header::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    clock::Instant,
    model::{Failure, Reason, Secret},
    probe::{Problem, credential},
};

/// User and password, sent at once (RFC 7617).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::probe) struct BasicAuth {
    /// The user.
    pub username: String,
    /// The password; prefer one of the other two forms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A file that holds the password; read at each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The environment variable that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
}

impl BasicAuth {
    /// The value of `Authorization` or `Proxy-Authorization`.
    ///
    /// # Errors
    /// `local_file` when the password cannot be had.
    pub(in crate::probe) async fn header(&self, deadline: Instant) -> Result<HeaderValue, Failure> {
        let (file, variable) = (self.password_file.as_deref(), self.password_env.as_deref());
        let password = credential::read(deadline, self.password.as_ref(), file, variable).await?;
        let password = password.as_ref().map_or("", Secret::expose);
        let encoded = BASE64_STANDARD.encode(format!("{}:{password}", self.username));
        sensitive(&format!("Basic {encoded}"))
    }

    /// Mistakes that no single value shows; `path` is where this table stands.
    pub(in crate::probe) fn problems(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let given = [
            ("password", self.password.is_some()),
            ("password_file", self.password_file.is_some()),
            ("password_env", self.password_env.is_some()),
        ];
        problems.extend(too_many(path, &given));
        if self.username.contains(':') {
            problems.push(Problem {
                path: format!("{path}.username"),
                message: "a user name with a colon cannot be sent by basic authentication".into(),
                hint: None,
            });
        }
        problems
    }
}

/// All that a check may say of its `Authorization` header.
pub(in crate::probe) struct Authorization<'a> {
    /// `basic_auth`
    pub basic: Option<&'a BasicAuth>,
    /// `bearer_token`
    pub token: Option<&'a Secret>,
    /// `bearer_token_file`
    pub token_file: Option<&'a Path>,
    /// `bearer_token_env`
    pub token_env: Option<&'a str>,
}

impl Authorization<'_> {
    /// The header's value, if there is to be one.
    ///
    /// # Errors
    /// `local_file` when the secret cannot be had.
    pub(in crate::probe) async fn header(
        &self,
        deadline: Instant,
    ) -> Result<Option<HeaderValue>, Failure> {
        if let Some(basic) = self.basic {
            return basic.header(deadline).await.map(Some);
        }
        let token = credential::read(deadline, self.token, self.token_file, self.token_env).await?;
        token.map(|token| sensitive(&format!("Bearer {}", token.expose()))).transpose()
    }

    /// Mistakes that no single value shows.
    pub(in crate::probe) fn problems(&self, headers: &super::Headers) -> Vec<Problem> {
        let given = [
            ("basic_auth", self.basic.is_some()),
            ("bearer_token", self.token.is_some()),
            ("bearer_token_file", self.token_file.is_some()),
            ("bearer_token_env", self.token_env.is_some()),
            ("headers.Authorization", headers.map().contains_key(hyper::header::AUTHORIZATION)),
        ];
        let mut problems: Vec<_> = too_many("", &given).into_iter().collect();
        problems.extend(self.basic.into_iter().flat_map(|basic| basic.problems("basic_auth")));
        problems
    }
}

/// Several keys for the same thing: the second one is the mistake.
fn too_many(table: &str, given: &[(&str, bool)]) -> Option<Problem> {
    let mut keys = given.iter().filter_map(|(key, is_given)| is_given.then_some(*key));
    let (first, second) = (keys.next()?, keys.next()?);
    let path = if table.is_empty() { second.to_owned() } else { format!("{table}.{second}") };
    Some(Problem {
        path,
        message: format!("`{first}` and `{second}` exclude each other"),
        hint: Some("keep one of them".into()),
    })
}

/// A header that no debug output shows.
fn sensitive(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        Failure::new(Reason::LocalFile, "the secret holds characters that a header cannot carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + std::time::Duration::from_secs(5)
    }

    fn basic(password: Option<&str>, file: Option<&str>) -> BasicAuth {
        BasicAuth {
            username: "Aladdin".into(),
            password: password.map(Secret::new),
            password_file: file.map(PathBuf::from),
            password_env: None,
        }
    }

    #[tokio::test]
    async fn the_header_is_that_of_the_rfc() {
        let header = basic(Some("open sesame"), None).header(soon()).await.unwrap();
        assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(header.is_sensitive());
    }

    #[tokio::test]
    async fn a_token_file_loses_its_newline_and_a_missing_one_is_our_fault() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc\n").unwrap();
        let of = |path| Authorization {
            basic: None,
            token: None,
            token_file: Some(path),
            token_env: None,
        };
        assert_eq!(of(file.path()).header(soon()).await.unwrap().unwrap(), "Bearer abc");
        let failure = of(Path::new("/nonexistent/token")).header(soon()).await.unwrap_err();
        assert_eq!(failure.reason, Reason::LocalFile);
        std::fs::write(file.path(), "a\nhunter2").unwrap();
        let failure = of(file.path()).header(soon()).await.unwrap_err();
        assert!(!failure.detail.contains("hunter2"), "{failure:?}");
    }

    #[test]
    fn two_forms_are_one_too_many() {
        assert!(basic(Some("x"), None).problems("basic_auth").is_empty());
        let problems = basic(Some("x"), Some("y")).problems("basic_auth");
        assert_eq!(problems[0].path, "basic_auth.password_file");
    }
}
