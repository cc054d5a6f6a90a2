//! One spec aimed at many targets, as `/probe` does it.

use super::*;

fn aimed(spec: &Value, aim: &Aim<'_>) -> Result<Spec, String> {
    let spec: Spec = serde_json::from_value(spec.clone()).unwrap();
    match spec.aimed(aim)? {
        super::super::super::Spec::Http(spec) => Ok(spec),
        other => panic!("{other:?}"),
    }
}

async fn run_aimed(spec: &Value, aim: &Aim<'_>) -> Ran {
    run_spec(Duration::from_secs(10), aimed(spec, aim).unwrap()).await
}

#[tokio::test]
async fn a_user_in_the_target_becomes_basic_auth_as_in_go() {
    let server = Server::new(|_| ok("")).await;
    let address = server.address;
    let target = format!("http://us%40er:hunter2@{address}/x");
    let aim = Aim { target: &target, ..Aim::default() };
    let any = json!({"url": "http://any.invalid/"});
    let spec = aimed(&any, &aim).unwrap();
    let shown = format!("{spec:?} {} {}", serde_json::to_string(&spec).unwrap(), spec.target());
    assert!(!shown.contains("hunter2") && !shown.contains("aHVu"), "{shown}");
    // Go prefers it to what the client is configured with, but not to a header of the request.
    for (more, sent) in [
        (json!({}), "Basic dXNAZXI6aHVudGVyMg=="),
        (json!({"bearer_token": "t"}), "Basic dXNAZXI6aHVudGVyMg=="),
        (json!({"headers": {"Authorization": "mine"}}), "mine"),
    ] {
        let mut spec = any.clone();
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run_aimed(&spec, &aim).await.passes();
        let asked = server.asked().pop().unwrap();
        assert!(asked.contains(&format!("Authorization: {sent}\r\n")), "{asked}");
        assert_eq!(asked.matches("Authorization").count(), 1, "{asked}");
        assert!(asked.contains(&format!("Host: {address}\r\n")), "{asked}");
    }
    let trace = run_aimed(&any, &aim).await.passes().trace;
    assert!(!format!("{:?}", trace.steps).contains("hunter2"));
}

#[tokio::test]
async fn the_hostname_is_the_host_and_the_name_of_the_certificate() {
    let server = Server::new(|_| ok("")).await;
    let target = server.url("/");
    let aim = Aim { target: &target, hostname: Some("own.example"), ..Aim::default() };
    run_aimed(&json!({"url": "http://any.invalid/"}), &aim).await.passes();
    assert!(server.asked()[0].contains("Host: own.example\r\n"));
    let authority = crate::net::tls::testing::Authority::new();
    let how = crate::net::tls::testing::Server::default();
    let address = secure::serve(&authority.issue(|_| {}), how).await;
    let target = format!("https://{address}/");
    let spec = json!({"url": "https://any.invalid/", "tls": {"ca_file": authority.ca_file()}});
    let aim = Aim { target: &target, hostname: Some("localhost"), ..Aim::default() };
    run_aimed(&spec, &aim).await.passes();
    let aim = Aim { hostname: Some("other.example"), ..aim };
    run_aimed(&spec, &aim).await.fails(Reason::TlsNameMismatch, "other.example");
}

#[test]
fn what_is_heavy_is_shared() {
    let spec = json!({
        "url": "http://any.invalid/", "headers": {"X": "y"}, "body": "b",
        "expect": {"body": [{"regex": "a+"}], "cel": ["body.a"]},
    });
    let spec: Spec = serde_json::from_value(spec).unwrap();
    let super::super::super::Spec::Http(aimed) =
        spec.aimed(&Aim { target: "http://b.example/", ..Aim::default() }).unwrap()
    else {
        panic!("not http");
    };
    assert!(Arc::ptr_eq(&spec.expect, &aimed.expect));
    assert!(Arc::ptr_eq(spec.body.as_ref().unwrap(), aimed.body.as_ref().unwrap()));
    assert_eq!(aimed.target(), "http://b.example/");
}

#[test]
fn a_target_that_is_none_is_one_sentence() {
    for target in ["", "example.org", "ftp://u:hunter2@x/", "http://u:hunter2@/"] {
        let aim = Aim { target, ..Aim::default() };
        let error = aimed(&json!({"url": "http://any.invalid/"}), &aim).unwrap_err();
        assert!(!error.contains("hunter2") && error.lines().count() == 1, "{error}");
    }
    let aim = Aim { target: "http://a/", hostname: Some("a\r\nb"), ..Aim::default() };
    assert!(aimed(&json!({"url": "http://any.invalid/"}), &aim).is_err());
}
