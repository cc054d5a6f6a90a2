//! From the text of a `blackbox.yml` to its modules, or to all that is wrong with it.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    Module, Modules, Prober, codes,
    file::{self, File},
    native,
};
use crate::compat::{
    decode::{self, Field, Reader, quoted},
    yaml::Version,
};
use crate::model::{CheckId, CheckSettings, Diagnostic, Severity};

/// A file that was read.
pub(super) struct Reading {
    pub(super) modules: Modules,
    /// What the modules were made of.
    pub(super) parts: Vec<Part>,
}

/// One module of the file, with a prober that we know.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) prober: Prober,
    pub(super) module: file::Module,
}

impl Modules {
    /// Reads the text of a `blackbox.yml`. `file` is its name in diagnostics; nothing is opened.
    ///
    /// # Errors
    /// Every mistake, and the warnings among them, in the order of the file.
    pub fn read(text: &str, file: &Path) -> Result<Self, Vec<Diagnostic>> {
        Ok(Reading::of(text, file)?.modules)
    }
}

impl Reading {
    /// # Errors
    /// As [`Modules::read`].
    pub(super) fn of(text: &str, file: &Path) -> Result<Self, Vec<Diagnostic>> {
        let document = decode::document(text, file, &file::DIALECT)?;
        let mut reader = Reader::new(&document, file, &file::DIALECT);
        let mut found = File::default();
        reader.read_all(&mut found);
        let modules = Modules { shown: shown(&found), ..Modules::default() };
        let mut reading = Self { modules, parts: Vec::new() };
        for (name, module) in found.modules.0 {
            reading.add(&mut reader, name, module);
        }
        let diagnostics = reader.into_diagnostics();
        if diagnostics.iter().any(|one| one.severity == Severity::Error) {
            return Err(diagnostics);
        }
        reading.modules.warnings = diagnostics;
        Ok(reading)
    }

    fn add(&mut self, reader: &mut Reader<'_>, name: String, module: file::Module) {
        let path = format!("modules.{}", quoted(&name));
        // What is wrong in itself has been told; what would follow from it says nothing new.
        if reader.is_broken(&path) {
            return;
        }
        let word = module.prober.lossy().into_owned();
        let Some(prober) = Prober::ALL.iter().copied().find(|prober| prober.word() == word) else {
            unknown_prober(reader, &path, &word);
            self.modules.unknown_probers.insert(name, word.into());
            return;
        };
        native::warnings(reader, &path, prober, &module);
        let native = native::compile(prober, &module);
        for remark in &native.remarks {
            let at = format!("{path}.{}", remark.field);
            let message = format!("{}: {}", file::subject(&at), remark.message);
            reader.note(remark.code, &at, message, None);
        }
        match compiled(&name, prober, &module, native) {
            Ok((compiled, against)) => {
                if let Some(why) = against {
                    let message = format!("{}: {why}; every probe will fail", file::subject(&path));
                    reader.note(codes::BROKEN_MODULE, &path, message, None);
                }
                self.modules.modules.insert(name.clone(), Arc::new(compiled));
                self.parts.push(Part { name, prober, module });
            }
            Err(why) => {
                let message = format!("{}: {why}", file::subject(&path));
                reader.note(codes::BAD_VALUE, &path, message, None);
            }
        }
    }
}

impl Prober {
    /// Every prober, `websocket` of blackbox_exporter's master among them.
    pub const ALL: [Self; 7] =
        [Self::Http, Self::Tcp, Self::Dns, Self::Icmp, Self::Grpc, Self::Unix, Self::Websocket];
}

/// As `/config` shows it: the deprecated flag is replaced by its successor.
fn shown(found: &File) -> Arc<str> {
    let mut found = found.clone();
    for (_, module) in &mut found.modules.0 {
        module.http.no_follow_redirects = None;
    }
    found.show().write(Version::V3).into()
}

fn unknown_prober(reader: &mut Reader<'_>, path: &str, word: &str) {
    let message = if word.is_empty() {
        format!("{} names no prober: every probe of it is answered with 400", file::subject(path))
    } else {
        format!(
            "{}: unknown prober `{word}`; every probe of it is answered with 400",
            file::subject(path)
        )
    };
    let words = Prober::ALL.map(Prober::word);
    let near = crate::model::suggest::did_you_mean(word, words);
    let hint = near.or_else(|| Some(format!("it is one of {}", words.join(", "))));
    reader.note(codes::BROKEN_MODULE, &format!("{path}.prober"), message, hint);
}

/// The module, and what its kind's parser has against it, if blackbox_exporter would find out at each probe only.
fn compiled(
    name: &str,
    prober: Prober,
    module: &file::Module,
    native: native::Native,
) -> Result<(Module, Option<String>), String> {
    let known = native.broken.is_some();
    let (spec, against) = match native.spec() {
        Ok(spec) => (spec, None),
        Err(why) => (native.least()?, Some(why).filter(|_| !known)),
    };
    let mut settings = CheckSettings::new(CheckId::new(name), spec.kind(), "", "");
    native.settings(&mut settings);
    let mut shown = module.clone();
    shown.http.no_follow_redirects = None;
    let mut headers = module.http.headers.iter();
    let host = headers.find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let http = prober == Prober::Http;
    let cel = [
        &module.http.fail_if_body_json_matches_cel,
        &module.http.fail_if_body_json_not_matches_cel,
    ];
    let timeout = u64::try_from(module.timeout.0).ok().filter(|nanos| *nanos > 0);
    let module = Module {
        name: name.into(),
        prober,
        timeout: timeout.map(Duration::from_nanos),
        spec: Arc::new(spec),
        settings,
        shown: shown.show().write(Version::V2).into(),
        host: host.filter(|_| http).map(|(_, value)| value.lossy().into_owned()),
        has_cel: http && cel.iter().any(|rule| rule.is_some()),
        query_parameters: prober == Prober::Dns && module.dns.allow_query_parameters,
        broken: native.broken.or_else(|| against.clone()).map(Into::into),
    };
    Ok((module, against))
}
