//! Finds the records in a text that arrives in parts.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::binary::binary;
use crate::boundary::{RECORD_SEPARATOR, bad_end, begins_list, line_end, within};
use crate::decode::decode_all;
use crate::discarded::Discarded;
use crate::envelope::{Content, Envelope, Message, Probe, encoded};
use crate::found::Found;
use crate::literal::{LiteralError, length};
use crate::logged::{ParsedRecord, parse_record};
use crate::prefix::{container_line, prefix_bytes};
use crate::utf8::{Utf8, blank_bytes};
use crate::{BadRecord, Position, RecordError, RecordSink, Within};

/// A record that has not ended is looked at again after this much more.
const STEP_BYTES: usize = 64 << 10;

/// No record is longer, whatever the limit: positions in a payload are kept in 32 bits.
const MAX_RECORD_BYTES: usize = 512 << 20;

/// Envelopes in envelopes, as in a CloudWatch message in a Kinesis record in a Firehose record.
const MAX_ENVELOPES: usize = 8;

/// Containers whose lines are open at once.
const MAX_CONTAINERS: usize = 64;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The target of findings.
pub(crate) struct Target<'t> {
    pub(crate) found: &'t mut Found,
    pub(crate) sink: &'t mut dyn RecordSink,
}

impl Target<'_> {
    fn bad(&mut self, bad: BadRecord) {
        self.found.bad(bad, self.sink);
    }
}

/// Finds records in the bytes of an object, or of a message in an envelope.
#[derive(Debug)]
pub(crate) struct Splitter {
    max_record_bytes: usize,
    /// From the beginning of the first record that has not ended.
    held: Vec<u8>,
    /// The held text is looked at again at the end of a line from here on, and when it has this many
    /// bytes.
    next_look: (usize, usize),
    /// The line on which the next byte stands, from 1.
    line: u64,
    /// Open lists around the records.
    lists: usize,
    discarded: Option<Discarded>,
    /// The envelope that the text is of.
    outer: Option<Outer>,
    /// The unfinished records of each container.
    containers: BTreeMap<String, Splitter>,
    /// The length of the last payload.
    room: usize,
}

/// The position of a message in its object.
#[derive(Debug, Clone)]
struct Outer {
    /// Lines of the text, each with the line of the object on which its envelope begins.
    lines: Vec<(u64, u64)>,
    index: Option<u64>,
    path: String,
    depth: usize,
}

/// The findings at a byte of the text.
enum Look {
    /// It has this many bytes, and was dealt with.
    Done(usize),
    /// Its end has not arrived; with the error, if there is no more.
    Open(Option<LiteralError>),
    Bad(RecordError),
}

enum Parsed<'a> {
    Record(Result<ParsedRecord, RecordError>),
    Envelope(Envelope<'a>),
}

impl Splitter {
    pub(crate) fn new(max_record_bytes: usize) -> Self {
        Self {
            max_record_bytes: max_record_bytes.min(MAX_RECORD_BYTES),
            held: Vec::new(),
            next_look: (0, 0),
            line: 1,
            lists: 0,
            discarded: None,
            outer: None,
            containers: BTreeMap::new(),
            room: 0,
        }
    }

