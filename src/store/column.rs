//! How values of the model stand in columns.

use jiff::Timestamp;
use rusqlite::{
    Error, Result,
    types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef},
};
use serde::{
    Serialize,
    de::{self, DeserializeOwned, IntoDeserializer},
};

use crate::model::Overlays;

/// A time, as microseconds since 1970.
///
/// Text of RFC 3339 would be read without help, but costs four times the bytes in every row and index, and a new alert
/// has only microseconds to spend; the views of the schema show it as text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Micros(pub(super) Timestamp);

impl ToSql for Micros {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for Micros {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let micros = value.as_i64()?;
        // The last microsecond of the calendar cannot be read back: somebody silenced something for ever.
        let end = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
        Ok(Self(Timestamp::from_microsecond(micros).unwrap_or(end)))
    }
}

/// A structure, as JSON: SQLite's own operators reach into it.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        text.map(Into::into).map_err(|error| Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// Overlays, as the words of those that are on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words(pub(super) Overlays);

impl ToSql for Words {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let mut text = String::new();
        for word in self.0.words() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        Ok(text.into())
    }
}

impl FromSql for Words {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(Overlays::of_words(value.as_str()?.split(' '))))
    }
}

/// A word of a closed vocabulary that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no word of this version")]
pub(super) struct UnknownWord(pub(super) String);

/// A value by its word.
pub(super) fn by_word<T>(word: &str, find: impl FnOnce(&str) -> Option<T>) -> FromSqlResult<T> {
    find(word).ok_or_else(|| FromSqlError::other(UnknownWord(word.to_owned())))
}

/// A value that serde knows by one word, as that word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<T>(pub(super) T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            Ok(other) => Err(Error::ToSqlConversionFailure(UnknownWord(other.to_string()).into())),
            Err(error) => Err(Error::ToSqlConversionFailure(error.into())),
        }
    }
}

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?.into_deserializer();
        T::deserialize(word).map(Self).map_err(|error: de::value::Error| FromSqlError::other(error))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn back(at: Timestamp) -> Timestamp {
        let micros = Micros(at);
        let written = micros.to_sql().unwrap();
        let ToSqlOutput::Owned(rusqlite::types::Value::Integer(micros)) = written else {
            panic!("{written:?}")
        };
        Micros::column_result(ValueRef::Integer(micros)).unwrap().0
    }

    #[test]
    fn the_ends_of_the_calendar_are_read_back() {
        assert_eq!(back(Timestamp::MAX), Timestamp::MAX);
        assert!(back(Timestamp::MIN) <= Timestamp::MIN + jiff::SignedDuration::from_micros(1));
    }

    proptest! {
        #[test]
        fn times_are_read_back(seconds in -377_705_023_201_i64..=253_402_207_200, nanos in 0..1_000_000_000_i32) {
            let Ok(at) = Timestamp::new(seconds, nanos) else { return Ok(()) };
            let gone = at.duration_since(back(at)).abs();
            prop_assert!(gone < jiff::SignedDuration::from_micros(1) || back(at) == Timestamp::MAX, "{at} {}", back(at));
        }
    }
}
