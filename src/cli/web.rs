use std::path::PathBuf;

use clap::Args as Arguments;

/// The flags of exporter-toolkit, the same in every personality.
#[derive(Debug, Clone, Default, Arguments)]
pub(super) struct Web {
    /// Where to listen, ADDRESS:PORT, :PORT or vsock://:PORT; repeat for several
    /// [default: 0.0.0.0:10070] [env: NOROSHI__WEB__LISTEN_ADDRESS]
    #[arg(
        long = "web.listen-address",
        value_name = "ADDRESS",
        help_heading = "Web",
        verbatim_doc_comment
    )]
    pub(super) listen_address: Vec<String>,

    /// Serve on the sockets systemd passed instead of on --web.listen-address
    /// [default: false] [env: NOROSHI__WEB__SYSTEMD_SOCKET]
    #[arg(long = "web.systemd-socket", help_heading = "Web", verbatim_doc_comment)]
    pub(super) systemd_socket: bool,

    /// The file that switches on TLS, users, headers and a rate limit, as exporter-toolkit has it
    /// [default: none] [env: NOROSHI__WEB__CONFIG_FILE]
    #[arg(
        // Not that of --config.file.
        id = "web_config_file",
        long = "web.config.file",
        value_name = "PATH",
        help_heading = "Web",
        verbatim_doc_comment
    )]
    pub(super) config_file: Option<PathBuf>,
}

impl Web {
    /// These flags, and the others where these say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        let none = self.listen_address.is_empty();
        Self {
            listen_address: if none { other.listen_address } else { self.listen_address },
            systemd_socket: self.systemd_socket || other.systemd_socket,
            config_file: self.config_file.or(other.config_file),
        }
    }
}
