//! The envelopes in which those who ship logs put each record.

use std::borrow::Cow;

use crate::literal::{LiteralError, Value, entries, items, key_at, read};

/// The content of an envelope.
#[derive(Debug)]
pub(crate) enum Envelope<'a> {
    /// Nothing that was logged, such as a control message.
    Nothing,
    /// One message.
    One(Message<'a>),
    /// The messages of a list.
    List(List<'a>),
    /// The output of a container, which may end in the middle of a record.
    Output { name: &'static str, container: String, text: Cow<'a, str>, ends_line: bool },
}

/// A message and its path within the envelope, such as `logEvents[2].message`.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) path: String,
    pub(crate) content: Content<'a>,
}

#[derive(Debug)]
pub(crate) enum Content<'a> {
    Text(Cow<'a, str>),
    /// In base64, and possibly compressed.
    Base64(Cow<'a, str>),
    /// A record that is no text but a part of the envelope.
    Part(&'a str),
}

/// A list of messages.
#[derive(Debug)]
pub(crate) struct List<'a> {
    name: &'static str,
    source: &'a str,
    field: ListField,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListField {
    /// `message` of CloudWatch Logs.
    Message,
    /// `data` of Firehose, in base64.
    Data,
    /// `kinesis.data` in base64, `body` of SQS, `Sns.Message`: the events of Lambda.
    Event,
}

/// The fields by which a record is told from an envelope.
#[derive(Debug, Default)]
pub(crate) struct Probe<'a> {
    /// It has `input` or `output`, as no envelope has.
    pub(crate) is_record: bool,
    /// Those of [`FIELDS`], at the same indices.
    fields: [Option<&'a str>; FIELDS.len()],
    /// The identity of a container.
    container: String,
}

const FIELDS: [&str; 29] = [
    "messageType",
    "logEvents",
    "awslogs",
    "records",
    "Records",
    "Type",
    "Message",
    "stream",
    "time",
    "logtag",
    "partial_message",
    "partial_last",
    "_p",
    "log",
    "message",
    "MESSAGE",
    "textPayload",
    "@message",
    "_raw",
    "full_message",
    "short_message",
    "line",
    "jsonPayload",
    "_source",
    "attributes",
    "detail",
    "event",
    "data",
    "body",
];

/// Fields with what a program printed: of Docker, containerd, Fluent Bit, Vector, Logstash and
/// Filebeat; journald; Google Cloud; CloudWatch Logs Insights; Splunk; GELF; Loki.
const TEXTS: [&str; 9] = [
    "log",
    "message",
    "MESSAGE",
    "textPayload",
    "@message",
    "_raw",
    "full_message",
    "short_message",
    "line",
];

/// Fields with what was logged as JSON: of Fluent Bit; Google Cloud; Elasticsearch; Datadog;
/// `EventBridge`; Splunk; `CloudEvents`; OpenTelemetry and SQS. Others use these names for other things.
const PARTS: [&str; 9] =
    ["log", "message", "jsonPayload", "_source", "attributes", "detail", "event", "data", "body"];

const CONTAINER_FIELDS: [&str; 4] = ["container_id", "container_name", "kubernetes", "partial_id"];

impl<'a> Probe<'a> {
    /// Looks at the map at the start of `source`; returns also the number of bytes that it took.
    pub(crate) fn read(source: &'a str) -> Result<(Self, usize), LiteralError> {
        let mut probe = Self::default();
        let length = entries(source, |key, value| {
            let key = key_at(key);
            probe.is_record |= key == "input" || key == "output";
            if let Some(index) = FIELDS.iter().position(|field| *field == key) {
                probe.fields[index] = Some(value);
            }
            if CONTAINER_FIELDS.iter().any(|field| *field == key) {
                probe.container.push_str(value);
            }
        })?;
        Ok((probe, length))
    }

    /// The envelope that this is; `None` for a record and anything else.
    pub(crate) fn envelope(self) -> Option<Envelope<'a>> {
        if self.is_record {
            return None;
        }
        self.cloudwatch().or_else(|| self.lists()).or_else(|| self.one())
    }

    fn field(&self, name: &str) -> Option<&'a str> {
        FIELDS.iter().position(|field| *field == name).and_then(|index| self.fields[index])
    }

    fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text_of(self.field(name)?)
    }

    fn cloudwatch(&self) -> Option<Envelope<'a>> {
        if let Some(data) = self.field("awslogs").and_then(|awslogs| text_at(awslogs, "data")) {
            let path = "awslogs.data".to_owned();
            return Some(Envelope::One(Message { path, content: Content::Base64(data) }));
        }
        let source = self.field("logEvents").filter(|events| events.starts_with('['))?;
        match self.text("messageType")?.as_ref() {
            "CONTROL_MESSAGE" => Some(Envelope::Nothing),
            "DATA_MESSAGE" => {
                let field = ListField::Message;
                Some(Envelope::List(List { name: "logEvents", source, field }))
            }
            _ => None,
        }
    }

    fn lists(&self) -> Option<Envelope<'a>> {
        let list = |name, field| {
            let list = List { name, source: self.field(name)?, field };
            list.is_one().then_some(Envelope::List(list))
        };
        let notification = || {
            let is_one = self.text("Type")? == "Notification";
            let content = Content::Text(self.text("Message").filter(|_| is_one)?);
            Some(Envelope::One(Message { path: "Message".to_owned(), content }))
        };
        list("records", ListField::Data)
            .or_else(|| list("Records", ListField::Event))
            .or_else(notification)
    }

    /// The one message of an envelope without a list.
    fn one(&self) -> Option<Envelope<'a>> {
        let map = |name: &'static str| self.field(name).filter(|source| source.starts_with('{'));
        let probed = |name| Some(Probe::read(map(name)?).ok()?.0);
        let is_record = |name| probed(name).is_some_and(|probe| probe.is_record);
        let is_envelope =
            |name| probed(name).and_then(|probe| probe.envelope()).is_some() || name == "log";
        let part = |name: &'static str| {
            let content = Content::Part(map(name)?);
            Some(Envelope::One(Message { path: name.to_owned(), content }))
        };
        let encoded = |name: &'static str| {
            let text = self.text(name).filter(|text| text.trim_start().starts_with('{'))?;
            Some(Envelope::One(Message { path: name.to_owned(), content: Content::Text(text) }))
        };
        (PARTS.into_iter().find(|name| is_record(*name)).and_then(part))
            .or_else(|| TEXTS.into_iter().find_map(|name| self.output(name)))
            .or_else(|| PARTS.into_iter().find_map(encoded))
            .or_else(|| PARTS.into_iter().filter(|name| is_envelope(*name)).find_map(part))
    }

    /// A line that a program printed.
    fn output(&self, name: &'static str) -> Option<Envelope<'a>> {
        let text = self.text(name)?;
        let stream = self.text("stream");
        let is_docker = name == "log" && stream.is_some() && self.field("time").is_some();
        let is_true = |name| self.text(name).is_some_and(|text| text == "true");
        let ends_line = match self.text("logtag").or_else(|| self.text("_p")).as_deref() {
            Some("P") => false,
            Some("F") => true,
            _ if is_true("partial_message") => is_true("partial_last"),
            _ => !is_docker,
        };
        let container = format!("{name} {} {}", stream.unwrap_or_default(), self.container);
        Some(Envelope::Output { name, container, text, ends_line })
    }
}

