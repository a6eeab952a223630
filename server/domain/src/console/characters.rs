//! Which characters a line may have: those that are seen, and in the words that decide what happens, ASCII only.

use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};

use super::Refusal;

/// The longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 4096;

/// Refuses a line that is too long, has a second line, or has something in it that is not seen.
pub(super) fn check(line: &str) -> Result<(), Refusal> {
    if line.len() > MAX_LINE_BYTES {
        return Err(Refusal::TooLong { bytes: line.len() });
    }
    for (at, c) in line.chars().enumerate() {
        let column = at + 1;
        match c {
            ' '..='~' => {}
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => return Err(Refusal::SeveralLines),
            c if c.is_control() => return Err(Refusal::ControlCharacter { code: c.into(), column }),
            c if is_unseen(c) => return Err(Refusal::InvisibleCharacter { code: c.into(), column }),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a character shows nothing, changes how its neighbours are shown, or looks like a space that it is not.
pub(super) fn is_unseen(c: char) -> bool {
    let variation = matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
    // Letters by their category, and yet nothing to be seen: the fillers of Hangul, an empty Braille cell, the
    // grapheme joiner, Khmer's inherent vowels, Mongolian selectors.
    let blank = matches!(
        c,
        '\u{115f}'
            | '\u{1160}'
            | '\u{3164}'
            | '\u{ffa0}'
            | '\u{2800}'
            | '\u{34f}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
    );
    let category = match c.general_category() {
        Category::Control
        | Category::Format
        | Category::Surrogate
        | Category::PrivateUse
        | Category::Unassigned
        | Category::LineSeparator
        | Category::ParagraphSeparator => true,
        Category::SpaceSeparator => c != ' ',
        _ => false,
    };
    variation || blank || category
}

/// Refuses a word that decides what happens (a program, a verb, a flag's name) if it is not plain ASCII.
pub(super) fn plain_word(word: &str) -> Result<(), Refusal> {
    match word.chars().find(|c| !c.is_ascii()) {
        None => Ok(()),
        Some(c) => Err(look_alike(c)),
    }
}

/// Refuses an argument that begins like a flag, with a dash that is none.
pub(super) fn no_false_dash(word: &str) -> Result<(), Refusal> {
    match word.chars().next() {
        Some(c) if is_false_dash(c) => Err(look_alike(c)),
        _ => Ok(()),
    }
}

/// A quotation mark that quotes nothing here, as text processors make it.
pub(super) fn is_false_quote(c: char) -> bool {
    matches!(c.general_category(), Category::InitialPunctuation | Category::FinalPunctuation)
        || matches!(c, '\u{201a}' | '\u{201e}' | '\u{ff02}' | '\u{ff07}' | '\u{b4}' | '\u{2032}' | '\u{2033}')
}

fn is_false_dash(c: char) -> bool {
    c != '-' && (c.general_category() == Category::DashPunctuation || matches!(c, '\u{2212}' | '\u{2796}'))
}

/// With what was most likely meant.
pub(super) fn look_alike(c: char) -> Refusal {
    let meant = match c {
        c if is_false_dash(c) => Some('-'),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{ff07}' | '\u{b4}' | '\u{2032}' => Some('\''),
        c if is_false_quote(c) => Some('"'),
        // The full-width forms follow ASCII's order.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        _ => None,
    };
    Refusal::LookAlike { given: c, meant }
}
