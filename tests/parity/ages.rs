//! Ages: only where kubectl prints an age, in the columns that say so.

use std::sync::LazyLock;

use regex::Regex;

/// The titles of the columns: of tables, and of the events that `describe` ends with.
const TITLES: [&str; 3] = ["AGE", "LAST SEEN", "Age"];

static AGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\d+[ydhms]){1,2}(?: \((x\d+ over )(?:\d+[ydhms]){1,2}\))?$").expect("a pattern")
});

/// A column: where its cells begin, and where the next one's do.
type Column = (usize, Option<usize>);

/// Replaces the ages in tables.
pub(crate) fn hide(text: &str) -> String {
    let mut columns: Vec<Column> = Vec::new();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let found = columns_of(line);
        if !found.is_empty() || line.trim().is_empty() {
            columns = found;
            out.push_str(line);
        } else {
            out.push_str(&row(line, &columns));
        }
    }
    out
}

/// The columns of a line of titles; none, if it is none.
fn columns_of(line: &str) -> Vec<Column> {
    let is_header = line.starts_with("NAME") || line.starts_with("LAST SEEN") || is_describe(line);
    if !is_header {
        return Vec::new();
    }
    let starts = starts(line);
    let titled =
        |start: usize| TITLES.iter().any(|title| cell(line, (start, next(&starts, start))) == *title);
    starts.iter().filter(|start| titled(**start)).map(|start| (*start, next(&starts, *start))).collect()
}

fn is_describe(line: &str) -> bool {
    line.split_whitespace().eq(["Type", "Reason", "Age", "From", "Message"])
}

/// Where the cells of a line of titles begin: after two spaces or more.
fn starts(line: &str) -> Vec<usize> {
    let bytes = line.as_bytes();
    let begins = |at: usize| {
        bytes[at] != b' ' && (at == 0 || (bytes[at - 1] == b' ' && (at == 1 || bytes[at - 2] == b' ')))
    };
    (0..bytes.len()).filter(|at| begins(*at)).collect()
}

fn next(starts: &[usize], start: usize) -> Option<usize> {
    starts.iter().copied().find(|other| *other > start)
}

fn cell(line: &str, (start, end): Column) -> &str {
    line.get(start..end.unwrap_or(line.len()).min(line.len())).unwrap_or_default().trim_end()
}

fn row(line: &str, columns: &[Column]) -> String {
    let mut line = line.to_owned();
    for column in columns.iter().rev() {
        let age = cell(&line, *column).to_owned();
        if let Some(found) = AGE.captures(&age) {
            let times = found.get(1).map(|times| format!(" ({}AGE)", times.as_str())).unwrap_or_default();
            line.replace_range(column.0..column.0 + age.len(), &format!("AGE{times}"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_hidden_in_their_columns_and_nowhere_else() {
        let table = "NAME   READY   AGE     IP\nweb    5s      2m30s   3s\nfront  1/1     <none>  x\n";
        let hidden = "NAME   READY   AGE     IP\nweb    5s      AGE   3s\nfront  1/1     <none>  x\n";
        assert_eq!(hide(table), hidden);
        assert_eq!(hide("every 5s\n"), "every 5s\n");
    }

    #[test]
    fn the_events_of_describe_have_ages() {
        let text = "Events:\n  Type    Reason  Age                From     Message\n  \
            ----    ------  ----               ----     -------\n  \
            Normal  Pulled  3s (x2 over 15s)   kubelet  took 5s\n";
        assert!(hide(text).contains("Pulled  AGE (x2 over AGE)   kubelet  took 5s"), "{}", hide(text));
    }
}