impl<'a> List<'a> {
    /// Whether its items have messages.
    fn is_one(&self) -> bool {
        let mut known = 0;
        let shown = items(self.source, |item| {
            known += usize::from(self.message(item, 0).is_some());
        });
        shown.is_ok() && known > 0
    }

    /// Gives each message in order; `None` for an item without one.
    pub(crate) fn messages(&self, mut take: impl FnMut(u64, Option<Message<'a>>)) {
        let mut index = 0;
        let shown = items(self.source, |item| {
            take(index, self.message(item, index));
            index += 1;
        });
        // The whole envelope was read before.
        debug_assert!(shown.is_ok());
    }

    fn message(&self, item: &'a str, index: u64) -> Option<Message<'a>> {
        let (field, content) = match self.field {
            ListField::Message => ("message", Content::Text(text_at(item, "message")?)),
            ListField::Data => ("data", Content::Base64(text_at(item, "data")?)),
            ListField::Event => {
                if let Some(data) = part(item, "kinesis").and_then(|part| text_at(part, "data")) {
                    ("kinesis.data", Content::Base64(data))
                } else if let Some(text) =
                    part(item, "Sns").and_then(|part| text_at(part, "Message"))
                {
                    ("Sns.Message", Content::Text(text))
                } else {
                    ("body", Content::Text(text_at(item, "body")?))
                }
            }
        };
        Some(Message { path: format!("{}[{index}].{field}", self.name), content })
    }

    /// The path of an item.
    pub(crate) fn path(&self, index: u64) -> String {
        format!("{}[{index}]", self.name)
    }
}

/// A record at the start of a line that was encoded as a JSON text, once or twice:
/// `"{\"input\": …}"`. Gives also the number of bytes that it took.
pub(crate) fn encoded(line: &[u8]) -> Option<(Message<'_>, usize)> {
    if !matches!(line.first(), Some(b'"' | b'\'' | b'b' | b'u')) {
        return None;
    }
    let (value, length) = read(std::str::from_utf8(line).ok()?).ok()?;
    let Value::String(text) = value else { return None };
    let start = text.trim_start();
    let is_record = start.starts_with('{') || start.starts_with("\"{");
    let message = Message { path: "text".to_owned(), content: Content::Text(text) };
    is_record.then_some((message, length))
}

/// The text of the value of `key` in a map.
fn part<'a>(map: &'a str, key: &str) -> Option<&'a str> {
    let mut found = None;
    entries(map, |name, value| {
        if key_at(name) == key {
            found = Some(value);
        }
    })
    .ok()?;
    found
}

fn text_at<'a>(map: &'a str, key: &str) -> Option<Cow<'a, str>> {
    part(map, key).and_then(text_of)
}

fn text_of(source: &str) -> Option<Cow<'_, str>> {
    match read(source).ok()?.0 {
        Value::String(text) => Some(text),
        Value::Surrogate { text, .. } => Some(Cow::Owned(text)),
        _ => None,
    }
}
