use std::borrow::Cow;

use mlops_core::record::Fingerprint;
use sha2::{Digest, Sha256};

use crate::literal::{Value, entries, is_whole, items, key_at, read};

/// The fingerprint of a JSON value, whatever a database did to its text.
///
/// The order of keys, blanks, escapes and the notation of a number make no difference: `1.50`,
/// `1.5` and `15e-1` are the same, as are `1` and `1.0`. Of a key that is given twice the last
/// value counts. Integers of 64 bits are compared exactly, other numbers as 64-bit floats.
pub fn fingerprint(value: &Value<'_>) -> Fingerprint {
    let mut hash = Sha256::new();
    add(&mut hash, value);
    finish(hash)
}

/// The fingerprint of a stored payload. What an application stored itself may be no JSON; then its
/// text counts.
///
/// A payload of millions of numbers is not held as values.
pub fn payload_fingerprint(payload: &str) -> Fingerprint {
    let mut hash = Sha256::new();
    match is_whole(payload) {
        true => add_source(&mut hash, payload.trim()),
        false => add_text(&mut hash, b's', payload),
    }
    finish(hash)
}

fn finish(hash: Sha256) -> Fingerprint {
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&hash.finalize()[..16]);
    Fingerprint(fingerprint)
}

/// Each kind begins with a byte of its own, and what has a length begins with it, so that no two
/// values run together.
fn add(hash: &mut Sha256, value: &Value<'_>) {
    match value {
        Value::Null | Value::NonFinite(_) => hash.update(b"n"),
        Value::Bool(true) => hash.update(b"t"),
        Value::Bool(false) => hash.update(b"f"),
        Value::Number(text) => add_number(hash, text),
        Value::String(text) => add_text(hash, b's', text),
        Value::Surrogate { text, .. } => add_text(hash, b's', text),
        Value::List(items) => {
            hash.update(b"l");
            hash.update(items.len().to_be_bytes());
            items.iter().for_each(|item| add(hash, item));
        }
        Value::Map(entries) => {
            let mut sorted: Vec<&(Cow<'_, str>, Value<'_>)> = entries.iter().collect();
            // Stable, so that the last of equal keys is the one that was given last.
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            sorted.dedup_by(|later, kept| {
                let is_same = later.0 == kept.0;
                if is_same {
                    *kept = *later;
                }
                is_same
            });
            hash.update(b"m");
            hash.update(sorted.len().to_be_bytes());
            for (key, value) in sorted {
                add_text(hash, b'k', key);
                add(hash, value);
            }
        }
    }
}

/// Adds the value that is the text `source`, as [`add`] does.
fn add_source(hash: &mut Sha256, source: &str) {
    let is_added = match source.as_bytes().first() {
        Some(b'[') => add_list(hash, source),
        Some(b'{') => add_map(hash, source),
        _ => None,
    };
    if is_added.is_none()
        && let Ok((value, _)) = read(source)
    {
        add(hash, &value);
    }
}

fn add_list(hash: &mut Sha256, source: &str) -> Option<()> {
    let mut count: usize = 0;
    items(source, |_| count += 1).ok()?;
    hash.update(b"l");
    hash.update(count.to_be_bytes());
    items(source, |item| add_source(hash, item)).ok()
}

/// Adds a map; `None` for one of Python's sets.
fn add_map(hash: &mut Sha256, source: &str) -> Option<()> {
    // Where keys and values begin. Millions of entries need few bytes each.
    let mut offsets: Vec<(u32, u32)> = Vec::new();
    let offset = |text: &str| text.as_ptr() as usize - source.as_ptr() as usize;
    entries(source, |key, value| offsets.push((offset(key) as u32, offset(value) as u32))).ok()?;
    let key = |offsets: &(u32, u32)| key_at(&source[offsets.0 as usize..]);
    offsets.sort_by(|a, b| key(a).cmp(&key(b)));
    offsets.dedup_by(|later, kept| {
        let is_same = key(later) == key(kept);
        if is_same {
            *kept = *later;
        }
        is_same
    });
    hash.update(b"m");
    hash.update(offsets.len().to_be_bytes());
    for entry in &offsets {
        add_text(hash, b'k', &key(entry));
        add_source(hash, &source[entry.1 as usize..]);
    }
    Some(())
}

fn add_text(hash: &mut Sha256, kind: u8, text: &str) {
    hash.update([kind]);
    hash.update(text.len().to_be_bytes());
    hash.update(text.as_bytes());
}

/// Below this a whole number is exact as a float, so that both notations of it can be compared as
/// integers.
const EXACT_INTEGERS: f64 = 9_007_199_254_740_992.0;

fn add_number(hash: &mut Sha256, text: &str) {
    let integer =
        text.parse::<i64>().map(i128::from).or_else(|_| text.parse::<u64>().map(i128::from)).ok();
    let float = || text.parse::<f64>().unwrap_or(f64::NAN);
    let integer = integer.or_else(|| {
        Some(float()).filter(|f| f.fract() == 0.0 && f.abs() < EXACT_INTEGERS).map(|f| f as i128)
    });
    match integer {
        Some(integer) => {
            hash.update(b"i");
            hash.update(integer.to_be_bytes());
        }
        None => {
            hash.update(b"d");
            hash.update(float().to_bits().to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_same(a: &str, b: &str, same: bool) {
        let print = |text: &str| fingerprint(&read(text).unwrap().0);
        assert_eq!(print(a) == print(b), same, "{a} and {b}");
        for text in [a, b] {
            assert_eq!(print(text), payload_fingerprint(text), "{text}");
        }
    }

    #[test]
    fn a_fingerprint_is_of_the_content() {
        for (a, b) in [
            (r#"{"a":1,"b":[true,null]}"#, r#"{ "b" : [true, null], "a" : 1.0 }"#),
            (r#"{"a":1.50}"#, r#"{"a":15e-1}"#),
            (r#"{"a":"\u00e9"}"#, r#"{"a":"é"}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":1,"\u0061":[2,{"b":3,"b":{}}]}"#, r#"{"a":[2,{"b":{}}]}"#),
            (r#"[0.1]"#, r#"[0.10000000000000001]"#),
            (r#"[1e20]"#, r#"[100000000000000000000]"#),
            (r#"[-0.0]"#, r#"[0]"#),
            ("{'a': {1, 2}, 'b': (None,)}", r#"{"b":[null],"a":[1,2]}"#),
        ] {
            check_same(a, b, true);
        }
    }

    #[test]
    fn different_contents_have_different_fingerprints() {
        for (a, b) in [
            (r#"{"a":1}"#, r#"{"a":"1"}"#),
            (r#"{"a":null}"#, "{}"),
            (r#"[[1],2]"#, r#"[[1,2]]"#),
            (r#"["ab","c"]"#, r#"["a","bc"]"#),
            ("[18446744073709551615]", "[18446744073709551614]"),
            ("[9007199254740993]", "[9007199254740992]"),
            ("[0.1]", "[0.10000000000000002]"),
            ("[true]", "[1]"),
            ("[]", "{}"),
        ] {
            check_same(a, b, false);
        }
    }
}
