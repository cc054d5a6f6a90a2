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
    ] {
        let answer = get(&router, path).await;
        assert_eq!((answer.status, answer.text()), (status, words), "{path}");
    }
}

#[tokio::test]
async fn without_modules_there_is_none_to_probe_with() {
    let router = setup().router;
    let answer = get(&router, "/probe?target=a.example").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.text(), "Unknown module \"http_2xx\"\n");
    assert_eq!(get(&router, "/logs?id=0").await.status, StatusCode::NOT_FOUND);
}
