//! `lab.yaml` and `wrong/NAME.yaml` as they are written, each value that can be wrong with its line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::ids::{CheckId, ChoiceId, LabId, StepId};
use crate::lab::act::Act;
use crate::lab::spec::LabKind;
use crate::lab::text::Localized;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLab {
    pub(super) format_version: Spanned<u32>,
    pub(super) id: LabId,
    pub(super) number: u8,
    #[serde(default)]
    pub(super) kind: LabKind,
    pub(super) minutes: u8,
    #[serde(default)]
    pub(super) claims: Vec<Spanned<u8>>,
    #[serde(default)]
    pub(super) links: Vec<RawLink>,
    #[serde(default)]
    pub(super) setup: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) neighbour: Vec<Spanned<String>>,
    pub(super) steps: Vec<RawStep>,
    #[serde(default)]
    pub(super) solutions: BTreeMap<String, Vec<RawPart>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLink {
    pub(super) title: Localized<String>,
    pub(super) url: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    pub(super) id: Spanned<StepId>,
    pub(super) needs: Option<Vec<Spanned<StepId>>>,
    #[serde(default = "one_second")]
    pub(super) stable_for: Spanned<u8>,
    pub(super) predict: Option<RawPrediction>,
    #[serde(default)]
    pub(super) acts: Vec<Spanned<Act>>,
    #[serde(default)]
    pub(super) commands: Vec<String>,
    pub(super) checks: Vec<RawCheck>,
    #[serde(default)]
    pub(super) hints: Vec<RawHint>,
}

fn one_second() -> Spanned<u8> {
    Spanned {
        value: 1,
        referenced: serde_saphyr::Location::UNKNOWN,
        defined: serde_saphyr::Location::UNKNOWN,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPrediction {
    pub(super) question: Localized<String>,
    pub(super) options: Spanned<Vec<RawChoice>>,
    pub(super) learn: Localized<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawChoice {
    pub(super) id: Spanned<ChoiceId>,
    pub(super) says: Localized<String>,
    pub(super) happened: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCheck {
    pub(super) id: Spanned<CheckId>,
    pub(super) cel: Spanned<String>,
    pub(super) says: Localized<String>,
    pub(super) message: Option<RawMessage>,
    #[serde(default = "one_point")]
    pub(super) points: u32,
    #[serde(default)]
    pub(super) hidden: bool,
}

fn one_point() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMessage {
    pub(super) en: Spanned<String>,
    pub(super) it: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHint {
    pub(super) when: Option<Spanned<String>>,
    #[serde(rename = "where")]
    pub(super) place: Localized<String>,
    pub(super) what: Option<Spanned<Localized<String>>>,
    pub(super) command: Option<String>,
    pub(super) document: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPart {
    pub(super) step: Spanned<StepId>,
    #[serde(rename = "do")]
    pub(super) moves: Vec<RawMove>,
}

/// A mapping with exactly one key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMove {
    pub(super) apply: Option<Spanned<String>>,
    pub(super) document: Option<Spanned<String>>,
    pub(super) kubectl: Option<Spanned<String>>,
    pub(super) act: Option<Spanned<Act>>,
    pub(super) answer: Option<Spanned<ChoiceId>>,
    pub(super) until: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWrong {
    pub(super) route: Spanned<String>,
    pub(super) at: Spanned<StepId>,
    #[serde(rename = "do")]
    pub(super) moves: Vec<RawMove>,
    pub(super) fails: Spanned<CheckId>,
    pub(super) message: Localized<String>,
}
