use std::time::Duration;

use crate::compat::go_number;

/// The header in which Prometheus says after how many seconds it gives the scrape up.
pub const TIMEOUT_HEADER: &str = "X-Prometheus-Scrape-Timeout-Seconds";

/// What counts as the header where there is none, or where it is 0: blackbox_exporter's own number, in seconds.
const WITHOUT_HEADER: f64 = 120.0;

/// No deadline is further away than this, whatever the header says.
const LONGEST: Duration = Duration::from_hours(24);

/// Why a header gives no timeout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeoutError {
    /// It is no number; in the words of Go's library.
    #[error("strconv.ParseFloat: parsing {0:?}: {1}")]
    NotANumber(String, go_number::Unread),
    /// It is a number no wait can have: blackbox_exporter lets such a probe die at once.
    #[error("{0:?} is no time to wait")]
    NoTime(String),
}

/// How long the probe of one request may take.
///
/// The header's time less `offset` seconds, so that the answer is there before Prometheus gives up, or the module's own
/// timeout where that is shorter. Unlike blackbox_exporter's it is never 0 and never longer than the header: from an
/// offset that would eat more than half of a short header, half is left.
///
/// # Errors
/// When the header is no number, or one that no wait can have.
pub fn timeout(
    header: Option<&str>,
    module: Option<Duration>,
    offset: f64,
) -> Result<Duration, TimeoutError> {
    let scrape = match header.filter(|text| !text.is_empty()) {
        None => WITHOUT_HEADER,
        Some(text) => seconds(text)?,
    };
    // `max` first: it makes a NaN of the flag a zero.
    let offset = offset.max(0.0).min(scrape / 2.0);
    let most = Duration::try_from_secs_f64(scrape - offset).unwrap_or(LONGEST);
    let most = most.clamp(Duration::from_nanos(1), LONGEST);
    Ok(module.filter(|own| !own.is_zero()).map_or(most, |own| own.min(most)))
}

fn seconds(text: &str) -> Result<f64, TimeoutError> {
    let number =
        go_number::float(text).map_err(|why| TimeoutError::NotANumber(shortened(text), why))?;
    if number == 0.0 {
        return Ok(WITHOUT_HEADER);
    }
    if number.is_finite() && number > 0.0 {
        Ok(number)
    } else {
        Err(TimeoutError::NoTime(shortened(text)))
    }
}

/// A stranger wrote it.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(module: u64, header: Option<&str>) -> Result<u128, TimeoutError> {
        timeout(header, Some(Duration::from_millis(module)), 0.5).map(|left| left.as_millis())
    }

    /// The rows of blackbox_exporter's own table, then those where it lets the probe die or outlive the scrape.
    #[test]
    fn the_table() {
        for (module, header, wanted) in [
            (0, None, 119_500),
            (0, Some(""), 119_500),
            (0, Some("0"), 119_500),
            (0, Some("15"), 14_500),
            (5_000, Some("15"), 5_000),
            (5_000, Some("15.0"), 5_000),
            (20_000, Some("15"), 14_500),
            (10_000, Some("10"), 9_500),
            (9_500, Some("10"), 9_500),
            (9_501, Some("10"), 9_500),
            (10_000, None, 10_000),
            (120_000, None, 119_500),
            (0, Some("0.2"), 100),
            (1_500, Some("0.2"), 100),
            (50, Some("0.2"), 50),
            (0, Some("0.5"), 250),
            (0, Some("1e9"), LONGEST.as_millis()),
            (0, Some("0x1p2"), 3_500),
            (0, Some("1_0"), 9_500),
        ] {
            assert_eq!(ms(module, header), Ok(wanted), "module {module} ms, header {header:?}");
        }
        assert_eq!(timeout(Some("3"), None, 0.5), Ok(Duration::from_millis(2500)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["NaN", "nan", "inf", "-1", "-Inf"] {
            assert!(matches!(ms(0, Some(text)), Err(TimeoutError::NoTime(_))), "{text}");
        }
        for text in ["ten", "10s", "1,5", " ", "1e999"] {
            assert!(matches!(ms(0, Some(text)), Err(TimeoutError::NotANumber(..))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_nothing_and_never_beyond_the_scrape(
            header in 1e-12..1e6_f64,
            module in 0..1_000_000_u64,
            offset in proptest::num::f64::ANY,
        ) {
            let module = Some(Duration::from_millis(module));
            let left = timeout(Some(&header.to_string()), module, offset).unwrap();
            prop_assert!(!left.is_zero());
            prop_assert!(left.as_secs_f64() <= header.max(1e-9) * (1.0 + 1e-9));
        }
    }
}
