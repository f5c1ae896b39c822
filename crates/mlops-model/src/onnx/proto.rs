//! The parts of ONNX's messages that we write, with the numbers of
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct ModelProto {
    #[prost(int64, tag = "1")]
    pub(super) ir_version: i64,
    #[prost(string, tag = "2")]
    pub(super) producer_name: String,
    #[prost(message, optional, tag = "7")]
    pub(super) graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    pub(super) opset_import: Vec<OperatorSetId>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct OperatorSetId {
    #[prost(string, tag = "1")]
    pub(super) domain: String,
    #[prost(int64, tag = "2")]
    pub(super) version: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub(super) node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    pub(super) input: Vec<ValueInfo>,
    #[prost(message, repeated, tag = "12")]
    pub(super) output: Vec<ValueInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub(super) input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(super) output: Vec<String>,
    #[prost(string, tag = "3")]
    pub(super) name: String,
    #[prost(string, tag = "4")]
    pub(super) op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) attribute: Vec<Attribute>,
    #[prost(string, tag = "7")]
    pub(super) domain: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Attribute {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(float, tag = "2")]
    pub(super) f: f32,
    #[prost(int64, tag = "3")]
    pub(super) i: i64,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) s: Vec<u8>,
    #[prost(message, optional, tag = "5")]
    pub(super) t: Option<TensorProto>,
    #[prost(message, optional, tag = "6")]
    pub(super) g: Option<GraphProto>,
    #[prost(float, repeated, tag = "7")]
    pub(super) floats: Vec<f32>,
    #[prost(int64, repeated, tag = "8")]
    pub(super) ints: Vec<i64>,
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub(super) strings: Vec<Vec<u8>>,
    #[prost(int32, tag = "20")]
    pub(super) r#type: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    pub(super) dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub(super) data_type: i32,
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub(super) string_data: Vec<Vec<u8>>,
    #[prost(string, tag = "8")]
    pub(super) name: String,
    #[prost(bytes = "vec", tag = "9")]
    pub(super) raw_data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ValueInfo {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, optional, tag = "2")]
    pub(super) r#type: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TypeProto {
    #[prost(message, optional, tag = "1")]
    pub(super) tensor_type: Option<TensorType>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TensorType {
    #[prost(int32, tag = "1")]
    pub(super) elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) shape: Option<Shape>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Shape {
    #[prost(message, repeated, tag = "1")]
    pub(super) dim: Vec<Dimension>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Dimension {
    #[prost(int64, optional, tag = "1")]
    pub(super) dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub(super) dim_param: Option<String>,
}

/// Types of elements.
pub(super) const UINT8: i32 = 2;
pub(super) const INT64: i32 = 7;
pub(super) const STRING: i32 = 8;
pub(super) const DOUBLE: i32 = 11;

impl Attribute {
    fn of(name: &str, r#type: i32) -> Self {
        Self { name: name.to_owned(), r#type, ..Self::default() }
    }

    pub(super) fn float(name: &str, f: f32) -> Self {
        Self { f, ..Self::of(name, 1) }
    }

    pub(super) fn int(name: &str, i: i64) -> Self {
        Self { i, ..Self::of(name, 2) }
    }

    pub(super) fn string(name: &str, s: &str) -> Self {
        Self { s: s.as_bytes().to_vec(), ..Self::of(name, 3) }
    }

    pub(super) fn graph(name: &str, g: GraphProto) -> Self {
        Self { g: Some(g), ..Self::of(name, 5) }
    }

    pub(super) fn tensor(name: &str, t: TensorProto) -> Self {
        Self { t: Some(t), ..Self::of(name, 4) }
    }

    pub(super) fn floats(name: &str, floats: Vec<f32>) -> Self {
        Self { floats, ..Self::of(name, 6) }
    }

    pub(super) fn ints(name: &str, ints: Vec<i64>) -> Self {
        Self { ints, ..Self::of(name, 7) }
    }

    pub(super) fn strings(name: &str, strings: &[String]) -> Self {
        Self {
            strings: strings.iter().map(|text| text.as_bytes().to_vec()).collect(),
            ..Self::of(name, 8)
        }
    }
}

impl TensorProto {
    pub(super) fn doubles(dims: &[i64], values: &[f64]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dims: dims.to_vec(), data_type: DOUBLE, raw_data, ..Self::default() }
    }

    pub(super) fn bytes(values: Vec<u8>) -> Self {
        Self {
            dims: vec![values.len() as i64],
            data_type: UINT8,
            raw_data: values,
            ..Self::default()
        }
    }

    pub(super) fn ints(dims: &[i64], values: &[i64]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dims: dims.to_vec(), data_type: INT64, raw_data, ..Self::default() }
    }

    pub(super) fn text(text: &str) -> Self {
        Self { data_type: STRING, string_data: vec![text.as_bytes().to_vec()], ..Self::default() }
    }
}

impl ValueInfo {
    /// A tensor with a column of as many rows as are asked for, or just one value a row.
    pub(super) fn of(name: &str, elem_type: i32, columns: Option<i64>) -> Self {
        let rows = Dimension { dim_param: Some("rows".to_owned()), dim_value: None };
        let columns =
            columns.map(|columns| Dimension { dim_value: Some(columns), dim_param: None });
        let shape = Some(Shape { dim: std::iter::once(rows).chain(columns).collect() });
        let tensor_type = Some(TensorType { elem_type, shape });
        Self { name: name.to_owned(), r#type: Some(TypeProto { tensor_type }) }
    }
}
