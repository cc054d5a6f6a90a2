use std::str::FromStr;

use axum::http::HeaderValue;
use url::form_urlencoded;

/// Where a page ended: the row's name, and its position for when it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) position: usize,
    pub(super) name: u64,
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (position, name) = text.split_once('-').ok_or(())?;
        let name = u64::from_str_radix(name, 16).map_err(|_| ())?;
        Ok(Self { position: position.parse().map_err(|_| ())?, name })
    }
}

impl Cursor {
    /// `Link: <?...&cursor=...>; rel="next"`, relative to what was asked (RFC 8288).
    pub(super) fn link(self, query: Option<&str>) -> Option<HeaderValue> {
        let asked = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut next = form_urlencoded::Serializer::new(String::new());
        next.extend_pairs(asked.filter(|(name, _)| name != "cursor"));
        next.append_pair("cursor", &format!("{}-{:x}", self.position, self.name));
        HeaderValue::try_from(format!("<?{}>; rel=\"next\"", next.finish())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_with_the_rest_of_the_question() {
        let cursor = Cursor { position: 7, name: 0xab };
        assert_eq!("7-ab".parse(), Ok(cursor));
        assert_eq!(
            cursor.link(Some("filter=a%3D%22b%22&cursor=1-2&limit=5")).unwrap(),
            "<?filter=a%3D%22b%22&limit=5&cursor=7-ab>; rel=\"next\""
        );
        for text in ["", "7", "x-1", "7-", "-", "7-xyz"] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }
}
