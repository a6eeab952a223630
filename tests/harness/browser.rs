//! A real Chromium, led by chromedriver over `WebDriver`, each with a profile of its own that goes away.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::keep;
use crate::wait;

/// How long a page may take to show something.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// Waits longer than any wait of ours, and not for ever.
const ENDING: Duration = Duration::from_secs(5);
/// Nothing that phones home, and nothing that a machine without a screen, a sandbox or a GPU lacks.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// See the module.
pub struct Browser {
    /// For what has no short way here.
    pub client: Client,
    base: String,
    test: &'static str,
    _driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Opens one for a server; `test` names what it keeps.
    pub async fn open(test: &'static str, base: std::net::SocketAddr) -> Self {
        let driver = Driver::start();
        let profile = tempfile::tempdir().expect("a folder");
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        flags.push("--window-size=1440,1000".into());
        let wanted = json!({
            "goog:chromeOptions": {"args": flags},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let wanted: Capabilities = serde_json::from_value(wanted).expect("capabilities are an object");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted)
            .connect(&format!("http://127.0.0.1:{}", driver.port))
            .await
            .expect("chromedriver opens Chromium");
        Self { client, base: format!("http://{base}"), test, _driver: driver, _profile: profile }
    }

    /// Goes to a page.
    pub async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.base)).await.expect("the page loads");
    }

    /// Runs a script in the page: the body of a function.
    pub async fn js(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Runs a script with one argument, `arguments[0]`.
    pub async fn js_of(&self, script: &str, argument: Value) -> Value {
        self.client.execute(script, vec![argument]).await.unwrap_or_else(|e| panic!("{script}: {e}"))
    }

    /// Waits until an expression is true in the page.
    ///
    /// # Panics
    /// It never was: what the page showed is kept.
    pub async fn until(&self, what: &str, expression: &str) {
        let script = format!("return !!({expression})");
        let seen =
            wait::answered(PATIENCE, async || self.js(&script).await, |seen| *seen == json!(true)).await;
        if seen.is_err() {
            self.keep_all().await;
            panic!("waited {PATIENCE:?} for {what}: {expression}");
        }
    }

    /// Clicks what a selector finds, as a person does: scrolled into view, and only if nothing lies over it. The live page
    /// may change an element between finding and clicking it: then it is looked for again.
    ///
    /// # Panics
    /// It cannot be clicked: what the page showed is kept.
    pub async fn click(&self, css: &str) {
        let find = || self.client.find(Locator::Css(css));
        let click = async || find().await?.click().await;
        if let Err(last) = wait::answered(PATIENCE, click, Result::is_ok).await {
            self.keep_all().await;
            panic!("cannot click {css}: {last:?}");
        }
    }

    /// The text of what a selector finds first, as it is in the document.
    pub async fn text(&self, css: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.textContent?.trim() ?? ''";
        self.js_of(script, json!(css)).await.as_str().unwrap_or_default().to_owned()
    }

    /// Presses keys in whatever has the focus.
    pub async fn press(&self, keys: &str) {
        self.client
            .active_element()
            .await
            .expect("something has the focus")
            .send_keys(keys)
            .await
            .expect("keys");
    }

    /// A command of the Chrome `DevTools` Protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        let asked = Ask { path: "goog/cdp/execute", body };
        self.client.issue_cmd(asked).await.unwrap_or_else(|e| panic!("{command}: {e}"))
    }

    /// A page of this width in CSS pixels: headless windows do not get narrow enough by themselves.
    pub async fn width(&self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What the reader's system prefers: `light` or `dark`.
    pub async fn scheme(&self, scheme: &str) {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// What the console has said since it was last asked, without what is only information.
    pub async fn complaints(&self) -> Vec<String> {
        let asked = Ask { path: "se/log", body: json!({"type": "browser"}) };
        let log = self.client.issue_cmd(asked).await.expect("chromedriver keeps the console's log");
        let entries = log.as_array().cloned().unwrap_or_default();
        let bad = entries.iter().filter(|e| e["level"] == "SEVERE" || e["level"] == "WARNING");
        bad.map(|e| e["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Keeps a picture of the whole page in `target/screenshots`.
    pub async fn screenshot(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a picture");
        keep("screenshots", &format!("{name}.png"), &picture);
    }

    /// Keeps what the page shows now, for whoever reads why a test failed.
    pub async fn keep_all(&self) {
        if let Ok(picture) = self.client.screenshot().await {
            keep("test-artifacts", &format!("{}.png", self.test), &picture);
        }
        if let Ok(source) = self.client.source().await {
            keep("test-artifacts", &format!("{}.html", self.test), source.as_bytes());
        }
        eprintln!("console: {:#?}", self.complaints().await);
    }

    /// Closes it.
    ///
    /// # Panics
    /// The console complained: an error of a script, or something that the Content-Security-Policy refused.
    pub async fn close(self) {
        self.close_after(&[]).await;
    }

    /// Closes it, after a test in which the console had to complain: of requests that were refused or broke.
    ///
    /// # Panics
    /// The console complained of anything else.
    pub async fn close_after(self, expected: &[&str]) {
        let mut complaints = self.complaints().await;
        complaints.retain(|said| !expected.iter().any(|part| said.contains(part)));
        assert!(complaints.is_empty(), "the console complained: {complaints:#?}");
        let closed = wait::within("Chromium to close", PATIENCE, self.client.clone().close()).await;
        closed.expect("Chromium closes");
    }
}

/// A command that `WebDriver` itself does not have.
#[derive(Debug)]
struct Ask {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Ask {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// chromedriver, on a port it chose. Ends with the value, and its browser with it.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start() -> Self {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn();
        let mut process = started.expect("chromedriver is installed (Debian: chromium-driver)");
        let mut said = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(said.read_line(&mut line).is_ok_and(|n| n > 0), "chromedriver ended at once");
            if let Some((_, rest)) = line.split_once("started successfully on port ") {
                break rest.trim().trim_end_matches('.').parse().expect("a port");
            }
        };
        // Nobody reads the rest, and a full pipe must not stop it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self { process, port }
    }
}

impl Drop for Driver {
    /// Asks it to end, so that it ends Chromium first; kills it if it does not.
    fn drop(&mut self) {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.set_read_timeout(Some(ENDING));
            let ask = format!("GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port);
            let _ = stream.write_all(ask.as_bytes());
            let _ = stream.read(&mut [0; 64]);
        }
        let deadline = Instant::now() + ENDING;
        while Instant::now() < deadline {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
