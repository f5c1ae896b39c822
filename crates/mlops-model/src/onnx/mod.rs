//! Models as ONNX, for every runtime that reads it.
//!
//! Each feature is an input `[rows, 1]` of its name: a number (double, NaN is missing), a level
//! (string, empty is missing), or month, quarter and year of a date (`acquired_date.month`,
//! double). The outputs are `probability` and `label`, one a row.

mod levels;
mod proto;

use prost::Message;

use super::bins::{InputBins, MISSING_BIN};
use super::calibration::Calibration;
use super::logistic::{Logistic, Term};
use super::node::{NodeView, Question, has};
use super::scorer::Scorer;
use super::tree::Tree;
use super::{FeatureKind, Model};
use proto::{
    Attribute, DOUBLE, GraphProto, INT64, ModelProto, NodeProto, OperatorSetId, STRING,
    TensorProto, ValueInfo,
};

/// The domain of operators for models that are no networks.
const ML: &str = "ai.onnx.ml";

/// Questions of `TreeEnsemble`.
const IS_UP_TO: u8 = 0;
const IS_MEMBER: u8 = 6;

impl Model {
    /// The model as an ONNX file.
    pub fn to_onnx(&self) -> Vec<u8> {
        let mut graph = Graph::default();
        let inputs = self.graph_inputs(&mut graph);
        let probability = match &self.scorer {
            Scorer::Forest { bins, trees } => {
                let row = graph.node("Concat", &inputs, &[Attribute::int("axis", 1)]);
                graph.trees(&row, bins, trees)
            }
            Scorer::Boosting { bins, base, trees } => {
                let row = graph.node("Concat", &inputs, &[Attribute::int("axis", 1)]);
                let sum = graph.trees(&row, bins, trees);
                let base = graph.number(*base);
                let score = graph.node("Add", &[sum, base], &[]);
                graph.node("Sigmoid", &[score], &[])
            }
            Scorer::Logistic(logistic) => {
                let score = graph.logistic(logistic, &inputs);
                graph.node("Sigmoid", &[score], &[])
            }
        };
        let probability = match &self.calibration {
            None => probability,
            Some(calibration) => graph.calibrated(calibration, probability),
        };
        graph.outputs(&probability, &self.schema.target.positive, &self.schema.target.negative);
        graph.encode()
    }

    /// Returns the inputs as numbers, each `[rows, 1]`. A level is its index, or NaN if it is unseen.
    fn graph_inputs(&self, graph: &mut Graph) -> Vec<String> {
        let mut inputs = Vec::new();
        let names = self.schema.input_names();
        for (name, feature) in names.iter().zip(self.schema.features_of_inputs()) {
            let FeatureKind::Categorical { levels } = &self.schema.features[feature].kind else {
                graph.inputs.push(ValueInfo::of(name, DOUBLE, Some(1)));
                inputs.push(name.clone());
                continue;
            };
            graph.inputs.push(ValueInfo::of(name, STRING, Some(1)));
            inputs.push(graph.level_index(name, levels));
        }
        inputs
    }
}

/// A graph that grows node by node; each node has one output, whose name is returned.
#[derive(Default)]
struct Graph {
    /// The start of the names of nodes and constants, another one for each graph within a graph.
    prefix: String,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    inputs: Vec<ValueInfo>,
    outputs: Vec<ValueInfo>,
}

impl Graph {
    fn node(&mut self, op_type: &str, inputs: &[String], attributes: &[Attribute]) -> String {
        self.node_of("", op_type, inputs, attributes)
    }

    fn node_of(
        &mut self,
        domain: &str,
        op_type: &str,
        inputs: &[String],
        attributes: &[Attribute],
    ) -> String {
        // No feature's name begins so, or it would be hidden by a node's output.
        let name = format!("\u{1}{}{}", self.prefix, self.nodes.len());
        self.nodes.push(NodeProto {
            input: inputs.to_vec(),
            output: vec![name.clone()],
            name: name.clone(),
            op_type: op_type.to_owned(),
            attribute: attributes.to_vec(),
            domain: domain.to_owned(),
        });
        name
    }

