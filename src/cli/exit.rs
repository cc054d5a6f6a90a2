use std::process::ExitCode;

/// What the process says to whoever started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done; a target is up; a signal ended the daemon.
    Ok,
    /// A fault at run time; a target is down.
    Fatal,
    /// The arguments make no sense.
    Usage,
    /// A probe could not tell: a local fault.
    CouldNotTell,
    /// The configuration is wrong (`EX_CONFIG` of sysexits.h).
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Fatal => 1,
            Exit::Usage => 2,
            Exit::CouldNotTell => 3,
            Exit::Config => 78,
        })
    }
}
