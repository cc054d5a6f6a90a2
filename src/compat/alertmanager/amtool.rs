use std::path::Path;

use toml::Table;

use super::file;
use crate::{
    compat::{
        client::{Client, options::Options},
        decode::{Dialect, Reader},
        go_path,
        yaml::Document,
    },
    model::Severity,
};

/// How a file is read that holds nothing else; its mistakes have the names that they have in an `alertmanager.yml`.
static DIALECT: Dialect = Dialect { elsewhere: |_, _| None, ..file::DIALECT };

/// Reads the text of amtool's `--http.config.file`, credentials and TLS of a client, to our own table of it. Files that it
/// names are below the folder of `path`; nothing is opened.
///
/// # Errors
/// Its mistakes, and what of it cannot work here, one a line. None holds a secret.
pub fn http_options(text: &str, path: &Path) -> Result<Table, String> {
    let place = |line: usize, column: usize| format!("{}:{line}:{column}", path.display());
    let document = Document::parse(text).map_err(|wrong| {
        format!("{}: {}", place(wrong.place.line, wrong.place.column), wrong.message)
    })?;
    // Nothing said is the default of everything.
    let Some(document) = document else { return Ok(Table::new()) };
    let mut reader = Reader::new(&document, path, &DIALECT);
    let mut client = Client::default();
    reader.read(document.root(), &mut client);
    client.set_folder(&go_path::folder(&path.to_string_lossy()));
    let mistakes: Vec<String> = reader
        .into_diagnostics()
        .into_iter()
        .filter(|one| one.severity == Severity::Error)
        .map(|one| match one.span {
            Some(span) => format!("{}: {}", place(span.line, span.column), one.message),
            None => one.message,
        })
        .collect();
    if !mistakes.is_empty() {
        return Err(mistakes.join("\n"));
    }
    Options::whole(&client).map_err(|why| format!("{}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_becomes_our_table() {
        let text = "basic_auth: {username: me, password_file: pass}\ntls_config: {ca_file: ca.pem, server_name: am}\n";
        let table = http_options(text, Path::new("/etc/amtool/http.yml")).unwrap();
        assert_eq!(table["basic_auth"]["password_file"].as_str(), Some("/etc/amtool/pass"));
        assert_eq!(table["tls"]["ca_file"].as_str(), Some("/etc/amtool/ca.pem"));
        assert_eq!(table["follow_redirects"].as_bool(), Some(true));
        assert_eq!(http_options("# nothing\n", Path::new("a")).unwrap(), Table::new());
        for (text, words) in [
            ("basic_auth: [hunter2", "http.yml:1:"),
            ("basic_auht: {password: hunter2}", "basic_auht"),
            ("basic_auth: {password: hunter2, password_file: x}", "password"),
        ] {
            let wrong = http_options(text, Path::new("http.yml")).unwrap_err();
            assert!(wrong.contains(words) && !wrong.contains("hunter2"), "{wrong}");
        }
    }
}