    fn constant(&mut self, tensor: TensorProto) -> String {
        let name = format!("\u{1}{}constant {}", self.prefix, self.constants.len());
        self.constants.push(TensorProto { name: name.clone(), ..tensor });
        name
    }

    fn number(&mut self, value: f64) -> String {
        self.constant(TensorProto::doubles(&[], &[value]))
    }

    fn cast(&mut self, input: &str, to: i32) -> String {
        self.node("Cast", &[input.to_owned()], &[Attribute::int("to", i64::from(to))])
    }

    fn two(&mut self, op_type: &str, one: &str, other: f64) -> String {
        let other = self.number(other);
        self.node(op_type, &[one.to_owned(), other], &[])
    }

    /// The sum over the trees, `[rows, 1]`.
    fn trees(&mut self, row: &str, bins: &[InputBins], trees: &[Tree]) -> String {
        let attributes = Ensemble::of(bins, trees).attributes();
        self.node_of(ML, "TreeEnsemble", &[row.to_owned()], &attributes)
    }

    fn logistic(&mut self, logistic: &Logistic, inputs: &[String]) -> String {
        let mut sum = self.constant(TensorProto::doubles(&[1, 1], &[logistic.intercept]));
        for (term, input) in logistic.terms.iter().zip(inputs) {
            let is_missing = self.node("IsNaN", std::slice::from_ref(input), &[]);
            let added = match term {
                Term::Numeric { mean, sd, weight, missing } => {
                    let centred = self.two("Sub", input, *mean);
                    let scaled = self.two("Div", &centred, *sd);
                    let (low, high) = (self.number(-1e4), self.number(1e4));
                    let clipped = self.node("Clip", &[scaled, low, high], &[]);
                    let weighted = self.two("Mul", &clipped, *weight);
                    let missing = self.number(*missing);
                    self.node("Where", &[is_missing, missing, weighted], &[])
                }
                Term::Categorical { weights } => {
                    // One more weight, for levels that are not known.
                    let table: Vec<f64> = weights.iter().copied().chain([0.0]).collect();
                    let unknown = self.number(weights.len() as f64);
                    let index = self.node("Where", &[is_missing, unknown, input.clone()], &[]);
                    let index = self.cast(&index, INT64);
                    let table = self.constant(TensorProto::doubles(&[table.len() as i64], &table));
                    self.node("Gather", &[table, index], &[])
                }
            };
            sum = self.node("Add", &[sum, added], &[]);
        }
        sum
    }

    fn calibrated(&mut self, calibration: &Calibration, probability: String) -> String {
        match calibration {
            Calibration::Sigmoid { a, b } => {
                let (low, high) =
                    (self.number(super::fitted::LEAST), self.number(1.0 - super::fitted::LEAST));
                let inside = self.node("Clip", &[probability, low, high], &[]);
                let one = self.number(1.0);
                let rest = self.node("Sub", &[one, inside.clone()], &[]);
                let odds = self.node("Div", &[inside, rest], &[]);
                let log_odds = self.node("Log", &[odds], &[]);
                let scaled = self.two("Mul", &log_odds, -a);
                let score = self.two("Sub", &scaled, *b);
                self.node("Sigmoid", &[score], &[])
            }
            Calibration::Isotonic { x, y } => self.interpolated(x, y, probability),
        }
    }

