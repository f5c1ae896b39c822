use super::Value;

/// Maximum nesting depth of containers.
const MAX_DEPTH: usize = 64;

/// A pickle may repeat an earlier value by reference. The repeated values may take this many bytes
/// plus four times the size of the pickle.
const MAX_REPEATED: usize = 1 << 20;

/// An error when a pickle is read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickleError {
    /// An opcode would import or run code.
    #[error(
        "byte {offset}: the opcode {opcode} could import or run code, and is refused. Only pickles of plain containers can be read, such as those of `retrain`"
    )]
    Unsafe {
        /// Offset in bytes.
        offset: usize,
        /// The name of the opcode, or its byte.
        opcode: String,
    },
    /// The pickle ends too early.
    #[error("byte {offset}: the pickle ends in the middle; download the file again")]
    Truncated {
        /// Offset of the end, in bytes.
        offset: usize,
    },
    /// The bytes are not a valid pickle.
    #[error("byte {offset}: {what}; the file is damaged, or not a pickle of plain containers")]
    Unsound {
        /// Offset in bytes.
        offset: usize,
        /// The fault.
        what: &'static str,
    },
    /// The pickle would take too much memory.
    #[error(
        "byte {offset}: {what} than a model has; the file is refused, since it would take too much memory"
    )]
    TooLarge {
        /// Offset in bytes.
        offset: usize,
        /// The limit that is exceeded.
        what: &'static str,
    },
}

/// Reads a pickle of plain containers.
///
/// Memory use is bounded by a multiple of the size: a length beyond the end is rejected before any
/// allocation, and repeated values count.
///
/// # Errors
///
/// [`PickleError`] for anything else, with the offset of the first invalid byte.
pub fn read(bytes: &[u8]) -> Result<Value, PickleError> {
    let mut reader = Reader {
        bytes,
        offset: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        repeated: 4 * bytes.len() + MAX_REPEATED,
    };
    loop {
        let at = reader.offset;
        let opcode = reader.byte()?;
        if opcode == b'.' {
            break;
        }
        reader.step(at, opcode)?;
    }
    let at = reader.offset - 1;
    let unsound = |what| Err(PickleError::Unsound { offset: at, what });
    if reader.offset != bytes.len() {
        return Err(PickleError::Unsound {
            offset: reader.offset,
            what: "there is something behind the end",
        });
    }
    match (reader.stack.pop(), reader.stack.is_empty() && reader.marks.is_empty()) {
        (Some(Item { value, .. }), true) => Ok(value),
        (None, _) => unsound("there is no value"),
        _ => unsound("there is more than one value"),
    }
}

/// A value under construction.
#[derive(Clone)]
struct Item {
    value: Value,
    /// Nesting depth of the containers in this value.
    depth: usize,
    /// Approximate memory use, in bytes.
    size: usize,
}

impl Item {
    fn plain(value: Value) -> Self {
        let content = match &value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        };
        Self { value, depth: 0, size: content + size_of::<Value>() }
    }

    fn container(value: Value) -> Self {
        Self { value, depth: 1, size: size_of::<Value>() }
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    offset: usize,
    stack: Vec<Item>,
    /// The height of the stack at each mark.
    marks: Vec<usize>,
    /// Values that may be repeated by reference. Containers may not, as they could contain themselves.
    memo: Vec<Option<Item>>,
    /// Bytes that are left for repeated values.
    repeated: usize,
}

