/// A Python class whose objects have a form in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A collection that becomes a list.
    Items,
    /// An array of `NumPy`, or of Python's own.
    Array,
    /// A collection that becomes a map.
    Map,
    /// Pairs that become a map.
    OrderedDict,
    /// A map after the function that makes its values.
    DefaultDict,
    /// One of a few arguments.
    Plain(Plain),
}

/// A class whose objects become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// `datetime`, `date`.
    Date,
    /// `time`.
    Time,
    /// `Timestamp` of pandas.
    Timestamp,
    /// `Decimal` and the numbers of `NumPy`.
    Number,
    /// The booleans of `NumPy`.
    Bool,
    /// The meaning of its text.
    Text,
}

impl Class {
    /// The class of this name, with or without its module.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.rsplit('.').next().unwrap_or(name) {
            "array" => Self::Array,
            "deque" | "frozenset" | "set" | "list" | "tuple" | "dict_keys" | "dict_values" => {
                Self::Items
            }
            "Counter" | "dict" | "mappingproxy" => Self::Map,
            "OrderedDict" => Self::OrderedDict,
            "defaultdict" => Self::DefaultDict,
            "datetime" | "date" => Self::Plain(Plain::Date),
            "time" => Self::Plain(Plain::Time),
            "Timestamp" => Self::Plain(Plain::Timestamp),
            "Decimal" | "longdouble" => Self::Plain(Plain::Number),
            "bool" | "bool_" => Self::Plain(Plain::Bool),
            "UUID" | "ObjectId" | "datetime64" | "Timedelta" | "Period" | "str_" | "bytes_"
            | "PosixPath" | "WindowsPath" | "IPv4Address" | "IPv6Address" => {
                Self::Plain(Plain::Text)
            }
            class if is_numpy_number(class) => Self::Plain(Plain::Number),
            _ => return None,
        })
    }
}

fn is_numpy_number(class: &str) -> bool {
    let width =
        class.trim_start_matches("float").trim_start_matches("uint").trim_start_matches("int");
    width.len() < class.len() && matches!(width, "8" | "16" | "32" | "64" | "128" | "")
}