    /// Between the points x, y, which ascend: y below each of them, and the slope from each on.
    fn interpolated(&mut self, x: &[f64], y: &[f64], value: String) -> String {
        let (Some(first), Some(last)) = (x.first(), x.last()) else { return value };
        let (low, high) = (self.number(*first), self.number(*last));
        let inside = self.node("Clip", &[value, low, high], &[]);
        let points = self.constant(TensorProto::doubles(&[1, x.len() as i64], x));
        let is_above = self.node("Greater", &[inside.clone(), points], &[]);
        let above = self.cast(&is_above, INT64);
        let axis = self.constant(TensorProto::ints(&[1], &[1]));
        let index = self.node("ReduceSum", &[above, axis], &[Attribute::int("keepdims", 1)]);
        // In front of the first point, and between each and the next: where it begins, and how
        // steep it is.
        let ends = x.windows(2).zip(y.windows(2));
        let slopes =
            ends.map(|(x, y)| if x[1] > x[0] { (y[1] - y[0]) / (x[1] - x[0]) } else { 0.0 });
        let slopes: Vec<f64> = std::iter::once(0.0).chain(slopes).chain([0.0]).collect();
        let from = |points: &[f64]| {
            std::iter::once(points[0]).chain(points.iter().copied()).collect::<Vec<f64>>()
        };
        let at_index = |graph: &mut Self, table: &[f64]| {
            let table = graph.constant(TensorProto::doubles(&[table.len() as i64], table));
            graph.node("Gather", &[table, index.clone()], &[])
        };
        let (x0, y0) = (at_index(self, &from(x)), at_index(self, &from(y)));
        let slope = at_index(self, &slopes);
        let along = self.node("Sub", &[inside, x0], &[]);
        let rise = self.node("Mul", &[along, slope], &[]);
        self.node("Add", &[y0, rise], &[])
    }

    fn outputs(&mut self, probability: &str, positive: &str, negative: &str) {
        let axis = self.constant(TensorProto::ints(&[1], &[1]));
        self.nodes.push(NodeProto {
            input: vec![probability.to_owned(), axis],
            output: vec!["probability".to_owned()],
            op_type: "Squeeze".to_owned(),
            ..NodeProto::default()
        });
        let half = self.number(0.5);
        let is_positive = self.node("GreaterOrEqual", &["probability".to_owned(), half], &[]);
        let (yes, no) = (
            self.constant(TensorProto::text(positive)),
            self.constant(TensorProto::text(negative)),
        );
        self.nodes.push(NodeProto {
            input: vec![is_positive, yes, no],
            output: vec!["label".to_owned()],
            op_type: "Where".to_owned(),
            ..NodeProto::default()
        });
        self.outputs =
            vec![ValueInfo::of("probability", DOUBLE, None), ValueInfo::of("label", STRING, None)];
    }

    fn into_proto(self, name: &str) -> GraphProto {
        GraphProto {
            node: self.nodes,
            name: name.to_owned(),
            initializer: self.constants,
            input: self.inputs,
            output: self.outputs,
        }
    }

    fn encode(self) -> Vec<u8> {
        let graph = self.into_proto("model");
        let opset = |domain: &str, version| OperatorSetId { domain: domain.to_owned(), version };
        ModelProto {
            ir_version: 9,
            producer_name: "mlops".to_owned(),
            graph: Some(graph),
            opset_import: vec![opset("", 20), opset(ML, 5)],
        }
        .encode_to_vec()
    }
}

/// Trees as attributes of `TreeEnsemble`: inner nodes and leaves each in a list of their own.
#[derive(Default)]
struct Ensemble {
    roots: Vec<i64>,
    inputs: Vec<i64>,
    modes: Vec<u8>,
    splits: Vec<f64>,
    yes: Vec<i64>,
    yes_is_leaf: Vec<i64>,
    no: Vec<i64>,
    no_is_leaf: Vec<i64>,
    missing_is_yes: Vec<i64>,
    /// The sets, each ended by NaN.
    members: Vec<f64>,
    leaves: Vec<f64>,
}

impl Ensemble {
    fn of(bins: &[InputBins], trees: &[Tree]) -> Self {
        let mut ensemble = Self::default();
        for tree in trees {
            ensemble.roots.push(ensemble.inputs.len() as i64);
            if tree.len() == 1 {
                ensemble.push_lone_leaf(tree);
            } else {
                ensemble.push(bins, tree);
            }
        }
        ensemble
    }

    /// A tree must begin with a question: one with the same answer on both sides.
    fn push_lone_leaf(&mut self, tree: &Tree) {
        let NodeView::Leaf(value) = tree.node(0) else { return };
        let leaf = self.leaves.len() as i64;
        self.leaves.extend([f64::from(value), f64::from(value)]);
        self.push_question(0, IS_UP_TO, 0.0, false);
        self.yes.push(leaf);
        self.no.push(leaf + 1);
        self.yes_is_leaf.push(1);
        self.no_is_leaf.push(1);
    }

