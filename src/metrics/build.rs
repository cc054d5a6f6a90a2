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
    features: "",
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
}
