//! Email by SMTP.
//!
//! Contract: one connection per message, all of it within the attempt's deadline; a 4xx is tried again, a 5xx is not. The
//! story: [`letter`] is what is said, [`connection`] finds and secures the server, [`login`] opens the door.

mod connection;
mod cram_md5;
mod letter;
mod login;
mod problems;
mod spec;
mod starttls;
mod wire;

use std::time::Duration;

use lettre::transport::smtp::{self, client::AsyncSmtpConnection};

pub use spec::{ByDate, Spec, Threading};

use super::{
    masked::Masked,
    message::Message,
    setback::{Setback, failure},
};
use crate::{
    clock::{self, Instant},
    model::{Handle, SendReason},
};

/// How long the good-bye may take: the message is delivered by then.
const GOODBYE: Duration = Duration::from_secs(1);

/// One message on one connection.
async fn tell(spec: &Spec, message: &Message<'_>) -> Result<Option<Handle>, Setback> {
    let letter = letter::write(spec, message)?;
    let sending = async {
        let mut connection = connection::open(spec, message).await?;
        connection.login(spec, message.deadline).await?;
        let sent = connection.smtp.send(&letter.envelope, &letter.bytes).await;
        sent.map_err(|error| setback(&error, "the message", &connection.secrets))?;
        Ok::<_, Setback>(connection.smtp)
    };
    let mut smtp = clock::timeout_at(message.deadline, sending).await.map_err(|_| {
        Setback::retry(SendReason::DeadlineExceeded, "the SMTP server did not answer in time")
    })??;
    goodbye(&mut smtp, message.deadline).await;
    Ok(Some(Handle::new([("message_id", letter.id)])))
}

async fn goodbye(smtp: &mut AsyncSmtpConnection, deadline: Instant) {
    // What is answered to it changes nothing.
    let _ = clock::timeout_at(deadline.min(Instant::now() + GOODBYE), smtp.quit()).await;
}

/// What an error of a dialogue means: 4xx may be better later, 5xx will not. A server's words may repeat our secrets.
fn setback(error: &smtp::Error, about: &str, secrets: &Masked) -> Setback {
    let status = error.status().map(u16::from);
    let reason = match status {
        // Authentication required, too weak, failed, encryption required (RFC 4954 section 6).
        Some(530 | 534 | 535 | 538) => SendReason::AuthError,
        Some(500..=599) => SendReason::ClientError,
        Some(400..=499) => SendReason::ServerError,
        _ if error.is_client() => SendReason::ClientError,
        _ => SendReason::Other,
    };
    let failure = failure(reason, status, &secrets.hide(format!("{about}: {error}")));
    if error.is_permanent() || error.is_client() {
        return Setback::Refused(failure);
    }
    Setback::Retry { failure, after: None }
}
