//! What goes to standard output.

use std::io::{self, ErrorKind, Write};

use super::exit::Exit;

/// Writes the manual page of a command, in roff.
pub(super) fn manual(command: clap::Command) -> Exit {
    let mut page = Vec::new();
    match clap_mangen::Man::new(command).render(&mut page) {
        Ok(()) => show(&String::from_utf8_lossy(&page)),
        Err(_) => Exit::Fatal,
    }
}

/// Writes the text. A reader that has seen enough (`| head`) is no fault of anybody's.
pub(super) fn show(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            eprintln!("cannot write: {error}");
            Exit::Fatal
        }
    }
}
