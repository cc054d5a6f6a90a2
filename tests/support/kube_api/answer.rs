//! From a request to its answer.

use std::{convert::Infallible, io, sync::Arc};

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Collected, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response,
    body::{Frame, Incoming},
};
use serde_json::{Value, json};

use super::{
    discovery,
    fault::{Failure, Wrong},
    listing,
    request::{Asked, Form, Target},
    resource::Resource,
    rights::Act,
    selector::Selector,
    server::{Shared, Wire},
    shape,
    status::Status,
    watch,
};

/// An answer's body; an error in it breaks the connection.
pub type Body = UnsyncBoxBody<Bytes, io::Error>;
pub type Answer = Response<Body>;

/// A request about a resource that is served, by somebody who may.
pub struct Call {
    pub shared: Arc<Shared>,
    pub asked: Asked,
    pub resource: Arc<Resource>,
    pub namespace: Option<String>,
    pub name: Option<String>,
    pub selector: Selector,
}

/// Answers anything.
pub async fn answer(
    shared: Arc<Shared>,
    wire: Arc<Wire>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let asked = Asked::new(&request);
    shared.seen.note(&asked);
    let list = begins_list(&asked).then(|| shared.seen.begin(&listing::name(&asked)));
    shared.until_answering().await;
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let failure = {
        let mut failures = shared.failures.lock();
        Failure::meet(&mut failures, asked.verb(), &asked.path)
    };
    let result = match failure {
        Some(Wrong::Status(code, retry_after)) => Err(Status::fault(code, retry_after)),
        Some(Wrong::Text(code, words)) => Ok(text(code, "text/html", words.into_bytes())),
        Some(Wrong::Broken) => {
            let whole = route(&shared, &wire, asked, &body, list);
            return Ok(broken(whole.unwrap_or_else(|status| refusal(&status))).await);
        }
        None => route(&shared, &wire, asked, &body, list),
    };
    Ok(result.unwrap_or_else(|status| refusal(&status)))
}

/// Whether a request is of the kind that a client should not have many of at once.
fn begins_list(asked: &Asked) -> bool {
    asked.target.is_some()
        && match asked.verb() {
            "list" => true,
            "watch" => asked.query.is_set("sendInitialEvents"),
            _ => false,
        }
}

fn route(
    shared: &Arc<Shared>,
    wire: &Arc<Wire>,
    asked: Asked,
    body: &[u8],
    list: Option<super::seen::List>,
) -> Result<Answer, Status> {
    let user = shared.user(asked.authorization.as_deref())?;
    match asked.path.as_str() {
        "/version" => return Ok(json_text(200, shared.about.lock().clone())),
        "/readyz" | "/livez" | "/healthz" => return Ok(text(200, "text/plain", b"ok".to_vec())),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
            if asked.method == Method::POST =>
        {
            return review(shared, body);
        }
        _ => {}
    }
    let Some(target) = &asked.target else {
        let document = discovery::document(&shared.resources.lock(), &asked.path);
        return Ok(document.map_or_else(nothing, |document| json_text(200, document)));
    };
    let by_name = asked.query.get("fieldSelector");
    let by_name = by_name.split(',').find_map(|term| term.strip_prefix("metadata.name="));
    let act = target.act(asked.verb(), by_name);
    if !shared.rights.lock().allow(&act) {
        return Err(Status::forbidden(&act, user));
    }
    if !discovery::has_version(&shared.resources.lock(), &target.group, &target.version) {
        return Ok(nothing());
    }
    let call = call(shared, asked)?;
    match call.asked.verb() {
        "get" => object(&call),
        "list" => listing::list(&call, list),
        "watch" if call.resource.watchable => watch::open(call, list, wire),
        _ => Err(Status::method_not_allowed()),
    }
}

