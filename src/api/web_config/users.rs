//! Who may ask: bcrypt, once per password, and never in the way of anything else.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::{constant_time, digest, error::Unspecified, hmac, rand};
use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::Semaphore;

use crate::{
    clock::{self, Instant},
    model::Secret,
};

/// Hashes by name.
pub(super) type Hashes = BTreeMap<String, Secret>;

/// Passwords that wait for their turn; one is checked at a time, as in exporter-toolkit, so that whoever floods us with
/// wrong ones gets one core at most.
const WAITING: usize = 32;

/// How long one waits for its turn, and how long for the comparison then.
const TURN: Duration = Duration::from_secs(10);

/// Wrong passwords that are remembered, so that a client with an old one costs nothing.
const WRONG: usize = 256;

/// The users of a web configuration, and which passwords have been checked.
pub(super) struct Users {
    hashes: Hashes,
    key: hmac::Key,
    checked: Arc<Mutex<Checked>>,
    turn: Arc<Semaphore>,
    waiting: Semaphore,
}

/// What to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nobody need say who he is, or he did.
    Welcome,
    /// He did not.
    Unknown,
    /// There was no time to find out.
    Busy,
}

/// Of passwords that were checked only keyed hashes are kept, and the key is never written down.
#[derive(Default)]
struct Checked {
    /// The right one of a user: no flood of wrong ones drives it out.
    right: HashMap<String, Mark>,
    /// The last wrong ones.
    wrong: VecDeque<Mark>,
}

impl Checked {
    fn note(&mut self, user: String, mark: Mark, right: bool) -> Answer {
        if right {
            self.right.insert(user, mark);
            return Answer::Welcome;
        }
        if self.wrong.len() >= WRONG {
            self.wrong.pop_front();
        }
        self.wrong.push_back(mark);
        Answer::Unknown
    }
}

type Mark = [u8; digest::SHA256_OUTPUT_LEN];

/// What a request says about who it is from.
struct Claim {
    user: String,
    password: SecretSlice<u8>,
}

impl Users {
    /// # Errors
    /// This machine gives no random numbers for the key.
    pub(super) fn new(hashes: Hashes) -> Result<Self, Unspecified> {
        Ok(Self {
            hashes,
            key: hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new())?,
            checked: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Semaphore::new(WAITING),
        })
    }

    /// Whether they are the same, with the same hashes.
    pub(super) fn are(&self, others: &Self) -> bool {
        self.hashes == others.hashes
    }

    /// Whether the request may go on.
    pub(super) async fn ask(&self, headers: &HeaderMap) -> Answer {
        if self.hashes.is_empty() {
            return Answer::Welcome;
        }
        let Some(claim) = Claim::read(headers) else { return Answer::Unknown };
        let mark = self.mark(&claim);
        match self.known(&claim.user, &mark) {
            Some(answer) => answer,
            None => self.check(claim, mark).await,
        }
    }

    async fn check(&self, claim: Claim, mark: Mark) -> Answer {
        let Ok(_waiting) = self.waiting.try_acquire() else { return Answer::Busy };
        let turn = Arc::clone(&self.turn).acquire_owned();
        let Ok(Ok(turn)) = clock::timeout_at(Instant::now() + TURN, turn).await else {
            return Answer::Busy;
        };
        // Whoever had the turn before may have asked the same.
        if let Some(answer) = self.known(&claim.user, &mark) {
            return answer;
        }
        let Claim { user, password } = claim;
        let hash = self.hashes.get(&user);
        let exists = hash.is_some();
        let Some(hash) = hash.or_else(|| self.stand_in(&user)).cloned() else {
            return Answer::Unknown;
        };
        let checked = Arc::clone(&self.checked);
        let verified = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even when the client has gone; what came of it is known when he asks again.
            let _turn = turn;
            let fits = bcrypt::verify(password.expose_secret(), hash.expose()).unwrap_or(false);
            checked.lock().note(user, mark, exists && fits)
        });
        // Waited for whoever it is: an answer that comes sooner would tell which names there are.
        let verified = clock::timeout_at(Instant::now() + TURN, verified).await;
        verified.map_or(Answer::Busy, |answer| answer.unwrap_or(Answer::Unknown))
    }

    /// The hash an unknown user's password is compared with, always the same for the same name: costs differ from user
    /// to user, and nobody shall see by the time it takes which names there are.
    fn stand_in(&self, user: &str) -> Option<&Secret> {
        let tag = hmac::sign(&self.key, user.as_bytes());
        let number = tag.as_ref().iter().take(4).fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        self.hashes.values().nth(number % self.hashes.len())
    }

    fn known(&self, user: &str, mark: &Mark) -> Option<Answer> {
        let same = |own: &Mark| constant_time::verify_slices_are_equal(own, mark).is_ok();
        let checked = self.checked.lock();
        if checked.right.get(user).is_some_and(same) {
            return Some(Answer::Welcome);
        }
        checked.wrong.iter().any(same).then_some(Answer::Unknown)
    }

    fn mark(&self, claim: &Claim) -> Mark {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&claim.user.len().to_be_bytes());
        context.update(claim.user.as_bytes());
        context.update(claim.password.expose_secret());
        let mut mark = Mark::default();
        mark.copy_from_slice(context.sign().as_ref());
        mark
    }
}

