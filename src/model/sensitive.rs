//! Which names and texts tell that a secret follows: one list, for what is shown and for what is sent on to others.

use super::Secret;

/// Parts of the names of keys, headers and parameters whose values are secrets.
pub const WORDS: [&str; 13] = [
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "authorization",
    "x-auth",
    "cookie",
    "key",
    "signature",
    "session",
    "csrf",
    "jwt",
];

/// Commands that are followed by a credential, in the protocols people write dialogues for.
const COMMANDS: [&str; 12] = [
    "auth",
    "authenticate",
    "authorization",
    "apop",
    "bearer",
    "identify",
    "login",
    "pass",
    "passwd",
    "password",
    "user",
    "username",
];

/// Whether a header, a key or a parameter of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Where a credential begins in what is said to a server: behind `AUTH`, `PASS`, `LOGIN` and the like, to the end, as
/// some protocols go on in the next line.
pub fn login(text: &str) -> Option<usize> {
    let mut at = 0;
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let end = at + name.len();
        if COMMANDS.iter().any(|command| name.eq_ignore_ascii_case(command)) {
            let rest = text[end..].trim_start();
            return (!rest.is_empty()).then(|| text.len() - rest.len());
        }
        at += word.len();
    }
    None
}

/// What is said to a server, without the credential.
pub fn without_login(text: &str) -> String {
    match login(text) {
        Some(at) => format!("{}{}", &text[..at], Secret::MASK),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["X-Auth", "x-pwd", "Api-Key", "Signature", "password", "Set-Cookie"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["accept", "host", "user-agent", "origin"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_follows_a_login_is_hidden() {
        for (text, shown) in [
            ("PASS hunter2\r\n", "PASS <secret>"),
            ("a1 login me hunter2\r\n", "a1 login <secret>"),
            ("AUTH PLAIN AGh1bnRlcjI=\r\n", "AUTH <secret>"),
            ("*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n", "*2\r\n$4\r\nAUTH\r\n<secret>"),
            ("EHLO probe.example.org\r\n", "EHLO probe.example.org\r\n"),
            ("QUIT\r\nAUTH\r\n", "QUIT\r\nAUTH\r\n"),
            ("compass ü users", "compass ü users"),
        ] {
            assert_eq!(without_login(text), shown);
        }
    }
}