/// Finds the resource, and reads the selectors.
fn call(shared: &Arc<Shared>, asked: Asked) -> Result<Call, Status> {
    let target = asked.target.as_ref().ok_or_else(Status::not_served)?;
    let resource = shared.resource(&target.path()).ok_or_else(Status::not_served)?;
    let Target { namespace, name, subresource, .. } = target;
    let misplaced = namespace.is_some() && !resource.namespaced
        || name.is_some() && namespace.is_none() && resource.namespaced;
    if misplaced || subresource.is_some() {
        return Err(Status::not_served());
    }
    let (fields, labels) = (asked.query.get("fieldSelector"), asked.query.get("labelSelector"));
    let selector = Selector::parse(&resource, &fields, &labels);
    let selector = selector.map_err(|words| Status::bad_request(&words))?;
    let (namespace, name) = (namespace.clone(), name.clone());
    Ok(Call { shared: Arc::clone(shared), resource, namespace, name, selector, asked })
}

/// One object.
fn object(call: &Call) -> Result<Answer, Status> {
    let form = Form::accepted(&call.asked.accept, "PartialObjectMetadata");
    let form = form.ok_or_else(Status::not_acceptable)?;
    let name = call.name.clone().unwrap_or_default();
    let key = (call.namespace.clone().unwrap_or_default(), name);
    let found = call.shared.store.lock().get(&call.resource.path(), &key);
    let missing = || Status::not_found(&call.resource.group, &call.resource.plural, &key.1);
    let found = found.ok_or_else(missing)?;
    Ok(text(200, "application/json", shape::single(&call.resource, form, &found.text())))
}

/// `SelfSubjectAccessReview`: may I?
fn review(shared: &Shared, body: &[u8]) -> Result<Answer, Status> {
    let mut review: Value = serde_json::from_slice(body).map_err(|_| {
        Status::bad_request(
            "the object provided is unrecognized (must be of type SelfSubjectAccessReview)",
        )
    })?;
    let wanted = &review["spec"]["resourceAttributes"];
    let word = |name: &str| wanted[name].as_str().filter(|word| !word.is_empty());
    let act = Act {
        verb: word("verb").unwrap_or_default(),
        group: word("group").unwrap_or_default(),
        resource: word("resource").unwrap_or_default(),
        namespace: word("namespace"),
        name: word("name"),
    };
    let allowed = shared.rights.lock().allow(&act);
    review["status"] = json!({ "allowed": allowed });
    Ok(json_text(201, review))
}

/// The first half of an answer; then its connection breaks.
async fn broken(answer: Answer) -> Answer {
    let (mut parts, mut body) = answer.into_parts();
    parts.headers.remove(hyper::header::CONTENT_LENGTH);
    let first = body.frame().await.and_then(Result::ok).and_then(|frame| frame.into_data().ok());
    let first = first.unwrap_or_default();
    let half = Ok(Frame::data(first.slice(..first.len() / 2)));
    let broken = Err(io::Error::other("broken by the test"));
    // What is written and what breaks must not meet in one go, or nothing would be written at all.
    let frames = futures_util::stream::iter([half, broken]).then(|frame| async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        frame
    });
    Response::from_parts(parts, StreamBody::new(frames).boxed_unsync())
}

pub fn text(code: u16, kind: &str, words: Vec<u8>) -> Answer {
    let body = Full::new(Bytes::from(words)).map_err(|never| match never {}).boxed_unsync();
    let answer = Response::builder().status(code).header("Content-Type", kind);
    answer.header("Audit-Id", "0").body(body).unwrap()
}

fn json_text(code: u16, document: Value) -> Answer {
    text(code, "application/json", document.to_string().into_bytes())
}

fn nothing() -> Answer {
    text(404, "text/plain; charset=utf-8", b"404 page not found\n".to_vec())
}

fn refusal(status: &Status) -> Answer {
    let mut answer = json_text(status.code, status.object.clone());
    if let Some(seconds) = status.retry_after {
        answer.headers_mut().insert("Retry-After", seconds.into());
    }
    answer
}