impl Claim {
    /// RFC 7617: `Basic`, in any case, and `user:password` in base64.
    fn read(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::AUTHORIZATION)?.as_bytes();
        let (scheme, encoded) = value.split_at_checked("Basic ".len())?;
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return None;
        }
        let decoded = SecretSlice::from(STANDARD.decode(encoded).ok()?);
        let decoded = decoded.expose_secret();
        let colon = memchr::memchr(b':', decoded)?;
        let user = std::str::from_utf8(&decoded[..colon]).ok()?.to_owned();
        Some(Self { user, password: SecretSlice::from(decoded[colon + 1..].to_vec()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(pairs: &[(&str, &str)]) -> Hashes {
        let hash = |password: &str| Secret::new(bcrypt::hash(password, 4).unwrap());
        pairs.iter().map(|(user, password)| ((*user).to_owned(), hash(password))).collect()
    }

    fn headers(user: &str, password: &str) -> HeaderMap {
        let value = format!("basic {}", STANDARD.encode(format!("{user}:{password}")));
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[tokio::test]
    async fn right_wrong_and_unknown() {
        let users = Users::new(hashes(&[("alice", "a:b"), ("bob", "ü")])).unwrap();
        for _ in 0..2 {
            assert_eq!(users.ask(&headers("alice", "a:b")).await, Answer::Welcome);
            assert_eq!(users.ask(&headers("bob", "ü")).await, Answer::Welcome);
            assert_eq!(users.ask(&headers("alice", "ü")).await, Answer::Unknown);
            assert_eq!(users.ask(&headers("carol", "a:b")).await, Answer::Unknown);
        }
        assert_eq!(users.checked.lock().right.len(), 2);
        assert_eq!(users.checked.lock().wrong.len(), 2);
        assert_eq!(users.ask(&HeaderMap::new()).await, Answer::Unknown);
        for odd in ["Basic", "Basic !", "Bearer YTpi", "Basic YQ=="] {
            let odd = HeaderMap::from_iter([(header::AUTHORIZATION, odd.parse().unwrap())]);
            assert_eq!(users.ask(&odd).await, Answer::Unknown);
        }
    }

    #[tokio::test]
    async fn without_users_everybody_is_welcome() {
        assert_eq!(
            Users::new(Hashes::new()).unwrap().ask(&HeaderMap::new()).await,
            Answer::Welcome
        );
    }

    #[tokio::test]
    async fn a_flood_of_wrong_passwords_is_bounded_and_drives_no_right_one_out() {
        let users = Arc::new(Users::new(hashes(&[("alice", "right")])).unwrap());
        assert_eq!(users.ask(&headers("alice", "right")).await, Answer::Welcome);
        let flood = (0..WRONG + 100).map(|n| {
            let users = Arc::clone(&users);
            tokio::spawn(async move { users.ask(&headers("alice", &n.to_string())).await })
        });
        let flood: Vec<_> = flood.collect();
        let mut busy = 0;
        for one in flood {
            busy += usize::from(one.await.unwrap() == Answer::Busy);
        }
        assert!(busy > 0);
        assert!(users.checked.lock().wrong.len() <= WRONG);
        // Without a turn: it is known.
        let _turn = Arc::clone(&users.turn).acquire_owned().await.unwrap();
        assert_eq!(users.ask(&headers("alice", "right")).await, Answer::Welcome);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_in_vain_is_told_so_and_who_is_known_waits_for_nothing() {
        let users = Arc::new(Users::new(hashes(&[("alice", "right")])).unwrap());
        assert_eq!(users.ask(&headers("alice", "right")).await, Answer::Welcome);
        let turn = Arc::clone(&users.turn).acquire_owned().await.unwrap();
        let ask = |password: String| {
            let users = Arc::clone(&users);
            tokio::spawn(async move { users.ask(&headers("alice", &password)).await })
        };
        let began = Instant::now();
        let flood: Vec<_> = (0..WAITING).map(|n| ask(n.to_string())).collect();
        // Every place is taken: one more has none, and the password that was checked needs none.
        tokio::task::yield_now().await;
        assert_eq!(users.waiting.available_permits(), 0);
        assert_eq!(users.ask(&headers("alice", "one more")).await, Answer::Busy);
        assert_eq!(users.ask(&headers("alice", "right")).await, Answer::Welcome);
        assert_eq!(Instant::now(), began);
        for one in flood {
            assert_eq!(one.await.unwrap(), Answer::Busy);
        }
        assert_eq!(Instant::now() - began, TURN);
        // None of them was held to be wrong.
        assert!(users.checked.lock().wrong.is_empty());
        drop(turn);
        assert_eq!(users.ask(&headers("alice", "0")).await, Answer::Unknown);
    }

    #[tokio::test]
    async fn what_came_of_a_comparison_is_known_though_its_client_has_gone() {
        let users = Users::new(hashes(&[("alice", "right")])).unwrap();
        let request = headers("alice", "right");
        // Asked once and dropped, mostly long before the comparison is done.
        let _ = futures_util::FutureExt::now_or_never(users.ask(&request));
        // The turn is free when the comparison is done.
        let _turn = Arc::clone(&users.turn).acquire_owned().await.unwrap();
        assert_eq!(users.ask(&request).await, Answer::Welcome);
    }

    #[tokio::test]
    async fn nothing_of_a_password_is_kept() {
        let users = Users::new(hashes(&[("alice", "hunter2")])).unwrap();
        assert_eq!(users.ask(&headers("alice", "hunter2")).await, Answer::Welcome);
        assert_eq!(users.ask(&headers("alice", "hunter3")).await, Answer::Unknown);
        let others = Users::new(users.hashes.clone()).unwrap();
        let claim = Claim::read(&headers("alice", "hunter2")).unwrap();
        assert_ne!(users.mark(&claim), others.mark(&claim), "the key is another in every process");
    }

    #[tokio::test]
    async fn an_unknown_name_is_answered_when_a_password_has_been_compared() {
        let users = Users::new(hashes(&[("alice", "a"), ("bob", "b")])).unwrap();
        for (name, password) in [("alice", "wrong"), ("carol", "a"), ("", "b")] {
            let asked = users.ask(&headers(name, password)).await;
            // The comparison has had the turn and given it back.
            assert_eq!((asked, users.turn.available_permits()), (Answer::Unknown, 1), "{name}");
        }
    }

    #[test]
    fn every_name_has_a_hash_to_be_compared_with() {
        let users = Users::new(hashes(&[("alice", "a"), ("bob", "b")])).unwrap();
        for name in ["", "carol", "dave"] {
            assert_eq!(users.stand_in(name), users.stand_in(name));
            assert!(users.stand_in(name).is_some());
        }
    }
}