impl<'b> Reader<'b> {
    fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], PickleError> {
        let end = self.offset.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(PickleError::Truncated { offset: self.bytes.len() })?;
        let taken = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(taken)
    }

    /// Reads a little-endian number of up to eight bytes.
    fn number(&mut self, length: usize) -> Result<usize, PickleError> {
        let mut number = [0; 8];
        number[..length].copy_from_slice(self.take(length)?);
        usize::try_from(u64::from_le_bytes(number))
            .map_err(|_| PickleError::Truncated { offset: self.bytes.len() })
    }

    fn step(&mut self, at: usize, opcode: u8) -> Result<(), PickleError> {
        let unsound = |what| PickleError::Unsound { offset: at, what };
        match opcode {
            // PROTO, FRAME
            0x80 => {
                if at != 0 || !(2..=5).contains(&self.byte()?) {
                    return Err(unsound("this is no protocol from 2 to 5"));
                }
            }
            0x95 => {
                self.number(8)?;
            }
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            // BININT1, BININT2, BININT
            b'K' => {
                let number = self.number(1)?;
                self.push(Value::Int(number as i64));
            }
            b'M' => {
                let number = self.number(2)?;
                self.push(Value::Int(number as i64));
            }
            b'J' => {
                let number = self.number(4)?;
                self.push(Value::Int(i64::from(number as u32 as i32)));
            }
            // LONG1, LONG4
            0x8a | 0x8b => {
                let length = self.number(if opcode == 0x8a { 1 } else { 4 })?;
                let digits = self.take(length)?;
                let number = long(digits).ok_or(unsound("an int has more than 64 bits"))?;
                self.push(Value::Int(number));
            }
            b'G' => {
                let mut number = [0; 8];
                number.copy_from_slice(self.take(8)?);
                self.push(Value::Float(f64::from_be_bytes(number)));
            }
            // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
            0x8c | b'X' | 0x8d => {
                let length = self.number(length_of(opcode))?;
                let text = std::str::from_utf8(self.take(length)?)
                    .map_err(|_| unsound("a str is not UTF-8"))?;
                self.push(Value::Text(text.to_owned()));
            }
            // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
            b'C' | b'B' | 0x8e | 0x96 => {
                let length = self.number(length_of(opcode))?;
                let content = self.take(length)?.to_vec();
                self.push(Value::Bytes(content));
            }
            b']' => self.stack.push(Item::container(Value::List(Vec::new()))),
            b'}' => self.stack.push(Item::container(Value::Dict(Vec::new()))),
            b')' => self.stack.push(Item::container(Value::List(Vec::new()))),
            // TUPLE, TUPLE1, TUPLE2, TUPLE3
            b't' | 0x85..=0x87 => {
                let items = if opcode == b't' {
                    self.since_mark(at)?
                } else {
                    self.last(at, usize::from(opcode - 0x84))?
                };
                self.stack.push(Item::container(Value::List(Vec::new())));
                self.append(at, items)?;
            }
            b'e' => {
                let items = self.since_mark(at)?;
                self.append(at, items)?;
            }
            b'a' => {
                let items = self.last(at, 1)?;
                self.append(at, items)?;
            }
            b'u' => {
                let items = self.since_mark(at)?;
                self.insert(at, items)?;
            }
            b's' => {
                let items = self.last(at, 2)?;
                self.insert(at, items)?;
            }
            // MEMOIZE, BINPUT, LONG_BINPUT
            0x94 => self.memoize(at, self.memo.len())?,
            b'q' | b'r' => {
                let index = self.number(if opcode == b'q' { 1 } else { 4 })?;
                self.memoize(at, index)?;
            }
            // BINGET, LONG_BINGET
            b'h' | b'j' => {
                let index = self.number(if opcode == b'h' { 1 } else { 4 })?;
                self.repeat(at, index)?;
            }
            _ => return Err(PickleError::Unsafe { offset: at, opcode: name_of(opcode) }),
        }
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Item::plain(value));
    }

    fn since_mark(&mut self, at: usize) -> Result<Vec<Item>, PickleError> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => Err(PickleError::Unsound { offset: at, what: "there is no mark to go back to" }),
        }
    }

    fn last(&mut self, at: usize, number: usize) -> Result<Vec<Item>, PickleError> {
        let from = self.stack.len().checked_sub(number);
        // Values below a mark are not accessible.
        match from.filter(|from| self.marks.last().is_none_or(|mark| mark <= from)) {
            Some(from) => Ok(self.stack.split_off(from)),
            None => Err(PickleError::Unsound { offset: at, what: "there are too few values" }),
        }
    }

    /// Returns the container on top of the stack. Until it is filled, it may not be referenced.
    fn open(&mut self, at: usize, more: &[Item]) -> Result<&mut Item, PickleError> {
        let within = self.marks.last().is_none_or(|mark| *mark < self.stack.len());
        let container = self.stack.last_mut().filter(|_| within);
        let container = container
            .ok_or(PickleError::Unsound { offset: at, what: "there is no container to fill" })?;
        for item in more {
            container.size += item.size;
            container.depth = container.depth.max(item.depth + 1);
        }
        if container.depth > MAX_DEPTH {
            return Err(PickleError::TooLarge {
                offset: at,
                what: "more containers stand in one another",
            });
        }
        Ok(container)
    }

    fn append(&mut self, at: usize, items: Vec<Item>) -> Result<(), PickleError> {
        let container = self.open(at, &items)?;
        let Value::List(list) = &mut container.value else {
            return Err(PickleError::Unsound { offset: at, what: "what is filled is no list" });
        };
        list.extend(items.into_iter().map(|item| item.value));
        Ok(())
    }

    fn insert(&mut self, at: usize, items: Vec<Item>) -> Result<(), PickleError> {
        let container = self.open(at, &items)?;
        let Value::Dict(dict) = &mut container.value else {
            return Err(PickleError::Unsound { offset: at, what: "what is filled is no dict" });
        };
        let mut items = items.into_iter();
        while let Some(key) = items.next() {
            let (Value::Text(key), Some(item)) = (key.value, items.next()) else {
                return Err(PickleError::Unsound {
                    offset: at,
                    what: "a dict has a key that is no str, or one without a value",
                });
            };
            dict.push((key, item.value));
        }
        Ok(())
    }

    fn memoize(&mut self, at: usize, index: usize) -> Result<(), PickleError> {
        // Python numbers them consecutively.
        if index > self.memo.len() {
            return Err(PickleError::Unsound {
                offset: at,
                what: "a value is remembered out of turn",
            });
        }
        let Some(top) = self.stack.last() else {
            return Err(PickleError::Unsound { offset: at, what: "there is nothing to remember" });
        };
        let kept = if matches!(top.value, Value::List(_) | Value::Dict(_)) {
            None
        } else {
            Some(top.clone())
        };
        if index == self.memo.len() {
            self.memo.push(kept)
        } else {
            self.memo[index] = kept
        }
        Ok(())
    }

    fn repeat(&mut self, at: usize, index: usize) -> Result<(), PickleError> {
        let Some(remembered) = self.memo.get(index) else {
            return Err(PickleError::Unsound {
                offset: at,
                what: "a value is named again that was never said",
            });
        };
        let Some(item) = remembered else {
            return Err(PickleError::Unsound {
                offset: at,
                what: "a container is named twice; make a copy of it before it is pickled",
            });
        };
        self.repeated = self
            .repeated
            .checked_sub(item.size)
            .ok_or(PickleError::TooLarge { offset: at, what: "more is named again" })?;
        self.stack.push(item.clone());
        Ok(())
    }
}