    fn push_question(&mut self, input: usize, mode: u8, split: f64, missing_is_yes: bool) {
        self.inputs.push(input as i64);
        self.modes.push(mode);
        self.splits.push(split);
        self.missing_is_yes.push(i64::from(missing_is_yes));
    }

    fn push(&mut self, bins: &[InputBins], tree: &Tree) {
        // Where each node of the tree stands in its list.
        let (mut questions, mut leaves) = (self.inputs.len() as i64, self.leaves.len() as i64);
        let next = |list: &mut i64| {
            *list += 1;
            *list - 1
        };
        let indices: Vec<(i64, bool)> = (0..tree.len())
            .map(|index| match tree.node(index) {
                NodeView::Leaf(_) => (next(&mut leaves), true),
                NodeView::Split { .. } => (next(&mut questions), false),
            })
            .collect();
        for index in 0..tree.len() {
            match tree.node(index) {
                NodeView::Leaf(value) => self.leaves.push(f64::from(value)),
                NodeView::Split { input, question, left } => {
                    match question {
                        Question::UpTo { bin, missing_left } => {
                            self.push_question(
                                input,
                                IS_UP_TO,
                                edge(&bins[input], bin),
                                missing_left,
                            );
                        }
                        Question::In(set) => {
                            let before = self.members.len();
                            let levels =
                                (0..bins[input].len()).filter(|level| has(&set, *level as u8));
                            self.members.extend(levels.map(|level| level as f64));
                            // A set must not be empty: what is missing has an answer of its own.
                            if self.members.len() == before {
                                self.push_question(
                                    input,
                                    IS_UP_TO,
                                    f64::NEG_INFINITY,
                                    has(&set, MISSING_BIN),
                                );
                            } else {
                                self.push_question(input, IS_MEMBER, 0.0, has(&set, MISSING_BIN));
                                self.members.push(f64::NAN);
                            }
                        }
                    }
                    let ((yes, yes_is_leaf), (no, no_is_leaf)) = (indices[left], indices[left + 1]);
                    self.yes.push(yes);
                    self.yes_is_leaf.push(i64::from(yes_is_leaf));
                    self.no.push(no);
                    self.no_is_leaf.push(i64::from(no_is_leaf));
                }
            }
        }
    }

    fn attributes(self) -> Vec<Attribute> {
        let doubles = |name: &str, values: &[f64]| {
            Attribute::tensor(name, TensorProto::doubles(&[values.len() as i64], values))
        };
        let targets = vec![0; self.leaves.len()];
        let mut attributes = vec![
            Attribute::int("n_targets", 1),
            Attribute::int("aggregate_function", 1),
            Attribute::int("post_transform", 0),
            Attribute::ints("tree_roots", self.roots),
            Attribute::ints("nodes_featureids", self.inputs),
            Attribute::tensor("nodes_modes", TensorProto::bytes(self.modes)),
            doubles("nodes_splits", &self.splits),
            Attribute::ints("nodes_truenodeids", self.yes),
            Attribute::ints("nodes_trueleafs", self.yes_is_leaf),
            Attribute::ints("nodes_falsenodeids", self.no),
            Attribute::ints("nodes_falseleafs", self.no_is_leaf),
            Attribute::ints("nodes_missing_value_tracks_true", self.missing_is_yes),
            Attribute::ints("leaf_targetids", targets),
            doubles("leaf_weights", &self.leaves),
        ];
        if !self.members.is_empty() {
            attributes.push(doubles("membership_values", &self.members));
        }
        attributes
    }
}

/// The largest number of a bin.
fn edge(bins: &InputBins, bin: u8) -> f64 {
    match bins {
        InputBins::Numeric { edges } => {
            edges.get(usize::from(bin)).copied().unwrap_or(f64::INFINITY)
        }
        InputBins::Categorical { .. } => f64::from(bin),
    }
}
