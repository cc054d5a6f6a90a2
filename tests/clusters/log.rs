//! What was logged while a test ran.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::Once,
};

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lines of this thread: of a test, and of the watches if they run there.
pub(crate) struct Log;

/// Writes to the lines of the thread that logs.
struct Lines;

impl Log {
    /// From now on: warnings, and what is told of that goes well.
    ///
    /// One subscriber for all threads: those that have none of their own would switch off for all what they meet first.
    pub(crate) fn start() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::INFO)
                .with_ansi(false)
                .with_writer(|| Lines)
                .init();
        });
        LINES.with_borrow_mut(Vec::clear);
        Self
    }

    /// Lines that contain all these words.
    #[expect(clippy::unused_self, reason = "there are lines only after a start")]
    pub(crate) fn lines(&self, words: &[&str]) -> Vec<String> {
        let text = LINES.with_borrow(|lines| String::from_utf8(lines.clone()).unwrap());
        let fits = |line: &&str| words.iter().all(|word| line.contains(word));
        text.lines().filter(fits).map(str::to_owned).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
