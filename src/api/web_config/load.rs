//! From the files to what can be put in force, and a fingerprint that tells whether they changed.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest::{self, Context, SHA256};
use axum::http::{HeaderName, HeaderValue};
use rustls::ServerConfig;

use super::{Problem, tls, users::Users};
use crate::compat::web_config::{self, Mistake, Pem, RateLimit, Tls, WebConfig};

/// The largest file read, in bytes; a whole system's bundle of roots is a quarter of it.
const LIMIT: u64 = 1 << 20;

/// What a look at the files gave.
pub(super) struct Loaded {
    pub(super) fingerprint: Fingerprint,
    /// The files the web configuration names.
    pub(super) named: Vec<PathBuf>,
    pub(super) result: Result<Ready, Vec<Problem>>,
}

/// All that can be made of right files.
pub(super) struct Ready {
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) users: Arc<Users>,
    pub(super) limit: Option<RateLimit>,
    pub(super) warnings: Vec<Problem>,
}

/// What the files hold, told apart by SHA-256. Times and sizes would miss a file that is replaced twice within a tick of
/// the file system's clock; a few kilobytes are read as fast as they are asked for their times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; digest::SHA256_OUTPUT_LEN]);

/// Reads everything.
pub(super) fn load(file: &Path) -> Loaded {
    let text = content(file);
    let mut named = Vec::new();
    let mut contents = vec![text];
    let read = match &contents[0] {
        Ok(text) => parse(text),
        Err(error) => Err(vec![Problem::whole(error.to_string())]),
    };
    let result = read.and_then(|read| {
        let folder = file.parent().unwrap_or(Path::new(""));
        named = read.config.files().map(|path| folder.join(path)).collect();
        contents.extend(named.iter().map(|path| content(path)));
        ready(read, folder, |path| {
            let at = named.iter().position(|own| own == path);
            at.and_then(|at| contents.get(at + 1)).map(Result::as_ref)
        })
    });
    Loaded { fingerprint: Fingerprint::of(&contents), named, result }
}

/// What these files hold now.
pub(super) fn fingerprint(file: &Path, named: &[PathBuf]) -> Fingerprint {
    let all = std::iter::once(file).chain(named.iter().map(PathBuf::as_path));
    Fingerprint::of(&all.map(content).collect::<Vec<_>>())
}

fn parse(text: &[u8]) -> Result<web_config::Read, Vec<Problem>> {
    let text = std::str::from_utf8(text).map_err(|_| vec![Problem::whole("it is not UTF-8")])?;
    web_config::read(text).map_err(|mistakes| mistakes.into_iter().map(Problem::from).collect())
}

/// The content of a file by its path.
type Contents<'c> = Option<Result<&'c Vec<u8>, &'c io::Error>>;

fn ready<'c>(
    read: web_config::Read,
    folder: &Path,
    contents: impl Fn(&Path) -> Contents<'c>,
) -> Result<Ready, Vec<Problem>> {
    let web_config::Read { config, warnings } = read;
    let mut warnings: Vec<Problem> = warnings.into_iter().map(Problem::from).collect();
    let WebConfig { tls, http2, headers, users, rate_limit } = config;
    let tls = tls.map(|tls| {
        let mut problems = Vec::new();
        let mut bytes = |pem: &Pem| match pem {
            Pem::Inline(text) => Some((text.expose().as_bytes().to_vec(), "inline".to_owned())),
            Pem::File(path) => {
                let path = folder.join(path);
                let shown = path.display().to_string();
                match contents(&path)? {
                    Ok(bytes) => Some((bytes.clone(), shown)),
                    Err(error) => {
                        problems.push(Problem::whole(format!("cannot read {shown}: {error}")));
                        None
                    }
                }
            }
        };
        let (cert, key) = (bytes(&tls.cert), bytes(&tls.key));
        let client_ca = tls.client_ca.as_ref().map(&mut bytes);
        let (Some(cert), Some(key), true) = (cert, key, client_ca != Some(None)) else {
            return Err(problems);
        };
        server(&tls, http2, cert, key, client_ca.flatten(), &mut warnings)
    });
    let users = Users::new(users)
        .map_err(|_| vec![Problem::whole("this machine gives no random numbers")])?;
    Ok(Ready {
        tls: tls.transpose()?,
        headers: headers.into_iter().filter_map(header).collect(),
        users: Arc::new(users),
        limit: rate_limit,
        warnings,
    })
}

/// A file's content and what it is called.
type Named = (Vec<u8>, String);

fn server(
    tls: &Tls,
    http2: bool,
    (cert, cert_name): Named,
    (key, key_name): Named,
    client_ca: Option<Named>,
    warnings: &mut Vec<Problem>,
) -> Result<Arc<ServerConfig>, Vec<Problem>> {
    let client_ca = client_ca.map(|(pem, name)| {
        let found = tls::certificates(&pem);
        if found.is_empty() {
            let words = format!("no certificate is in the client CA ({name}): it verifies nobody");
            warnings.push(Problem::whole(words));
        }
        found
    });
    let pems = tls::Material { cert: &cert, key: &key, client_ca };
    let built = tls::server(tls, http2, pems);
    built.map(Arc::new).map_err(|why| {
        vec![Problem::whole(format!("{why} (certificate: {cert_name}, key: {key_name})"))]
    })
}

/// The reader has checked both.
fn header((name, value): (&'static str, String)) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would be waited for without end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other(format!("it is larger than {LIMIT} bytes")));
    }
    Ok(bytes)
}

impl Fingerprint {
    fn of(contents: &[io::Result<Vec<u8>>]) -> Self {
        let mut context = Context::new(&SHA256);
        for content in contents {
            match content {
                Ok(bytes) => {
                    context.update(&bytes.len().to_be_bytes());
                    context.update(bytes);
                }
                Err(error) => context.update(error.to_string().as_bytes()),
            }
        }
        let mut fingerprint = [0; digest::SHA256_OUTPUT_LEN];
        fingerprint.copy_from_slice(context.finish().as_ref());
        Self(fingerprint)
    }
}

impl From<Mistake> for Problem {
    fn from(mistake: Mistake) -> Self {
        Self { place: Some((mistake.line, mistake.column)), message: mistake.message }
    }
}
