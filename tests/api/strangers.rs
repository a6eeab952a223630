//! What every request must have, and what every answer says.

use hyper::Method;

use super::without_a_cluster;

const LAB: &str = "/en/labs/the-whole-story";

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_headers_that_keep_a_page_safe() {
    let (server, _folder) = without_a_cluster().await;
    let http = server.http();
    for (method, path, status) in [
        (Method::GET, "/", 303),
        (Method::GET, "/healthz", 200),
        (Method::GET, "/en", 503),
        (Method::GET, "/static/css/base.css", 200),
        (Method::GET, "/static/js/main.js", 200),
        (Method::GET, "/no/such/page", 404),
        (Method::GET, "/static/../Cargo.toml", 404),
        (Method::GET, "/static/vendor/README.md", 404),
        (Method::GET, "/en/labs/no-such-lab", 404),
        (Method::GET, "/en/labs/NOT%20AN%20ID", 404),
        (Method::GET, "/de/labs/the-whole-story", 404),
        (Method::PUT, LAB, 405),
        (Method::POST, "/en/labs/the-whole-story/act/stop", 503),
    ] {
        let answer = http.send(method.clone(), path, &[], None).await;
        assert_eq!(answer.status, status, "{method} {path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_ours_is_misdirected() {
    let (server, _folder) = without_a_cluster().await;
    let (http, port) = (server.http(), server.address.port());
    for host in ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1.evil.example"] {
        let answer = http.send(Method::GET, "/en", &[("host", host)], None).await;
        assert_eq!(answer.status, 421, "{host}");
        assert!(answer.header("content-security-policy").contains("default-src"), "{host}");
    }
    for host in [format!("localhost:{port}"), format!("LOCALHOST:{port}"), format!("127.0.0.1:{port}")] {
        let answer = http.send(Method::GET, "/healthz", &[("host", &host)], None).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_another_site_is_forbidden() {
    let (server, _folder) = without_a_cluster().await;
    let http = server.http();
    let ours = format!("http://{}", server.address);
    let json = ("accept", "application/json");
    for headers in [
        &[json, ("sec-fetch-site", "cross-site")][..],
        &[json, ("sec-fetch-site", "same-site")],
        &[json, ("origin", "http://evil.example")],
        &[json, ("origin", "null")],
    ] {
        let answer = http.send(Method::POST, &format!("{LAB}/act/reset"), headers, Some(&[])).await;
        assert_eq!((answer.status, &answer.json()["code"]), (403, &"cross_site".into()), "{headers:?}");
    }
    // What our own page sends gets further, and so does a link from elsewhere, which changes nothing.
    let own = [json, ("sec-fetch-site", "same-origin"), ("origin", ours.as_str())];
    let answer = http.send(Method::POST, &format!("{LAB}/act/reset"), &own, Some(&[])).await;
    assert_eq!(answer.json()["code"], "not_ready");
    let followed = [("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "document")];
    let link = http.send(Method::GET, "/healthz", &followed, None).await;
    assert_eq!(link.status, 200);
    // A picture on a foreign page must not open a lab, which makes its namespace.
    for dest in ["image", "iframe", "empty", "script"] {
        let loaded = [json, ("sec-fetch-site", "cross-site"), ("sec-fetch-dest", dest)];
        let answer = http.send(Method::GET, LAB, &loaded, None).await;
        assert_eq!((answer.status, &answer.json()["code"]), (403, &"cross_site".into()), "{dest}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_a_page_and_a_script_a_problem_document() {
    let (server, _folder) = without_a_cluster().await;
    let http = server.http();
    let page = http.get("/it/labs/no-such-lab").await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.body.contains("lang=\"it\"") && page.body.contains("not_found"), "{}", page.body);
    let problem = http.post("/it/labs/no-such-lab/act/stop", &[]).await;
    assert_eq!((problem.status, problem.header("content-type")), (404, "application/problem+json"));
    assert_eq!(problem.json()["title"], "Non trovato");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_s_language_decides_where_the_front_door_leads() {
    let (server, _folder) = without_a_cluster().await;
    for (accepts, to) in [("it-IT,it;q=0.9,en;q=0.8", "/it"), ("de,en;q=0.7", "/en")] {
        let door = server.http().send(Method::GET, "/", &[("accept-language", accepts)], None).await;
        assert_eq!((door.status, door.header("location")), (303, to));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_known_is_not_sent_again() {
    let (server, _folder) = without_a_cluster().await;
    let http = server.http();
    let tag = http.get("/static/css/base.css").await.header("etag").to_owned();
    let again = http.send(Method::GET, "/static/css/base.css", &[("if-none-match", &tag)], None).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    server.stop().await;
}
