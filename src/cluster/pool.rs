//! Values that many objects share are held once: names of nodes and images, reasons, whole pod templates.

use std::{
    borrow::Borrow,
    collections::HashSet,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::{Arc, LazyLock},
};

use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, de};

/// What can be pooled: each type has one pool for the whole process, so clusters share what they have in common.
pub trait Pooled: Hash + Eq + Send + Sync + 'static {
    /// The pool of this type.
    fn pool() -> &'static Pool<Self>;
}

/// The distinct values in use.
pub struct Pool<T: ?Sized>(LazyLock<Mutex<Held<T>>>);

struct Held<T: ?Sized> {
    values: HashSet<Arc<T>>,
    /// With so many values it is time to look for those that nobody uses any more.
    sweep_at: usize,
}

/// The smallest pool that is worth a sweep.
const FIRST_SWEEP: usize = 1024;

impl<T: ?Sized + Pooled> Pool<T> {
    /// An empty pool.
    #[allow(clippy::new_without_default, reason = "a pool is a static, and those want a constant")]
    pub const fn new() -> Self {
        Self(LazyLock::new(|| Mutex::new(Held { values: HashSet::new(), sweep_at: FIRST_SWEEP })))
    }

    fn get<V>(&self, value: V) -> Shared<T>
    where
        V: Borrow<T> + Into<Arc<T>>,
    {
        let mut held = self.0.lock();
        if let Some(known) = held.values.get(value.borrow()) {
            return Shared(Arc::clone(known));
        }
        if held.values.len() >= held.sweep_at {
            // Twice what is left: the cost of sweeping is spread over as many new values as it looks at.
            held.values.retain(|value| Arc::strong_count(value) > 1);
            held.sweep_at = (held.values.len() * 2).max(FIRST_SWEEP);
        }
        let value: Arc<T> = value.into();
        held.values.insert(Arc::clone(&value));
        Shared(value)
    }
}

/// A pooled value. Equal values are the same allocation, so comparing is comparing pointers.
pub struct Shared<T: ?Sized + Pooled>(Arc<T>);

impl<T: ?Sized + Pooled> Shared<T> {
    /// The one allocation of a value.
    pub fn new<V: Borrow<T> + Into<Arc<T>>>(value: V) -> Self {
        T::pool().get(value)
    }
}

impl<T: ?Sized + Pooled> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized + Pooled> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + Pooled> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: ?Sized + Pooled> Eq for Shared<T> {}

impl<T: ?Sized + Pooled> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(Arc::as_ptr(&self.0).cast::<()>(), state);
    }
}

impl<T: ?Sized + Pooled + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Gives types a pool.
macro_rules! pooled {
    ($($kept:ty),+ $(,)?) => {$(
        impl $crate::cluster::pool::Pooled for $kept {
            fn pool() -> &'static $crate::cluster::pool::Pool<Self> {
                static POOL: $crate::cluster::pool::Pool<$kept> = $crate::cluster::pool::Pool::new();
                &POOL
            }
        }
    )+};
}
pub(super) use pooled;

/// A text that many objects have: a namespace, a node, an image, a reason.
pub(super) type Word = Shared<str>;

pooled!(str);

impl Default for Word {
    fn default() -> Self {
        static EMPTY: LazyLock<Word> = LazyLock::new(|| Word::new(""));
        EMPTY.clone()
    }
}

/// `null` is the empty text, as Go has it.
impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordVisitor)
    }
}

struct WordVisitor;

impl de::Visitor<'_> for WordVisitor {
    type Value = Word;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
        Ok(if text.is_empty() { Word::default() } else { Word::new(text) })
    }
    fn visit_unit<E: de::Error>(self) -> Result<Word, E> {
        Ok(Word::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_those_without_a_user_are_forgotten() {
        let (one, other) = (Word::new("node-1"), Word::new("node-1"));
        assert!(one == other && one != Word::new("node-2"));
        for at in 0..FIRST_SWEEP * 4 {
            drop(Word::new(format!("once-{at}").as_str()));
        }
        let held = str::pool().0.lock();
        assert!(held.values.len() <= held.sweep_at && held.sweep_at < FIRST_SWEEP * 4);
        assert!(held.values.contains("node-1"), "{one:?}");
    }

    #[test]
    fn null_is_the_empty_text() {
        assert_eq!(serde_json::from_str::<Word>("null").unwrap(), Word::default());
        assert_eq!(&*serde_json::from_str::<Word>("\"a\\nb\"").unwrap(), "a\nb");
        assert!(serde_json::from_str::<Word>("{}").is_err());
    }
}
