/// A value of a pickle of plain containers. A tuple is read as a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of 64 bits.
    Int(i64),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Text(String),
    /// A `bytes`.
    Bytes(Vec<u8>),
    /// A `list`.
    List(Vec<Self>),
    /// A `dict` whose keys are `str`, in its order.
    Dict(Vec<(String, Self)>),
}

impl Value {
    /// Returns the name of the type in Python.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::Float(_) => "a float",
            Self::Text(_) => "a str",
            Self::Bytes(_) => "a bytes",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dict",
        }
    }

    /// Returns numbers as raw little-endian bytes.
    pub fn of_f64(numbers: &[f64]) -> Self {
        Self::Bytes(numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
    }

    /// Same as `f64s`, for integers of 64 bits.
    pub fn of_u64(numbers: impl Iterator<Item = u64>) -> Self {
        Self::Bytes(numbers.flat_map(u64::to_le_bytes).collect())
    }

    /// Same as `f64s`, for numbers of 32 bits.
    pub fn of_u32(numbers: impl Iterator<Item = u32>) -> Self {
        Self::Bytes(numbers.flat_map(u32::to_le_bytes).collect())
    }

    /// Same as `f64s`, for numbers of 16 bits.
    pub fn of_u16(numbers: impl Iterator<Item = u16>) -> Self {
        Self::Bytes(numbers.flat_map(u16::to_le_bytes).collect())
    }
}

/// An error about a value of an unexpected type or shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {what}")]
pub struct Shape {
    path: String,
    what: String,
}

/// A value with its path, so that an error can name the path.
#[derive(Debug, Clone, Copy)]
pub struct Field<'v> {
    value: &'v Value,
    name: &'v str,
}

impl<'v> Field<'v> {
    /// Creates a field with the path `name`.
    pub fn new(value: &'v Value, name: &'v str) -> Self {
        Self { value, name }
    }

    /// Returns an error about this value.
    pub fn wrong(&self, what: impl Into<String>) -> Shape {
        Shape { path: self.name.to_owned(), what: what.into() }
    }

    fn expected(&self, kind: &str) -> Shape {
        self.wrong(format!("is {}; {kind} is expected", self.value.kind()))
    }

    /// Returns the value.
    pub fn value(&self) -> &'v Value {
        self.value
    }

    /// Returns an entry of a dict.
    ///
    /// # Errors
    ///
    /// [`Shape`] if the value is not a dict, or has no such entry.
    pub fn entry(&self, key: &str) -> Result<&'v Value, Shape> {
        let Value::Dict(entries) = self.value else { return Err(self.expected("a dict")) };
        let found = entries.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value).ok_or_else(|| self.wrong(format!("has no entry `{key}`")))
    }

    /// Returns the items of a list.
    ///
    /// # Errors
    ///
    /// [`Shape`] if the value has another type.
    pub fn list(&self) -> Result<&'v [Value], Shape> {
        match self.value {
            Value::List(items) => Ok(items),
            _ => Err(self.expected("a list")),
        }
    }

    /// Returns a text.
    ///
    /// # Errors
    ///
    /// [`Shape`] if the value has another type.
    pub fn text(&self) -> Result<&'v str, Shape> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.expected("a str")),
        }
    }

    /// Returns a number: a `float` or an `int`.
    ///
    /// # Errors
    ///
    /// [`Shape`] if the value has another type.
    pub fn float(&self) -> Result<f64, Shape> {
        match self.value {
            Value::Float(number) => Ok(*number),
            Value::Int(number) => Ok(*number as f64),
            _ => Err(self.expected("a float")),
        }
    }

    /// Returns an integer.
    ///
    /// # Errors
    ///
    /// [`Shape`] if the value has another type.
    pub fn int(&self) -> Result<i64, Shape> {
        match self.value {
            Value::Int(number) => Ok(*number),
            _ => Err(self.expected("an int")),
        }
    }

    /// Returns raw bytes.
    ///
    /// # Errors
    ///
    /// [`Shape`] if the value has another type.
    pub fn bytes(&self) -> Result<&'v [u8], Shape> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.expected("a bytes")),
        }
    }

    fn numbers<const SIZE: usize, T>(
        &self,
        of_bytes: fn([u8; SIZE]) -> T,
    ) -> Result<Vec<T>, Shape> {
        let (numbers, rest) = self.bytes()?.as_chunks::<SIZE>();
        if rest.is_empty() {
            Ok(numbers.iter().map(|number| of_bytes(*number)).collect())
        } else {
            Err(self
                .wrong(format!("has {} bytes too many for numbers of {SIZE} bytes", rest.len())))
        }
    }

    /// Returns numbers of 64 bits from raw little-endian bytes.
    ///
    /// # Errors
    ///
    /// [`Shape`] if the value is not bytes, or its length is not a multiple of the number size.
    pub fn f64s(&self) -> Result<Vec<f64>, Shape> {
        self.numbers(f64::from_le_bytes)
    }

    /// Same as `f64s`, for integers of 64 bits.
    ///
    /// # Errors
    ///
    /// As [`Field::f64s`].
    pub fn u64s(&self) -> Result<Vec<u64>, Shape> {
        self.numbers(u64::from_le_bytes)
    }

    /// Same as `f64s`, for numbers of 32 bits.
    ///
    /// # Errors
    ///
    /// As [`Field::f64s`].
    pub fn u32s(&self) -> Result<Vec<u32>, Shape> {
        self.numbers(u32::from_le_bytes)
    }

    /// Same as `f64s`, for numbers of 16 bits.
    ///
    /// # Errors
    ///
    /// As [`Field::f64s`].
    pub fn u16s(&self) -> Result<Vec<u16>, Shape> {
        self.numbers(u16::from_le_bytes)
    }
}
