use std::path::{Path, PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::header::{AUTHORIZATION, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Dialer, OAuth2};
use crate::{
    clock::Instant,
    model::{Failure, Problem, Reason, Secret},
    net::credential,
};

/// User and password, sent at once (RFC 7617).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BasicAuth {
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A file that holds the user's name; read at each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_file: Option<PathBuf>,
    /// The password; prefer one of the other two forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A file that holds the password; read at each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The environment variable that holds the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
}

impl BasicAuth {
    /// The value of `Authorization` or `Proxy-Authorization`.
    ///
    /// # Errors
    /// `local_file` when user or password cannot be had.
    pub async fn header(&self, deadline: Instant) -> Result<HeaderValue, Failure> {
        let named = match &self.username_file {
            Some(path) => credential::read(deadline, None, Some(path), None).await?,
            None => None,
        };
        let user = named.as_ref().map(Secret::expose).or(self.username.as_deref());
        let (file, variable) = (self.password_file.as_deref(), self.password_env.as_deref());
        let password = credential::read(deadline, self.password.as_ref(), file, variable).await?;
        basic(user.unwrap_or_default(), password.as_ref().map_or("", Secret::expose))
    }

    /// Mistakes that no single value shows; `path` is where this table stands.
    pub fn problems(&self, path: &str) -> Vec<Problem> {
        let users = [
            ("username", self.username.is_some()),
            ("username_file", self.username_file.is_some()),
        ];
        let passwords = [
            ("password", self.password.is_some()),
            ("password_file", self.password_file.is_some()),
            ("password_env", self.password_env.is_some()),
        ];
        let mut problems: Vec<_> =
            too_many(path, &users).into_iter().chain(too_many(path, &passwords)).collect();
        if users.iter().all(|(_, is_given)| !is_given) {
            problems.push(missing(path, "`username` or `username_file`"));
        }
        if self.username.as_ref().is_some_and(|name| name.contains(':')) {
            problems.push(Problem {
                path: format!("{path}.username"),
                message: "a user name with a colon cannot be sent by basic authentication".into(),
                hint: None,
            });
        }
        problems
    }
}

/// Credentials of any scheme: what Prometheus calls `authorization`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AnyScheme {
    /// The scheme, the word before the credentials. For `Basic` there is `basic_auth`.
    #[serde(rename = "type")]
    pub scheme: String,
    /// The credentials; prefer one of the other two forms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Secret>,
    /// A file that holds the credentials; read at each run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
    /// The environment variable that holds the credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_env: Option<String>,
}

impl Default for AnyScheme {
    fn default() -> Self {
        Self {
            scheme: "Bearer".into(),
            credentials: None,
            credentials_file: None,
            credentials_env: None,
        }
    }
}

impl AnyScheme {
    async fn header(&self, deadline: Instant) -> Result<HeaderValue, Failure> {
        let (file, variable) = (self.credentials_file.as_deref(), self.credentials_env.as_deref());
        let secret = credential::read(deadline, self.credentials.as_ref(), file, variable).await?;
        let secret = secret.as_ref().map_or("", Secret::expose);
        sensitive(&format!("{} {secret}", self.scheme))
    }

    fn problems(&self, path: &str) -> Vec<Problem> {
        let given = [
            ("credentials", self.credentials.is_some()),
            ("credentials_file", self.credentials_file.is_some()),
            ("credentials_env", self.credentials_env.is_some()),
        ];
        let mut problems: Vec<_> = too_many(path, &given).into_iter().collect();
        if given.iter().all(|(_, is_given)| !is_given) {
            let keys = "`credentials`, `credentials_file` or `credentials_env`";
            problems.push(missing(path, keys));
        }
        let of_type = |message: &str, hint: &str| Problem {
            path: format!("{path}.type"),
            message: message.into(),
            hint: Some(hint.into()),
        };
        if self.scheme.eq_ignore_ascii_case("basic") {
            problems.push(of_type("user and password have a key of their own", "use `basic_auth`"));
        } else if !super::is_token(&self.scheme) {
            problems.push(of_type("not the name of a scheme", "write it like `Bearer`"));
        }
        problems
    }
}

/// All that a check may say of its `Authorization` header.
#[derive(Clone, Copy)]
pub struct Authorization<'a> {
    /// `basic_auth`
    pub basic: Option<&'a BasicAuth>,
    /// `authorization`
    pub credentials: Option<&'a AnyScheme>,
    /// `bearer_token`
    pub token: Option<&'a Secret>,
    /// `bearer_token_file`
    pub token_file: Option<&'a Path>,
    /// `bearer_token_env`
    pub token_env: Option<&'a str>,
    /// `oauth2`
    pub oauth2: Option<&'a OAuth2>,
    /// What the user calls us, which a token server is told too.
    pub agent: Option<&'a HeaderValue>,
}

