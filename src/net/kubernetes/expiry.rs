//! Until when credentials hold: a client certificate says so, and a token that is a JWT.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use kube::config::AuthInfo;
use secrecy::ExposeSecret;
use serde::Deserialize;
use x509_parser::pem::Pem;

/// The earliest of what the credentials say.
pub(super) fn of(credentials: &AuthInfo) -> Option<Timestamp> {
    [token(credentials), certificate(credentials)].into_iter().flatten().min()
}

fn token(credentials: &AuthInfo) -> Option<Timestamp> {
    // A token in a file is replaced before it ends; that of a pod is, each hour.
    let token = credentials.token.as_ref().filter(|_| credentials.token_file.is_none())?;
    jwt(token.expose_secret())
}

/// The claim `exp`. The token is not verified: that is the server's part.
fn jwt(token: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }
    let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let Claims { exp } = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(exp).ok()
}

fn certificate(credentials: &AuthInfo) -> Option<Timestamp> {
    let pem = match (&credentials.client_certificate_data, &credentials.client_certificate) {
        (Some(data), _) => BASE64_STANDARD.decode(data).ok()?,
        (None, Some(file)) => std::fs::read(file).ok()?,
        (None, None) => return None,
    };
    let pem = Pem::iter_from_buffer(&pem).next()?.ok()?;
    let expires = pem.parse_x509().ok()?.validity().not_after.timestamp();
    Timestamp::from_second(expires).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_counts() {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"x","exp":1800000000}"#);
        let credentials =
            AuthInfo { token: Some(format!("e30.{claims}.c2ln").into()), ..AuthInfo::default() };
        assert_eq!(of(&credentials), Timestamp::from_second(1_800_000_000).ok());
        assert_eq!(
            of(&AuthInfo { token: Some("opaque".to_owned().into()), ..AuthInfo::default() }),
            None
        );
        let mut parameters = rcgen::CertificateParams::new(vec!["noroshi".to_owned()]).unwrap();
        parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        let credentials =
            AuthInfo { client_certificate_data: Some(BASE64_STANDARD.encode(pem)), ..credentials };
        assert_eq!(of(&credentials).unwrap().to_string(), "2027-01-01T00:00:00Z");
    }
}
