//! What the console itself answers.

use clusterip_domain::console::OwnWord;

use super::Entry;
use crate::http::InRun;
use crate::words::Words;

/// The answer to a word of the console's own.
pub(super) fn own(at: &InRun, word: OwnWord) -> String {
    match word {
        OwnWord::Help => Words::of(at.lang).console.help.to_owned(),
        OwnWord::History => {
            let typed = at.run.desk().transcript().all();
            typed
                .iter()
                .map(|entry: &std::sync::Arc<Entry>| format!("{:>4}  {}\n", entry.number, entry.line))
                .collect()
        }
        OwnWord::Clear => String::new(),
    }
}
