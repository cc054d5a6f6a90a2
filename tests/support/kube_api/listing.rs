//! Lists: whole or by pages, at one version from the first page to the last.

use std::io::Write;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::{Response, body::Frame};
use serde_json::{Value, json};

use super::{
    answer::{Answer, Call, text},
    request::{Asked, Form},
    seen::List,
    shape,
    status::Status,
    store::{From, Item, Key},
};

/// Items rendered at a time, and read at a time where a selector has to look at them.
const BATCH: usize = 200;
/// From so many bytes a real server compresses.
const WORTH_GZIP: usize = 128 * 1024;

/// By what the pages of one list are known.
pub fn name(asked: &Asked) -> String {
    let [fields, labels] = ["fieldSelector", "labelSelector"].map(|name| asked.query.get(name));
    format!("{}?{fields}&{labels}", asked.path)
}

/// Where a page begins, and at which version.
struct Start {
    version: u64,
    after: Option<Key>,
    /// No limit for those who take whatever is in the server's memory.
    limit: usize,
}

/// Answers a list.
pub fn list(call: &Call, mut begun: Option<List>) -> Result<Answer, Status> {
    let form = Form::accepted(&call.asked.accept, "PartialObjectMetadataList");
    let form = form.ok_or_else(Status::not_acceptable)?;
    let start = start(call)?;
    let page = page(call, &start);
    let mut metadata = json!({ "resourceVersion": start.version.to_string() });
    if let (Some(rest), Some(last)) = (page.rest, page.items.last()) {
        metadata["continue"] = token(i64::try_from(start.version).unwrap_or(-1), &last.key).into();
        if call.selector.is_empty() {
            metadata["remainingItemCount"] = rest.into();
        }
        if let Some(list) = &mut begun {
            list.goes_on = true;
        }
    }
    let resource = &call.resource;
    let (kind, api_version) = match form {
        Form::Whole => (format!("{}List", resource.kind), resource.api_version()),
        Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
    };
    let head = format!(
        r#"{{"kind":"{kind}","apiVersion":"{api_version}","metadata":{metadata},"items":["#
    );
    let gzip = call.asked.takes_gzip && call.shared.behaviour().gzip;
    let writer = Writer {
        resource: std::sync::Arc::clone(resource),
        form,
        items: page.items.into_iter(),
        head: Some(head),
        _begun: begun,
    };
    Ok(written(writer, gzip))
}

fn start(call: &Call) -> Result<Start, Status> {
    let query = &call.asked.query;
    if !query.get("sendInitialEvents").is_empty() {
        let why = "sendInitialEvents is forbidden for list";
        return Err(Status::option_forbidden("sendInitialEvents", why));
    }
    let (version, matching) = (query.version()?, query.get("resourceVersionMatch"));
    if version.is_none() && !matching.is_empty() {
        let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
        return Err(Status::option_forbidden("resourceVersionMatch", why));
    }
    let limit = query.number("limit")?.filter(|limit| *limit > 0);
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (current, oldest) = {
        let store = call.shared.store.lock();
        (store.version(), store.oldest(&call.resource.path()))
    };
    let token = query.get("continue");
    if !token.is_empty() {
        if version.is_some_and(|version| version > 0) {
            let words = "specifying resource version is not allowed when using continue";
            return Err(Status::bad_request(words));
        }
        let (version, key) = read_token(&token)?;
        // A token without a version goes on from there with what is now.
        let version = u64::try_from(version).unwrap_or(current);
        if version < oldest {
            return Err(Status::continue_too_old(&self::token(-1, &key)));
        }
        return Ok(Start { version, after: Some(key), limit });
    }
    match version {
        Some(version) if version > current => Err(Status::version_too_large(version, current)),
        Some(version) if matching == "Exact" && version < oldest => Err(Status::list_too_old()),
        Some(version) if matching == "Exact" => Ok(Start { version, after: None, limit }),
        Some(0) => Ok(Start { version: current, after: None, limit: usize::MAX }),
        _ => Ok(Start { version: current, after: None, limit }),
    }
}

struct Page {
    items: Vec<Item>,
    /// How many are left, if any; with a selector nobody counts them.
    rest: Option<usize>,
}

