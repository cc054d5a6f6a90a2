//! Waiting for something to become true, and no longer than that.

use std::time::Duration;

/// How long a test waits for what must happen: 10 s, or as many as `NOROSHI_PATIENCE` says. Only a failing test waits so
/// long, so a slow machine may be given a lot.
pub fn patience() -> Duration {
    let seconds = std::env::var("NOROSHI_PATIENCE").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

/// `eventually!(condition)` looks again and again until the condition holds, and panics with it when patience has run
/// out. `eventually!(condition, "{}", why)` says why. `eventually!(some option)` is the value, once there is one.
macro_rules! eventually {
    (some $option:expr $(, $($why:tt)+)?) => {{
        let deadline = std::time::Instant::now() + $crate::support::patience::patience();
        loop {
            if let Some(value) = $option {
                break value;
            }
            let why = || -> String { String::new() $(+ &format!($($why)+))? };
            assert!(std::time::Instant::now() < deadline, "never: {} {}", stringify!($option), why());
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }};
    ($condition:expr $(, $($why:tt)+)?) => {
        $crate::support::eventually!(some ($condition).then_some(()) $(, $($why)+)?)
    };
}
pub(crate) use eventually;
