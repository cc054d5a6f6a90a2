//! The token of a file. Our own, as the client's does not cut off the newline that `echo` and editors leave at the
//! end, and then no request can be sent at all.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::{HeaderValue, Request, header::AUTHORIZATION};
use parking_lot::Mutex;

use crate::clock::Instant;

/// A pod's token is replaced when a fifth of its time is left, ten minutes at least: it is read again well before it ends.
const READ_EACH: Duration = Duration::from_secs(30);

/// A file with a token.
#[derive(Clone)]
pub(super) struct TokenFile {
    file: Arc<PathBuf>,
    last: Arc<Mutex<Read>>,
}

struct Read {
    header: HeaderValue,
    at: Instant,
}

impl TokenFile {
    /// The token as it is now.
    ///
    /// # Errors
    /// Why there is none, without what the file holds.
    pub(super) fn open(file: PathBuf) -> Result<Self, String> {
        let last = Read { header: read(&file)?, at: Instant::now() };
        Ok(Self { file: Arc::new(file), last: Arc::new(Mutex::new(last)) })
    }

    /// A request that says who asks.
    pub(super) fn sign<B>(&self, mut request: Request<B>) -> Request<B> {
        request.headers_mut().insert(AUTHORIZATION, self.header());
        request
    }

    /// A file that cannot be read for a while, or is gone for good, leaves the token that it had: that is what other
    /// clients do (kubernetes/kubernetes#68164).
    fn header(&self) -> HeaderValue {
        let mut last = self.last.lock();
        if last.at.elapsed() >= READ_EACH {
            last.at = Instant::now();
            if let Ok(header) = read(&self.file) {
                last.header = header;
            }
        }
        last.header.clone()
    }
}

fn read(file: &PathBuf) -> Result<HeaderValue, String> {
    let name = file.display();
    let token = std::fs::read_to_string(file)
        .map_err(|error| format!("cannot read the token file {name}: {error}"))?;
    let token = token.trim();
    if token.is_empty() {
        return Err(format!("the token file {name} is empty"));
    }
    let mut header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| format!("the token file {name} holds what no token holds"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_is_read_again_without_its_newline_and_outlives_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "first\n").unwrap();
        let token = TokenFile::open(file.clone()).unwrap();
        let sent = || token.sign(Request::new(())).headers()[AUTHORIZATION].clone();
        assert_eq!(sent(), "Bearer first");
        assert!(sent().is_sensitive());

        std::fs::write(&file, "second\r\n").unwrap();
        assert_eq!(sent(), "Bearer first");
        tokio::time::advance(READ_EACH).await;
        assert_eq!(sent(), "Bearer second");

        std::fs::remove_file(&file).unwrap();
        tokio::time::advance(READ_EACH).await;
        assert_eq!(sent(), "Bearer second");
    }

    #[test]
    fn what_is_wrong_is_said_without_the_token() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        let why = || TokenFile::open(file.clone()).err().unwrap();
        assert!(why().contains("cannot read the token file"), "{}", why());
        std::fs::write(&file, " \n").unwrap();
        assert!(why().ends_with("is empty"), "{}", why());
        std::fs::write(&file, "se\ncret").unwrap();
        assert!(why().ends_with("holds what no token holds"), "{}", why());
    }
}