fn page(call: &Call, start: &Start) -> Page {
    let path = call.resource.path();
    let namespace = call.namespace.as_deref();
    let (mut items, mut after) = (Vec::new(), start.after.clone());
    loop {
        let from = From { namespace, version: start.version, after: after.as_ref() };
        let looks = !call.selector.is_empty();
        let wanted = if looks { BATCH } else { start.limit };
        let batch = call.shared.store.lock().page(&path, &from, wanted);
        let is_last = batch.len() < wanted;
        after = batch.last().map(|item| item.key.clone()).or(after);
        for item in batch {
            if call.selector.matches(&item.key, || item.body.text()) {
                if items.len() == start.limit {
                    return Page { items, rest: Some(0) };
                }
                items.push(item);
            }
        }
        if is_last {
            return Page { items, rest: None };
        }
        if !looks {
            let from = From { namespace, version: start.version, after: after.as_ref() };
            let rest = call.shared.store.lock().count(&path, &from);
            return Page { items, rest: (rest > 0).then_some(rest) };
        }
    }
}

/// As a server makes them: anybody may look into one, nobody should.
fn token(version: i64, (namespace, name): &Key) -> String {
    let token = json!({
        "v": "meta.k8s.io/v1",
        "rv": version,
        "start": format!("{namespace}/{name}\0"),
    });
    URL_SAFE_NO_PAD.encode(token.to_string())
}

fn read_token(token: &str) -> Result<(i64, Key), Status> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let token: Value = serde_json::from_slice(&bytes).ok()?;
        let (namespace, name) = token["start"].as_str()?.strip_suffix('\0')?.split_once('/')?;
        Some((token["rv"].as_i64()?, (namespace.to_owned(), name.to_owned())))
    };
    read().ok_or_else(|| {
        Status::bad_request("invalid continue token: continue key is not valid: invalid character")
    })
}

/// Writes a list piece by piece, so that a long one is never there as a whole.
struct Writer {
    resource: std::sync::Arc<super::resource::Resource>,
    form: Form,
    items: std::vec::IntoIter<Item>,
    head: Option<String>,
    _begun: Option<List>,
}

impl Writer {
    /// The next piece, and whether it was the last.
    fn piece(&mut self, items: usize) -> (Vec<u8>, bool) {
        let mut piece = Vec::new();
        let mut comma = self.head.is_none();
        piece.extend(self.head.take().unwrap_or_default().into_bytes());
        for item in self.items.by_ref().take(items) {
            if comma {
                piece.push(b',');
            }
            comma = true;
            shape::item(&self.resource, self.form, &item.body.text(), &mut piece);
        }
        let is_last = self.items.len() == 0;
        if is_last {
            piece.extend_from_slice(b"]}\n");
        }
        (piece, is_last)
    }
}

fn written(mut writer: Writer, gzip: bool) -> Answer {
    if writer.items.len() <= 5 * BATCH {
        let (whole, _) = writer.piece(usize::MAX);
        if !gzip || whole.len() < WORTH_GZIP {
            return text(200, "application/json", whole);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&whole).unwrap();
        return zipped(text(200, "application/json", encoder.finish().unwrap()));
    }
    let encoder = gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let pieces = stream::unfold(Some((writer, encoder)), |state| async move {
        let (mut writer, mut encoder) = state?;
        let (mut piece, is_last) = writer.piece(BATCH);
        if let Some(encoder) = &mut encoder {
            encoder.write_all(&piece).unwrap();
            if is_last {
                encoder.try_finish().unwrap();
            }
            piece = std::mem::take(encoder.get_mut());
        }
        Some((Ok(Frame::data(Bytes::from(piece))), (!is_last).then_some((writer, encoder))))
    });
    let body = StreamBody::new(pieces).boxed_unsync();
    let answer = Response::builder().header("Content-Type", "application/json").body(body).unwrap();
    if gzip { zipped(answer) } else { answer }
}

fn zipped(mut answer: Answer) -> Answer {
    answer.headers_mut().insert("Content-Encoding", "gzip".parse().unwrap());
    answer.headers_mut().insert("Vary", "Accept-Encoding".parse().unwrap());
    answer
}