    /// The number of bytes that wait for the end of their record.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held.len() + self.containers.values().map(Self::held_bytes).sum::<usize>()
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, mut bytes: &[u8], target: &mut Target<'_>) {
        while !bytes.is_empty() {
            if let Some(discarded) = &mut self.discarded {
                let (used, is_over) = discarded.push(bytes);
                self.count_lines(&bytes[..used]);
                bytes = &bytes[used..];
                if is_over && let Some(discarded) = self.discarded.take() {
                    target.bad(discarded.finish());
                }
            } else if self.held.is_empty() {
                let used = self.look(bytes, false, target);
                self.held.extend_from_slice(&bytes[used..]);
                self.plan_look(used > 0);
                bytes = &[];
            } else {
                let taken = self.hold(bytes);
                bytes = &bytes[taken..];
                if self.held.len() >= self.next_look.1 || self.ends_line() {
                    let mut held = std::mem::take(&mut self.held);
                    let used = self.look(&held, false, target);
                    held.drain(..used);
                    held.shrink_to(held.len().max(4 * STEP_BYTES));
                    self.held = held;
                    self.plan_look(used > 0);
                }
            }
        }
    }

    /// Holds as much as is worth another look.
    fn hold(&mut self, bytes: &[u8]) -> usize {
        let (at_line_end, in_any_case) = self.next_look;
        let skipped = at_line_end.saturating_sub(self.held.len()).min(bytes.len());
        let line_end = memchr::memchr(b'\n', &bytes[skipped..]).map(|at| skipped + at + 1);
        let most = in_any_case.saturating_sub(self.held.len()).max(1);
        let taken = line_end.unwrap_or(bytes.len()).min(most);
        self.held.extend_from_slice(&bytes[..taken.min(bytes.len())]);
        taken.min(bytes.len())
    }

    fn ends_line(&self) -> bool {
        self.held.len() >= self.next_look.0 && self.held.ends_with(b"\n")
    }

    /// After a look in vain the next one waits until there is twice as much.
    fn plan_look(&mut self, is_new: bool) {
        let bytes = self.held.len();
        let later = (bytes + bytes.max(STEP_BYTES)).min(self.max_record_bytes + 1).max(bytes + 1);
        self.next_look = (if is_new { bytes } else { later }, later);
    }

    /// Ends the text.
    pub(crate) fn finish(&mut self, target: &mut Target<'_>) {
        let held = std::mem::take(&mut self.held);
        self.look(&held, true, target);
        if let Some(discarded) = self.discarded.take() {
            target.bad(discarded.finish());
        }
        for mut container in std::mem::take(&mut self.containers).into_values() {
            container.finish(target);
        }
    }

    /// Forgets the open record; returns where it stands, and what has arrived of it.
    pub(crate) fn cut(&mut self) -> (Position, Vec<u8>) {
        self.discarded = None;
        self.containers.clear();
        (self.position(), std::mem::take(&mut self.held))
    }

    fn position(&self) -> Position {
        let Some(Outer { lines, index, path, .. }) = &self.outer else {
            return Position { line: self.line, within: None };
        };
        let line = lines.iter().rev().find(|(inner, _)| *inner <= self.line);
        Position {
            line: line.map_or(1, |(_, line)| *line),
            within: Some(Box::new(Within { index: *index, path: path.clone() })),
        }
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    /// Deals with all that begins and ends in `text`, and returns the length of that. If `is_last`,
    /// everything ends there.
    fn look(&mut self, text: &[u8], is_last: bool, target: &mut Target<'_>) -> usize {
        let mut at = 0;
        let mut utf8 = Utf8::new(text, 0, is_last);
        loop {
            at = self.skip_between(text, at);
            if at == text.len() {
                return at;
            }
            if at >= utf8.end() {
                utf8 = Utf8::new(text, at, is_last);
            }
            let look = match text[at] {
                b'{' => self.look_at_record(utf8.from(at), target),
                _ => self.look_at_line(text, at, &utf8, is_last, target),
            };
            let error = match look {
                Look::Done(length) => {
                    self.count_lines(&text[at..at + length]);
                    at += length;
                    continue;
                }
                Look::Open(_) if utf8.is_broken => RecordError::NotUtf8 { at: utf8.end() - at },
                Look::Open(Some(error)) if is_last => error.into(),
                Look::Open(_) if text.len() - at > self.max_record_bytes => {
                    let reason = RecordError::TooLong { limit: self.max_record_bytes };
                    let bad = BadRecord::new(self.position(), reason, &text[at..]);
                    self.discarded = Some(Discarded::record(bad, &text[at..]));
                    self.count_lines(&text[at..]);
                    return text.len();
                }
                Look::Open(_) => return at,
                Look::Bad(error) => error,
            };
            let end = bad_end(text, at, &error);
            let is_over = is_last || end.is_some();
            let end = end.unwrap_or(text.len());
            let error = within(error, utf8.from(at), end - at);
            let bad = BadRecord::new(self.position(), error, text[at..end].trim_ascii_end());
            if is_over {
                target.bad(bad);
            } else {
                let bad = BadRecord::new(bad.position, bad.reason, &text[at..]);
                self.discarded = Some(match text[at] {
                    b'{' => Discarded::lines(bad, &text[at..]),
                    _ => Discarded::line(bad),
                });
            }
            self.count_lines(&text[at..end]);
            at = end;
        }
    }

    /// Skips what stands between records: white space, commas, the brackets of a list, byte order
    /// marks and the separators of a JSON text sequence.
    fn skip_between(&mut self, text: &[u8], mut at: usize) -> usize {
        while at < text.len() {
            let blank = blank_bytes(&text[at..]);
            match text[at] {
                _ if blank > 0 => {
                    self.line += u64::from(text[at] == b'\n');
                    at += blank - 1;
                }
                b',' | RECORD_SEPARATOR => {}
                b'[' if begins_list(&text[at..]) == Some(true) => self.lists += 1,
                b']' if self.lists > 0 => self.lists -= 1,
                _ => break,
            }
            at += 1;
        }
        at
    }

    /// A record or an envelope at the start of `source`.
    fn look_at_record(&mut self, source: &str, target: &mut Target<'_>) -> Look {
        let (parsed, length) = match self.parse(source) {
            Ok(parsed) => parsed,
            Err(error) if error.incomplete => return Look::Open(Some(error)),
            Err(error) => return Look::Bad(error.into()),
        };
        self.take(parsed, source[..length].trim_end(), target);
        Look::Done(length)
    }

    fn parse<'a>(&self, source: &'a str) -> Result<(Parsed<'a>, usize), LiteralError> {
        let key = source[1..].trim_start().get(1..6);
        if key != Some("input") && key != Some("outpu") {
            match Probe::read(source) {
                Ok((probe, length)) => {
                    if let Some(envelope) = probe.envelope() {
                        return Ok((Parsed::Envelope(envelope), length));
                    }
                }
                Err(error) if error.incomplete => return Err(error),
                // A set, or what is no literal.
                Err(_) => {}
            }
        }
        let (record, length) = parse_record(source, self.room)?;
        Ok((Parsed::Record(record), length))
    }

    fn take(&mut self, parsed: Parsed<'_>, raw: &str, target: &mut Target<'_>) {
        if raw.len() > self.max_record_bytes {
            let reason = RecordError::TooLong { limit: self.max_record_bytes };
            return target.bad(BadRecord::new(self.position(), reason, raw.as_bytes()));
        }
        match parsed {
            Parsed::Record(record) => {
                if let Ok(record) = &record {
                    self.room = record.payload.len().min(STEP_BYTES);
                }
                target.found.take(record, raw.as_bytes(), self.position(), target.sink);
            }
            Parsed::Envelope(envelope) => self.open(envelope, target),
        }
    }

    /// A line that does not begin with a record: what a logger wrote before one, a line of a
    /// container, or no record at all.
    fn look_at_line(
        &mut self,
        text: &[u8],
        at: usize,
        utf8: &Utf8<'_>,
        is_last: bool,
        target: &mut Target<'_>,
    ) -> Look {
        if text[at] == b'[' && !is_last && begins_list(&text[at..]).is_none() {
            return Look::Open(None);
        }
        let end = match line_end(text, at) {
            Some(end) => end,
            None if is_last => text.len(),
            None => return Look::Open(None),
        };
        let line = &text[at..end];
        if let Some((message, length)) = encoded(line) {
            self.read_message(message, None, target);
            return Look::Done(length);
        }
        if let Some(found) = container_line(line) {
            let text = String::from_utf8_lossy(&line[found.text..]);
            self.print("log", found.stream.to_owned(), &text, !found.is_part, target);
            return Look::Done(line.len());
        }
        if let Some(prefix) = prefix_bytes(line)
            && at + prefix < utf8.end()
        {
            let source = utf8.from(at + prefix);
            match self.parse(source) {
                Ok((Parsed::Record(Err(reason)), length)) if prefix + length <= line.len() => {
                    return Look::Bad(reason);
                }
                Ok((parsed, length)) => {
                    self.take(parsed, utf8.from(at)[..prefix + length].trim_end(), target);
                    return Look::Done(prefix + length);
                }
                Err(error) if error.incomplete => return Look::Open(Some(error)),
                Err(error) => return Look::Bad(error.into()),
            }
        }
        if utf8.is_broken && utf8.end() < end {
            return Look::Bad(RecordError::NotUtf8 { at: utf8.end() - at });
        }
        // What follows a mere number or text is no record either.
        Look::Bad(match length(&utf8.from(at)[..end - at]) {
            Ok(_) => RecordError::NotAnObject,
            Err(error) => error.into(),
        })
    }

    /// Reads what is in an envelope.
    fn open(&mut self, envelope: Envelope<'_>, target: &mut Target<'_>) {
        match envelope {
            Envelope::Nothing => {}
            Envelope::One(message) => self.read_message(message, None, target),
            Envelope::List(list) => list.messages(|index, message| match message {
                Some(message) => self.read_message(message, Some(index), target),
                None => {
                    let outer = self.outer(list.path(index), Some(index));
                    let reason = RecordError::Envelope(format!("{} has no message", outer.path));
                    let position = self.inner(outer).position();
                    target.bad(BadRecord::new(position, reason, b""));
                }
            }),
            Envelope::Output { name, container, text, ends_line } => {
                self.print(name, container, &text, ends_line, target);
            }
        }
    }

    fn outer(&self, path: String, index: Option<u64>) -> Outer {
        let (path, index, depth) = match &self.outer {
            Some(outer) => {
                (format!("{}/{path}", outer.path), index.or(outer.index), outer.depth + 1)
            }
            None => (path, index, 1),
        };
        Outer { lines: vec![(1, self.position().line)], index, path, depth }
    }

    fn inner(&self, outer: Outer) -> Self {
        Self { outer: Some(outer), ..Self::new(self.max_record_bytes) }
    }

    fn read_message(&self, message: Message<'_>, index: Option<u64>, target: &mut Target<'_>) {
        let outer = self.outer(message.path, index);
        let (depth, path) = (outer.depth, outer.path.clone());
        let mut inner = self.inner(outer);
        let mut bad = |reason: RecordError, raw: &str, inner: &Self| {
            target.bad(BadRecord::new(inner.position(), reason, raw.as_bytes()));
        };
        let refused = |what: &str| RecordError::Envelope(format!("{path} {what}"));
        let (text, bytes) = match &message.content {
            Content::Part(text) => (*text, text.as_bytes().into()),
            Content::Text(text) => (text.as_ref(), text.as_bytes().into()),
            Content::Base64(text) => {
                let Ok(bytes) = BASE64.decode(text.trim_ascii()) else {
                    return bad(refused("is not base64"), text, &inner);
                };
                match decode_all(bytes, self.max_record_bytes) {
                    Ok(bytes) => (text.as_ref(), bytes.into()),
                    Err(error) => {
                        return bad(RecordError::Damaged(error.to_string()), text, &inner);
                    }
                }
            }
        };
        let bytes: std::borrow::Cow<'_, [u8]> = bytes;
        if depth > MAX_ENVELOPES {
            return bad(refused("is in too many envelopes"), text, &inner);
        }
        if let Some(what) = binary(&bytes) {
            return bad(RecordError::Binary(what), text, &inner);
        }
        inner.push(&bytes, target);
        inner.finish(target);
    }

    /// Reads what a container printed.
    fn print(
        &mut self,
        name: &str,
        container: String,
        text: &str,
        ends_line: bool,
        target: &mut Target<'_>,
    ) {
        let line = self.position().line;
        let mut inner = self.containers.remove(&container).unwrap_or_else(|| {
            let mut outer = self.outer(name.to_owned(), None);
            outer.lines.clear();
            self.inner(outer)
        });
        let inner_line = inner.line + memchr::memchr_iter(b'\n', &inner.held).count() as u64;
        let is_open = inner.held_bytes() > 0;
        if let Some(outer) = &mut inner.outer {
            if !is_open {
                outer.lines.clear();
            }
            if outer.lines.last().is_none_or(|(known, _)| *known < inner_line || !is_open) {
                outer.lines.push((inner_line, line));
            }
        }
        inner.push(text.as_bytes(), target);
        if ends_line && !text.ends_with('\n') {
            inner.push(b"\n", target);
        }
        if inner.held_bytes() > 0 || inner.discarded.is_some() || inner.lists > 0 {
            if self.containers.len() == MAX_CONTAINERS
                && let Some((_, mut first)) = self.containers.pop_first()
            {
                first.finish(target);
            }
            self.containers.insert(container, inner);
        }
    }
}
