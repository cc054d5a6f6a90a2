use super::*;

#[tokio::test]
async fn the_last_scheduled_result_is_answered_at_once() {
    let router = setup().router;
    let answer = get(&router, "/probe?check=up").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.header(header::CONTENT_TYPE).starts_with("text/plain; version=0.0.4"));
    assert!(answer.text().contains("\nprobe_success 1\n"), "{}", answer.text());
    assert!(answer.text().contains("\nprobe_http_status_code "), "{}", answer.text());
    let failed = get(&router, "/probe?check=down%20%3Cb%3E").await;
    assert_eq!(failed.status, StatusCode::OK);
    assert!(failed.text().contains("\nprobe_success 0\n"), "{}", failed.text());
    assert!(failed.text().contains("probe_failure_reason{reason=\""), "{}", failed.text());
    for (path, status, words) in [
        ("/probe?check=nobody", StatusCode::NOT_FOUND, "Unknown check \"nobody\"\n"),
        ("/probe?check=new", StatusCode::SERVICE_UNAVAILABLE, "The check has not run yet\n"),
        (
            "/probe?module=tcp&target=a.example&check=up",
            StatusCode::BAD_REQUEST,
            "the parameter module does not go with `check`, which shows the last result of a scheduled check\n",
        ),
    ] {
        let answer = get(&router, path).await;
        assert_eq!((answer.status, answer.text()), (status, words), "{path}");
    }
}

#[tokio::test]
async fn the_last_scheduled_result_is_told_too() {
    let router = setup().router;
    let told = get(&router, "/probe?check=down%20%3Cb%3E&debug=true").await;
    assert_eq!(told.status, StatusCode::OK);
    assert_eq!(told.header(header::CONTENT_TYPE), "text/plain");
    let text = told.text();
    for line in ["check: down <b>", "kind: http", "reason: ", "detail: ", "duration: "] {
        assert!(text.contains(&format!("\n{line}")), "{line} in {text}");
    }
    let (_, metrics) = text.split_once("\n\n\nMetrics that would have been returned:\n").unwrap();
    assert!(metrics.contains("\nprobe_success 0\n"), "{text}");
    let early = get(&router, "/probe?check=new&debug=true").await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn without_modules_there_is_none_to_probe_with() {
    let router = setup().router;
    let answer = get(&router, "/probe?target=a.example").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.text(), "Unknown module \"http_2xx\"\n");
    assert_eq!(get(&router, "/logs?id=0").await.status, StatusCode::NOT_FOUND);
}
