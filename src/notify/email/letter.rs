//! What is sent: headers, HTML and text.

use std::{fmt::Write as _, str::FromStr, time::SystemTime};

use aws_lc_rs::digest;
use lettre::{
    address::Envelope,
    message::{
        Mailboxes, Message as Letter, MultiPart, SinglePart,
        header::{self, HeaderName, HeaderValue},
    },
};

use super::{ByDate, Spec};
use crate::{
    model::SendReason,
    notify::{message::Message, setback::Setback, spec::Template},
};

/// A message, ready for the wire.
pub(super) struct Written {
    /// Who it is from, and to whom it goes, whatever the headers say.
    pub envelope: Envelope,
    /// Headers and body.
    pub bytes: Vec<u8>,
    /// Its Message-ID.
    pub id: String,
}

/// A subject where the configuration has none.
const SUBJECT: &str = r#"{{ template "email.default.subject" . }}"#;

/// Headers that are made here or by lettre, and that two of would break.
const OURS: [&str; 5] = ["Subject", "From", "To", "Date", "Message-Id"];

/// Renders it. The Message-ID is the same for every attempt, so that a server that took it before knows it again.
pub(super) fn write(spec: &Spec, message: &Message<'_>) -> Result<Written, Setback> {
    let from = mailboxes(message, &spec.from, "from")?;
    let to = mailboxes(message, &spec.to, "to")?;
    let mut senders = from.iter();
    let (Some(sender), None) = (senders.next(), senders.next()) else {
        return Err(refused("`from` is not one address"));
    };
    let receivers = to.iter().map(|mailbox| mailbox.email.clone()).collect();
    let envelope = Envelope::new(Some(sender.email.clone()), receivers)
        .map_err(|error| refused(&format!("`to`: {error}")))?;
    let id = match own(spec, "Message-Id") {
        Some(template) => message.text(template)?,
        None => {
            format!("<{}@{}>", hash(&message.notice.idempotency_key, 32), sender.email.domain())
        }
    };
    let subject = Template::from(SUBJECT);
    let subject = message.text(own(spec, "Subject").unwrap_or(&subject))?;
    let shown_from = own(spec, "From").map(|own| mailboxes(message, own, "headers.From"));
    let shown_to = own(spec, "To").map(|own| mailboxes(message, own, "headers.To"));
    let mut letter = Letter::builder()
        .envelope(envelope.clone())
        .mailbox(header::From::from(shown_from.transpose()?.unwrap_or(from)))
        .mailbox(header::To::from(shown_to.transpose()?.unwrap_or(to)))
        .subject(one_line(&subject))
        .date(SystemTime::from(message.now()))
        .message_id(Some(id.clone()));
    let mut odd = String::new();
    for (name, template) in &spec.headers {
        if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) {
            continue;
        }
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(refused(&format!("`headers`: {name:?} is not a header's name")));
        }
        let value = message.text(template)?;
        match HeaderName::new_from_ascii(name.clone()) {
            Ok(name) => letter = letter.raw_header(HeaderValue::new(name, one_line(&value))),
            Err(_) => odd.push_str(&odd_field(name, &value)),
        }
    }
    if let Some(root) = thread(spec, message) {
        letter = letter.raw_header(field("References", &root));
        letter = letter.raw_header(field("In-Reply-To", &root));
    }
    let letter = letter.multipart(parts(spec, message)?);
    let letter = letter.map_err(|error| refused(&error.to_string()))?;
    let bytes = [odd.into_bytes(), letter.formatted()].concat();
    Ok(Written { envelope, bytes, id })
}

/// Text first: the last one is what readers prefer (RFC 2046 section 5.1.4).
fn parts(spec: &Spec, message: &Message<'_>) -> Result<MultiPart, Setback> {
    let mut parts = Vec::new();
    if !spec.text.is_empty() {
        parts.push(SinglePart::plain(message.text(&spec.text)?));
    }
    if !spec.html.is_empty() {
        parts.push(SinglePart::html(message.html(&spec.html)?));
    }
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_else(|| SinglePart::plain(String::new()));
    let alternatives = MultiPart::alternative().singlepart(first);
    Ok(parts.fold(alternatives, MultiPart::singlepart))
}

/// The message that a group's messages all refer to, though nobody ever sent it: mail programs gather them under it. It has
/// Alertmanager's form, so that a conversation goes on when one takes the other's place.
fn thread(spec: &Spec, message: &Message<'_>) -> Option<String> {
    let day = match spec.threading.thread_by_date {
        ByDate::None => String::new(),
        ByDate::Daily => message.now().strftime("%Y-%m-%d").to_string(),
    };
    let group = hash(&message.notice.lane.group, 16);
    spec.threading.enabled.then(|| format!("<alert-{group}-{day}@alertmanager>"))
}

/// A header of the user's own.
fn own<'s>(spec: &'s Spec, name: &str) -> Option<&'s Template> {
    let mut headers = spec.headers.iter();
    headers.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, template)| template)
}

fn field(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), one_line(value))
}

/// A line with a name that is none, such as one with a space in it. Only an `alertmanager.yml` may say so, because
/// Alertmanager writes it as it stands.
fn odd_field(name: &str, value: &str) -> String {
    const PLACE: &str = "X-Place";
    let mut fields = header::Headers::new();
    fields.insert_raw(field(PLACE, value));
    let written = fields.to_string();
    format!("{name}{}", written.strip_prefix(PLACE).unwrap_or_default())
}

fn mailboxes(message: &Message<'_>, template: &Template, key: &str) -> Result<Mailboxes, Setback> {
    let text = message.text(template)?;
    Mailboxes::from_str(text.trim()).map_err(|error| refused(&format!("`{key}`: {error}")))
}

/// A header ends with its line: what a stranger's label brings must not begin another one.
fn one_line(text: &str) -> String {
    text.split(['\r', '\n'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The first digits of SHA-256.
fn hash(text: &str, digits: usize) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let mut hex = digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing into a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    hex.truncate(digits);
    hex
}

fn refused(why: &str) -> Setback {
    Setback::refused(SendReason::Other, why)
}
