use base64::{Engine, prelude::BASE64_STANDARD};
use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism},
    extension::Extension,
};

use super::{Spec, connection::Connection, cram_md5, setback};
use crate::{
    clock::Instant,
    model::{Secret, SendReason},
    notify::{masked::Masked, setback::Setback},
};

impl Connection {
    /// Says who we are, if there is anything to say: by CRAM-MD5 where there is a secret for it, else by PLAIN or LOGIN. A
    /// server that offers none of them wants no login, as Alertmanager takes it.
    pub(super) async fn login(&mut self, spec: &Spec, deadline: Instant) -> Result<(), Setback> {
        if spec.auth_username.is_empty() {
            return Ok(());
        }
        let secret = spec.secret().read(deadline).await?;
        let password = spec.password().read(deadline).await?;
        self.secrets = secrets(spec, secret.as_ref().into_iter().chain(&password));
        if let Some(secret) = secret {
            match self.cram_md5(&spec.auth_username, &secret).await {
                Err(Setback::Refused(failure))
                    if matches!(failure.status, Some(500..=504)) && password.is_some() => {}
                done => return done,
            }
        }
        let Some(password) = password else {
            return Err(Setback::refused(SendReason::AuthError, "`auth_password` is missing"));
        };
        match self.mechanism() {
            Ok(Some(Mechanism::Plain)) if !spec.auth_identity.is_empty() => {
                self.plain_as(spec, &password).await
            }
            Ok(Some(mechanism)) => {
                let password = password.expose().to_owned();
                let credentials = Credentials::new(spec.auth_username.clone(), password);
                let done = self.smtp.auth(&[mechanism], &credentials).await;
                done.map(drop).map_err(|error| setback(&error, "login", &self.secrets))
            }
            Ok(None) => Ok(()),
            Err(setback) => Err(setback),
        }
    }

    /// The best one that the server offers. As in Go, PLAIN is not said where others can read along.
    fn mechanism(&self) -> Result<Option<Mechanism>, Setback> {
        let server = self.smtp.server_info();
        let offers = |mechanism| server.supports_feature(Extension::Authentication(mechanism));
        match (offers(Mechanism::Plain), offers(Mechanism::Login)) {
            (true, _) if self.is_private => Ok(Some(Mechanism::Plain)),
            (_, true) => Ok(Some(Mechanism::Login)),
            (true, false) => {
                let detail = "the server wants PLAIN, but the connection is not encrypted";
                Err(Setback::refused(SendReason::AuthError, detail))
            }
            (false, false) => Ok(None),
        }
    }

    /// PLAIN for a user who acts as another (RFC 4616).
    async fn plain_as(&mut self, spec: &Spec, password: &Secret) -> Result<(), Setback> {
        let (identity, user) = (&spec.auth_identity, &spec.auth_username);
        let said = BASE64_STANDARD.encode(plain(identity, user, password));
        let done = self.smtp.command(format!("AUTH PLAIN {said}\r\n")).await;
        done.map(drop).map_err(|error| setback(&error, "login", &self.secrets))
    }

    /// lettre does not speak it (RFC 2195).
    async fn cram_md5(&mut self, user: &str, secret: &Secret) -> Result<(), Setback> {
        let challenge = self.smtp.command("AUTH CRAM-MD5\r\n").await;
        let challenge = challenge.map_err(|error| setback(&error, "login", &self.secrets))?;
        let decoded = challenge.first_word().and_then(|word| BASE64_STANDARD.decode(word).ok());
        let Some(decoded) = decoded.filter(|_| challenge.has_code(334)) else {
            return Err(Setback::retry(SendReason::Other, "login: no challenge for CRAM-MD5"));
        };
        let digest = cram_md5::digest(secret.expose().as_bytes(), &decoded);
        let said = BASE64_STANDARD.encode(format!("{user} {digest}"));
        let done = self.smtp.command(format!("{said}\r\n")).await;
        done.map(drop).map_err(|error| setback(&error, "login", &self.secrets))
    }
}

/// What PLAIN says.
fn plain(identity: &str, user: &str, password: &Secret) -> String {
    format!("{identity}\0{user}\0{}", password.expose())
}

/// What a server may repeat of a login: secrets, and the words of PLAIN that hold one.
fn secrets<'s>(spec: &Spec, all: impl Iterator<Item = &'s Secret>) -> Masked {
    all.fold(Masked::default(), |masked, secret| {
        let said = plain(&spec.auth_identity, &spec.auth_username, secret);
        masked.and(secret.expose()).and(&said)
    })
}