impl Authorization<'_> {
    /// The header's value, if there is to be one. A token of OAuth2 is fetched now.
    ///
    /// # Errors
    /// `local_file` when the secret cannot be had, `token_failed`.
    pub async fn header(&self, dialer: &mut Dialer<'_>) -> Result<Option<HeaderValue>, Failure> {
        if let Some(oauth2) = self.oauth2 {
            // Boxed: few checks fetch a token, and all would carry the size of doing it.
            return Box::pin(oauth2.header(self.agent, dialer)).await.map(Some);
        }
        let deadline = dialer.attempt.deadline();
        if let Some(basic) = self.basic {
            return basic.header(deadline).await.map(Some);
        }
        if let Some(credentials) = self.credentials {
            return credentials.header(deadline).await.map(Some);
        }
        let token = credential::read(deadline, self.token, self.token_file, self.token_env).await?;
        token.map(|token| sensitive(&format!("Bearer {}", token.expose()))).transpose()
    }

    /// Mistakes that no single value shows.
    pub fn problems(&self, headers: &super::Headers) -> Vec<Problem> {
        let given = [
            ("basic_auth", self.basic.is_some()),
            ("authorization", self.credentials.is_some()),
            ("oauth2", self.oauth2.is_some()),
            ("bearer_token", self.token.is_some()),
            ("bearer_token_file", self.token_file.is_some()),
            ("bearer_token_env", self.token_env.is_some()),
            ("headers.Authorization", headers.contains(&AUTHORIZATION)),
        ];
        let mut problems: Vec<_> = too_many("", &given).into_iter().collect();
        problems.extend(self.basic.into_iter().flat_map(|basic| basic.problems("basic_auth")));
        problems.extend(self.credentials.into_iter().flat_map(|own| own.problems("authorization")));
        problems.extend(self.oauth2.into_iter().flat_map(|oauth2| oauth2.problems("oauth2")));
        problems
    }
}

/// `Basic`, with user and password.
///
/// # Errors
/// None in practice: base64 fits into a header.
pub(super) fn basic(
    user: impl AsRef<[u8]>,
    password: impl AsRef<[u8]>,
) -> Result<HeaderValue, Failure> {
    let both = [user.as_ref(), b":", password.as_ref()].concat();
    sensitive(&format!("Basic {}", BASE64_STANDARD.encode(both)))
}

/// What [`basic`] made a header of, for a protocol without headers.
pub(super) fn user_and_password(header: &HeaderValue) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD.decode(header.as_bytes().strip_prefix(b"Basic ")?).ok()?;
    let (user, password) = str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Several keys for the same thing: the second one is the mistake.
pub(super) fn too_many(table: &str, given: &[(&str, bool)]) -> Option<Problem> {
    let mut keys = given.iter().filter_map(|(key, is_given)| is_given.then_some(*key));
    let (first, second) = (keys.next()?, keys.next()?);
    let path = if table.is_empty() { second.to_owned() } else { format!("{table}.{second}") };
    Some(Problem {
        path,
        message: format!("`{first}` and `{second}` exclude each other"),
        hint: Some("keep one of them".into()),
    })
}

fn missing(table: &str, keys: &str) -> Problem {
    Problem { path: table.into(), message: format!("{keys} is missing"), hint: None }
}

/// A header that no debug output shows.
pub(super) fn sensitive(text: &str) -> Result<HeaderValue, Failure> {
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

    fn user(password: Option<&str>, file: Option<&str>) -> BasicAuth {
        BasicAuth {
            username: Some("Aladdin".into()),
            password: password.map(Secret::new),
            password_file: file.map(PathBuf::from),
            ..BasicAuth::default()
        }
    }

    #[tokio::test]
    async fn the_header_is_that_of_the_rfc() {
        let header = user(Some("open sesame"), None).header(soon()).await.unwrap();
        assert_eq!(header, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(header.is_sensitive());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "Aladdin\n").unwrap();
        let named = BasicAuth {
            username: None,
            username_file: Some(file.path().to_owned()),
            ..user(Some("open sesame"), None)
        };
        assert_eq!(named.header(soon()).await.unwrap(), header);
    }

    #[tokio::test]
    async fn a_secret_file_loses_its_newline_and_a_missing_one_is_our_fault() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abc\n").unwrap();
        let of = |path: &Path| AnyScheme {
            scheme: "Token".into(),
            credentials_file: Some(path.to_owned()),
            ..AnyScheme::default()
        };
        assert_eq!(of(file.path()).header(soon()).await.unwrap(), "Token abc");
        let failure = of(Path::new("/nonexistent/token")).header(soon()).await.unwrap_err();
        assert_eq!(failure.reason, Reason::LocalFile);
        std::fs::write(file.path(), "a\nhunter2").unwrap();
        let failure = of(file.path()).header(soon()).await.unwrap_err();
        assert!(!failure.detail.contains("hunter2"), "{failure:?}");
    }

    #[test]
    fn two_forms_are_one_too_many() {
        assert!(user(Some("x"), None).problems("basic_auth").is_empty());
        let problems = user(Some("x"), Some("y")).problems("basic_auth");
        assert_eq!(problems[0].path, "basic_auth.password_file");
        assert_eq!(BasicAuth::default().problems("basic_auth")[0].path, "basic_auth");
    }

    #[test]
    fn credentials_are_checked() {
        for (text, path) in [
            (r#"{"credentials":"x"}"#, None),
            (r#"{"type":"Token","credentials_env":"x"}"#, None),
            (r#"{"type":"basic","credentials":"x"}"#, Some("authorization.type")),
            (r#"{"type":"a b","credentials":"x"}"#, Some("authorization.type")),
            (r#"{"type":"X"}"#, Some("authorization")),
            (
                r#"{"credentials":"x","credentials_file":"y"}"#,
                Some("authorization.credentials_file"),
            ),
        ] {
            let credentials: AnyScheme = serde_json::from_str(text).unwrap();
            let problems = credentials.problems("authorization");
            assert_eq!(problems.first().map(|problem| problem.path.as_str()), path, "{text}");
        }
    }
}