/// Returns the size in bytes of the length that follows an opcode.
fn length_of(opcode: u8) -> usize {
    match opcode {
        0x8c | b'C' => 1,
        b'X' | b'B' => 4,
        _ => 8,
    }
}

/// Returns an integer from its little-endian bytes in two's complement.
fn long(digits: &[u8]) -> Option<i64> {
    let fill = if digits.last().is_some_and(|last| *last >= 0x80) { 0xff } else { 0 };
    let (low, high) = digits.split_at(digits.len().min(8));
    let mut number = [fill; 8];
    number[..low.len()].copy_from_slice(low);
    let number = i64::from_le_bytes(number);
    let fits = high.iter().all(|digit| *digit == fill)
        && (high.is_empty() || (number < 0) == (fill == 0xff));
    fits.then_some(number)
}

fn name_of(opcode: u8) -> String {
    let name = match opcode {
        b'c' => "GLOBAL",
        0x93 => "STACK_GLOBAL",
        b'R' => "REDUCE",
        b'b' => "BUILD",
        b'i' => "INST",
        b'o' => "OBJ",
        0x81 => "NEWOBJ",
        0x92 => "NEWOBJ_EX",
        0x82..=0x84 => "EXT",
        b'P' | b'Q' => "PERSID",
        0x97 | 0x98 => "BUFFER",
        _ => return format!("{opcode:#04x}"),
    };
    name.to_owned()
}
