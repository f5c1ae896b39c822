//! Texts to the indices of levels, as [`level_name`](mlops_core::table::level_name) reads them: outer
//! spaces, `True` and `1.0` do not matter.
//!
//! ONNX has no operator that takes off spaces. A table of the levels answers as long as all texts are
//! written as in it, and patterns, one a level, if one of them is not.

use mlops_core::table::{as_flag_of, level_name};

use super::Graph;
use super::ML;
use super::proto::{Attribute, DOUBLE, GraphProto, INT64, TensorProto, ValueInfo};

/// White space, as Unicode has it, in the language of RE2.
const SPACE: &str = r"[\s\x{0b}\x{85}\pZ]";

impl Graph {
    /// The index of the level of each text, or NaN if it is unseen.
    pub(super) fn level_index(&mut self, text: &str, levels: &[String]) -> String {
        let unusual = format!(r"(?s){SPACE}.*|.*{SPACE}|(?i:true|false)|-?[0-9]+\.0");
        let is_unusual = self.matches(text, &unusual);
        let unusual = self.cast(&is_unusual, INT64);
        let count = self.node("ReduceSum", &[unusual], &[Attribute::int("keepdims", 0)]);
        let zero = self.constant(TensorProto::ints(&[], &[0]));
        let some_unusual = self.node("Greater", &[count, zero], &[]);
        let by_pattern = self.branch("pattern", |graph| graph.by_pattern(text, levels));
        let by_table = self.branch("table", |graph| graph.by_table(text, levels));
        let branches = [
            Attribute::graph("then_branch", by_pattern),
            Attribute::graph("else_branch", by_table),
        ];
        self.node("If", &[some_unusual], &branches)
    }

    fn matches(&mut self, text: &str, pattern: &str) -> String {
        self.node("RegexFullMatch", &[text.to_owned()], &[Attribute::string("pattern", pattern)])
    }

    /// A graph within this one, with one output.
    fn branch(&self, name: &str, build: impl FnOnce(&mut Self) -> String) -> GraphProto {
        let mut graph = Self {
            prefix: format!("{}{} {name} ", self.prefix, self.nodes.len()),
            ..Self::default()
        };
        let output = build(&mut graph);
        graph.outputs.push(ValueInfo::of(&output, DOUBLE, Some(1)));
        graph.into_proto(name)
    }

    fn by_table(&mut self, text: &str, levels: &[String]) -> String {
        let names = || levels.iter().map(String::as_str);
        let aliases = ["true", "false", "1", "0"].into_iter().filter_map(|name| {
            let level = as_flag_of(name, names())?;
            Some((name, names().position(|known| known == level)?))
        });
        let keys = names().zip(0..).chain(aliases);
        let (keys, indices): (Vec<String>, Vec<f32>) =
            keys.map(|(name, index)| (name.to_owned(), index as f32)).unzip();
        let attributes = [
            Attribute::strings("keys_strings", &keys),
            Attribute::floats("values_floats", indices),
            Attribute::float("default_float", f32::NAN),
        ];
        let index = self.node_of(ML, "LabelEncoder", &[text.to_owned()], &attributes);
        self.cast(&index, DOUBLE)
    }

    fn by_pattern(&mut self, text: &str, levels: &[String]) -> String {
        let matches: Vec<String> =
            levels.iter().map(|level| self.matches(text, &pattern(level, levels))).collect();
        let all = self.node("Concat", &matches, &[Attribute::int("axis", 1)]);
        let all = self.cast(&all, DOUBLE);
        // One more than the index, so that 0 is no match.
        let numbers: Vec<f64> = (1..=levels.len()).map(|number| number as f64).collect();
        let numbers = self.constant(TensorProto::doubles(&[1, levels.len() as i64], &numbers));
        let numbered = self.node("Mul", &[all, numbers], &[]);
        let axis = self.constant(TensorProto::ints(&[1], &[1]));
        let number = self.node("ReduceMax", &[numbered, axis], &[Attribute::int("keepdims", 1)]);
        let index = self.two("Sub", &number, 1.0);
        let zero = self.number(0.0);
        let is_unseen = self.node("Less", &[index.clone(), zero], &[]);
        let unseen = self.number(f64::NAN);
        self.node("Where", &[is_unseen, unseen, index], &[])
    }
}

/// The pattern of all texts that name a level.
fn pattern(level: &str, levels: &[String]) -> String {
    let name = |name: &str| match name {
        "true" | "false" => format!("(?i:{name})"),
        name if level_name(&format!("{name}.0")) == name => format!(r"{}(\.0)?", escaped(name)),
        name => escaped(name),
    };
    let names = levels.iter().map(String::as_str);
    let alias = ["true", "false", "1", "0"]
        .into_iter()
        .find(|alias| as_flag_of(alias, names.clone()) == Some(level))
        .map_or_else(String::new, |alias| format!("|{}", name(alias)));
    format!("{SPACE}*({}{alias}){SPACE}*", name(level))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => escaped.push_str(r"\x00"),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                escaped.push_str(&format!(r"\x{{{:x}}}", u32::from(c)));
            }
            c => escaped.push(c),
        }
    }
    escaped
}
