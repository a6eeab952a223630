//! What kubectl asked of the API, and what it changed by that: read from what kubectl logs about itself.
//!
//! ```text
//! stderr ── line by line ──▶ klog header? ── no ──▶ what the command complains of
//!                                └ yes ── "Response" verb url status ──▶ Call      (the rest is dropped)
//! ```
//!
//! Source: klog's header, <https://github.com/kubernetes/klog>; at `-v=6` kubectl logs one line a request, and what the
//! API refuses as a whole object. What a program in a pod complains of is read in the same way: it could pretend requests,
//! to its own student.

use serde::Serialize;
use url::Url;

/// The verbosity at which kubectl tells of each request, and not of what is in it.
pub(super) const VERBOSITY: &str = "--v=6";

/// One request to the API server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    /// The HTTP method.
    pub verb: String,
    /// Path and query, as they were sent.
    pub path: String,
    /// The HTTP status; 0 where none came.
    pub status: u16,
}

/// An object of the student's namespace that a command has changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changed {
    /// The resource, as it stands in a path: `services`.
    pub resource: String,
    /// Its name.
    pub name: String,
}

/// What a line of stderr is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The command's own.
    Said(&'a str),
    /// A request.
    Call(Call),
    /// Something else that kubectl logs about itself.
    Noise,
}

/// Whether with this line kubectl begins to log an object that the API answered with, over several lines that have no
/// header of their own; [`ends_object`] tells the last of them.
pub(super) fn begins_object(line: &str) -> bool {
    logged(line).is_some_and(|message| message.contains("response object:") && !message.ends_with(['}', ']']))
}

/// Whether a line is the last of such an object.
pub(super) fn ends_object(line: &str) -> bool {
    matches!(line, "}]" | "}")
}

/// Reads one line, without its end.
pub(super) fn read(line: &str) -> Line<'_> {
    let Some(message) = logged(line) else { return Line::Said(line) };
    call(message).map_or(Line::Noise, Line::Call)
}

/// The message behind klog's header of an informational line: `I1129 00:50:12.123456   12345 file.go:632] message`.
/// Warnings and errors are the student's to see.
fn logged(line: &str) -> Option<&str> {
    let (header, message) = line.split_once("] ")?;
    let mut words = header.split_whitespace();
    let (day, time, _thread, place) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let digits = |text: &str, but: &[u8]| text.bytes().all(|b| b.is_ascii_digit() || but.contains(&b));
    let is_header = day.len() == 5
        && day.starts_with('I')
        && digits(&day[1..], b"")
        && digits(time, b":.")
        && place.rsplit_once(':').is_some_and(|(file, line)| file.ends_with(".go") && digits(line, b""))
        && words.next().is_none();
    is_header.then_some(message)
}

fn call(message: &str) -> Option<Call> {
    let fields = message.strip_prefix("\"Response\" ")?;
    let url = Url::parse(field(fields, "url")?).ok()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some(Call {
        verb: field(fields, "verb")?.to_owned(),
        path: format!("{}{query}", url.path()),
        status: field(fields, "status")?.split(' ').next()?.parse().unwrap_or(0),
    })
}

/// The value of `name="value"`. Neither methods nor URLs nor statuses have a quote in them.
fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = fields.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The objects that these calls changed. Where an object is made, its path does not name it, but kubectl says its name:
/// `service/web created`.
pub(super) fn changed(calls: &[Call], output: &str) -> Vec<Changed> {
    let mut all = Vec::new();
    for target in calls.iter().filter_map(target) {
        let named = match target.name {
            Some(name) => vec![Changed { resource: target.resource.to_owned(), name: name.to_owned() }],
            None => made(target.resource, output),
        };
        for changed in named {
            if !all.contains(&changed) {
                all.push(changed);
            }
        }
    }
    all
}

struct Target<'a> {
    resource: &'a str,
    name: Option<&'a str>,
}

