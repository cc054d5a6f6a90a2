//! The page in a real browser.

use noroshi::api::alertmanager::Options;

use super::browser::Browser;
use crate::support::alertmanager::{Running, config};

/// Alerts of several kinds; what a stranger wrote is never markup.
const ALERTS: &str = r#"[
  {"labels":{"alertname":"HighLatency","team":"a","severity":"critical","instance":"web-1:9100","cluster":"prod"},
   "annotations":{"summary":"p99 above 2 s for 10 minutes","runbook":"see https://runbooks.example/latency now"},
   "generatorURL":"http://prometheus.example/graph?g0.expr=up"},
  {"labels":{"alertname":"HighLatency","team":"a","severity":"warning","instance":"web-2:9100","cluster":"prod"},
   "annotations":{"summary":"p95 above 1 s"}},
  {"labels":{"alertname":"DiskFull","severity":"warning","instance":"db-1:9100"},
   "annotations":{"summary":"<img src=x onerror=\"document.title='owned'\"><b>93 %</b> of /var"},
   "generatorURL":"javascript:document.title='owned'"},
  {"labels":{"alertname":"Backup","mute":"yes"},"annotations":{"summary":"late"}}]"#;

fn start() -> (Running, String) {
    let server = Running::start(config(), "", Options::default());
    assert_eq!(server.post("/api/v2/alerts", ALERTS).status, 200);
    let url = format!("http://{}/", server.address);
    (server, url)
}

#[test]
fn alerts_are_shown_filtered_and_silenced() {
    let Some(browser) = Browser::open(1200, 900, false) else { return };
    let (server, url) = start();
    browser.go(&url);
    browser.sees("HighLatency");
    browser.sees("<b>93 %</b> of /var");
    browser.keep("alerts");
    // Muted groups wait for their box, as in Alertmanager's own page.
    assert_eq!(browser.run("return document.body.innerText.includes('Backup')"), false);
    assert_eq!(browser.run("return document.querySelectorAll('a[href^=javascript]').length"), 0);
    assert_eq!(browser.run("return document.querySelectorAll('main img').length"), 0);
    browser.click("label.box", "muted");
    browser.sees("Backup");
    browser.click("button.chip", "instance=\"db-1:9100\"");
    browser.until("!document.body.innerText.includes('HighLatency')");
    browser.sees("DiskFull");
    browser.click("a.button", "Silence");
    browser.sees("1 alert matches now.");
    browser.run("document.getElementById('creator').value = 'ops'");
    browser.click("form button", "Silence");
    browser.until("document.querySelector('.fault') || document.querySelector('#comment:invalid')");
    browser
        .run("document.getElementById('comment').value = 'cleaning up, https://tickets.example/7'");
    browser.keep("form");
    browser.click("form button", "Silence");
    browser.sees("cleaning up");
    browser.keep("silence");
    let silences = server.get("/api/v2/silences").body;
    assert!(
        silences.contains("\"createdBy\":\"ops\"") && silences.contains("db-1:9100"),
        "{silences}"
    );
    browser.go(&format!("{url}#/silences"));
    browser.sees("Expire");
    browser.click("button", "Expire");
    browser.click("button", "Really expire?");
    browser.sees("No active silences");
    browser.go(&format!("{url}#/silences?state=expired"));
    browser.sees("Make again");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    assert_ne!(browser.run("return document.title"), "owned");
}

/// Labels whose names every object of JavaScript has.
#[test]
fn no_label_is_hidden_for_its_name() {
    let Some(browser) = Browser::open(1200, 900, false) else { return };
    let (server, url) = start();
    let alert =
        r#"[{"labels":{"alertname":"Odd","constructor":"c1","toString":"t1","__proto__":"p1"}}]"#;
    assert_eq!(server.post("/api/v2/alerts", alert).status, 200);
    browser.go(&format!("{url}#/alerts?filter=%7Balertname%3D%22Odd%22%7D"));
    for label in ["constructor=\"c1\"", "toString=\"t1\"", "__proto__=\"p1\""] {
        browser.sees(label);
    }
    browser.click("article a.button", "Silence");
    browser.sees("1 alert matches now.");
    let written = browser.run("return document.getElementById('matchers').value");
    for label in ["constructor=\"c1\"", "toString=\"t1\"", "__proto__=\"p1\""] {
        assert!(written.as_str().unwrap().contains(label), "{written}");
    }
    browser.go(&format!("{url}#/alerts?filter=%7Balertname%3D%22Odd%22%7D"));
    browser.click("button.chip", "__proto__=\"p1\"");
    browser.until("document.getElementById('filter')?.value.includes('__proto__=\"p1\"')");
    browser.sees("constructor=\"c1\"");
}

#[test]
fn links_of_existing_messages_lead_where_they_did() {
    let Some(browser) = Browser::open(390, 844, true) else { return };
    let (_server, url) = start();
    browser.go(&format!("{url}#/alerts?receiver=team-a"));
    browser.sees("HighLatency");
    assert_eq!(browser.run("return document.body.innerText.includes('DiskFull')"), false);
    browser.keep("phone");
    // What Alertmanager's templates write: every label of the alert, escaped for a URL.
    browser.go(&format!("{url}#/silences/new?filter=%7Balertname%3D%22DiskFull%22%2C%20instance%3D%22db-1%3A9100%22%7D"));
    browser.until("document.getElementById('matchers')?.value.includes('instance=\"db-1:9100\"')");
    browser.sees("1 alert matches now.");
    browser.go(&format!("{url}#/alerts?silenced=false&inhibited=false&muted=false&active=true&filter=%7Bseverity%3D%22warning%22%7D"));
    browser.sees("DiskFull");
    browser.go(&format!("{url}#/silences/6a2b5a3e-3b3a-4b4e-9d5e-8c7f6a5b4c3d"));
    browser.sees("404");
    browser.go(&format!("{url}#/alerts?filter=%7B%7D"));
    browser.sees("HighLatency");
    browser.go(&format!("{url}#/alerts?filter=nonsense"));
    browser.sees("This is no matcher: nonsense");
    // A plus is a plus, as in Alertmanager's own page, in links of others and in ours.
    browser.go(&format!("{url}#/silences/new?filter=%7Balertname%3D\"C++%20a+b\"%7D"));
    browser.until("document.getElementById('matchers')?.value === 'alertname=\"C++ a+b\"'");
    browser.go(&format!("{url}#/alerts?filter=%7Balertname%3D%22C%2B%2B%20a%2Bb%22%7D"));
    browser.click("a.button", "Silence these");
    browser.until("document.getElementById('matchers')?.value === 'alertname=\"C++ a+b\"'");
    browser.go(&format!("{url}#/alerts?filter=%E0%A4%A&active=true"));
    browser.sees("HighLatency");
    // Nothing is wider than a phone.
    let fits = browser.run("return document.documentElement.scrollWidth <= innerWidth");
    assert_eq!(fits, true);
}
