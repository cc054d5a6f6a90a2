use prometheus_client::{metrics::info::Info, registry::Registry};

/// What this binary was built from.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// The crate's version.
    pub version: &'static str,
    /// The commit; `unknown` outside a repository, `debug` in a debug build.
    pub revision: &'static str,
    /// The compiler's version.
    pub rustc: &'static str,
    /// Cargo features that are on, by comma.
    pub features: &'static str,
}

/// This binary.
pub const BUILD: Build = Build {
    version: env!("CARGO_PKG_VERSION"),
    revision: env!("NOROSHI_REVISION"),
    rustc: env!("NOROSHI_RUSTC"),
    features: if cfg!(feature = "http3") { "http3" } else { "" },
};

impl Build {
    /// `noroshi_build_info`.
    pub(super) fn register(self, registry: &mut Registry) {
        let labels = vec![
            ("version", self.version),
            ("revision", self.revision),
            ("rustc", self.rustc),
            ("features", self.features),
        ];
        registry.register(
            "noroshi_build",
            "What this binary was built from; always 1",
            Info::new(labels),
        );
    }

    /// `PROGRAM_build_info` with the labels of Prometheus' own programs, for those who count versions by them. The Go
    /// version is that of the compiler we have.
    pub(super) fn register_as(self, program: &str, registry: &mut Registry) {
        let labels = vec![
            ("branch", "noroshi"),
            ("goarch", Self::architecture()),
            ("goos", std::env::consts::OS),
            ("goversion", self.rustc),
            ("revision", self.revision),
            ("tags", self.features),
            ("version", self.version),
        ];
        registry.register(
            format!("{program}_build"),
            "What the program that answers in its place was built from; always 1",
            Info::new(labels),
        );
    }

    /// The processor's name as Go spells it.
    pub fn architecture() -> &'static str {
        match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }
    }
}