/// What a call that changed something was about: `/api/v1/namespaces/NS/services/NAME`,
/// `/apis/apps/v1/namespaces/NS/deployments/NAME/scale`.
fn target(call: &Call) -> Option<Target<'_>> {
    let (path, query) = call.path.split_once('?').unwrap_or((&call.path, ""));
    let writes = matches!(call.verb.as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
    let dry = query.split('&').any(|pair| pair.starts_with("dryRun="));
    if !writes || dry || !(200..300).contains(&call.status) {
        return None;
    }
    let mut parts = path.split('/').skip_while(|part| *part != "namespaces").skip(2);
    let (resource, name) = (parts.next()?, parts.next());
    let subresource = parts.next();
    // To run something in a pod changes no object.
    let only_asks = subresource.is_some_and(|s| matches!(s, "exec" | "attach" | "portforward" | "log"));
    (!only_asks).then_some(Target { resource, name })
}

/// The objects of a resource that kubectl says it made: `service/web exposed`, `deployment.apps/web created`.
fn made(resource: &str, output: &str) -> Vec<Changed> {
    let named = output.lines().filter_map(|line| {
        let (kind, name) = line.split_whitespace().next()?.split_once('/')?;
        let kind = kind.split('.').next().unwrap_or(kind);
        let theirs = resource.strip_suffix('s').unwrap_or(resource) == kind;
        theirs.then(|| Changed { resource: resource.to_owned(), name: name.to_owned() })
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(verb: &str, path: &str, status: u16) -> Call {
        Call { verb: verb.into(), path: path.into(), status }
    }

    #[test]
    fn a_request_is_read_from_what_kubectl_logs() {
        let line = "I1129 00:50:12.123456   12345 round_trippers.go:632] \"Response\" verb=\"GET\" \
                    url=\"https://127.0.0.1:6443/api/v1/namespaces/lab-x/pods?limit=500\" status=\"200 OK\" milliseconds=3";
        let expected = request("GET", "/api/v1/namespaces/lab-x/pods?limit=500", 200);
        assert_eq!(read(line), Line::Call(expected));
        let refused = "I1129 00:50:12.1 1 round_trippers.go:632] \"Response\" verb=\"GET\" url=\"https://x/api\" \
                       status=\"\" milliseconds=0";
        assert_eq!(read(refused), Line::Call(request("GET", "/api", 0)));
    }

    #[test]
    fn what_kubectl_logs_about_itself_is_told_from_what_it_says() {
        assert_eq!(
            read("I1129 00:50:12.1 1 loader.go:402] Config loaded from file:  /x/kubeconfig"),
            Line::Noise
        );
        for said in [
            "Error from server (NotFound): pods \"x\" not found",
            "Warning: would violate PodSecurity",
            "E1129 00:50:12.1 1 memcache.go:265] couldn't get the list",
            "I1129 is a pod] of mine",
            "I1129 00:50:12.1 1 not-a-source:402] x",
            "",
        ] {
            assert_eq!(read(said), Line::Said(said));
        }
    }

    #[test]
    fn an_object_that_is_logged_over_several_lines_is_told_from_what_is_said_after_it() {
        let begins = "I1129 00:50:12.1 1 helpers.go:246] server response object: [{";
        assert!(begins_object(begins) && !begins_object("server response object: [{"));
        assert!(!begins_object("I1129 00:50:12.1 1 helpers.go:246] server response object: [{}]"));
        assert!(ends_object("}]") && !ends_object("  }"));
    }

    #[test]
    fn what_was_changed_is_read_from_the_calls_that_changed_it() {
        let own = "/api/v1/namespaces/lab-x";
        let apps = "/apis/apps/v1/namespaces/lab-x";
        let service = |name: &str| Changed { resource: "services".into(), name: name.into() };
        let calls = [
            request("GET", &format!("{own}/pods/solo"), 200),
            request("POST", &format!("{own}/services?fieldManager=kubectl-expose"), 201),
            request("PATCH", &format!("{apps}/deployments/web/scale"), 200),
            request("DELETE", &format!("{own}/services/old"), 200),
            request("DELETE", &format!("{own}/services/old"), 404),
            request("POST", &format!("{own}/services?dryRun=All"), 201),
            request("POST", &format!("{own}/pods/client/exec?command=curl"), 101),
        ];
        let deployment = Changed { resource: "deployments".into(), name: "web".into() };
        let found = changed(&calls, "service/my-clusterip-service exposed\npod/other created\n");
        assert_eq!(found, [service("my-clusterip-service"), deployment, service("old")]);
    }
}
