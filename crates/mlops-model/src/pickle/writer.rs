use super::Value;

/// Returns the pickle of a value in protocol 4 (Python 3.4 or later). The same value gives the same
/// bytes.
pub fn write(value: &Value) -> Vec<u8> {
    let mut bytes = vec![0x80, 4];
    push(value, &mut bytes);
    bytes.push(b'.');
    bytes
}

fn push(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::None => bytes.push(b'N'),
        Value::Bool(true) => bytes.push(0x88),
        Value::Bool(false) => bytes.push(0x89),
        Value::Int(number) => push_int(*number, bytes),
        Value::Float(number) => {
            bytes.push(b'G');
            bytes.extend(number.to_be_bytes());
        }
        Value::Text(text) => push_sized([0x8c, b'X', 0x8d], text.as_bytes(), bytes),
        Value::Bytes(raw) => push_sized([b'C', b'B', 0x8e], raw, bytes),
        Value::List(items) => {
            bytes.extend(*b"](");
            items.iter().for_each(|item| push(item, bytes));
            bytes.push(b'e');
        }
        Value::Dict(entries) => {
            bytes.extend(*b"}(");
            for (key, value) in entries {
                push_sized([0x8c, b'X', 0x8d], key.as_bytes(), bytes);
                push(value, bytes);
            }
            bytes.push(b'u');
        }
    }
}

fn push_int(number: i64, bytes: &mut Vec<u8>) {
    if let Ok(number) = u8::try_from(number) {
        bytes.extend([b'K', number]);
    } else if let Ok(number) = u16::try_from(number) {
        bytes.push(b'M');
        bytes.extend(number.to_le_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        bytes.push(b'J');
        bytes.extend(number.to_le_bytes());
    } else {
        bytes.extend([0x8a, 8]);
        bytes.extend(number.to_le_bytes());
    }
}

/// The opcodes are for lengths of 8, 32 and 64 bits.
fn push_sized(opcodes: [u8; 3], content: &[u8], bytes: &mut Vec<u8>) {
    if let Ok(length) = u8::try_from(content.len()) {
        bytes.extend([opcodes[0], length]);
    } else if let Ok(length) = u32::try_from(content.len()) {
        bytes.push(opcodes[1]);
        bytes.extend(length.to_le_bytes());
    } else {
        bytes.push(opcodes[2]);
        bytes.extend((content.len() as u64).to_le_bytes());
    }
    bytes.extend_from_slice(content);
}
