use std::process::Command;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Value, read, write};

fn sample() -> Value {
    let text = |text: &str| Value::Text(text.to_owned());
    Value::Dict(vec![
        (
            "numbers".to_owned(),
            Value::List(
                [0, 1, -1, 255, 256, 65_535, 65_536, i64::MAX, i64::MIN].map(Value::Int).to_vec(),
            ),
        ),
        (
            "floats".to_owned(),
            Value::List(
                [0.0, -0.0, 1.5, f64::MAX, f64::MIN_POSITIVE, f64::INFINITY]
                    .map(Value::Float)
                    .to_vec(),
            ),
        ),
        (
            "texts".to_owned(),
            Value::List(vec![text(""), text("Zürich\n'\"\u{1F600}"), text(&"x".repeat(300))]),
        ),
        (
            "bytes".to_owned(),
            Value::List(vec![
                Value::Bytes(Vec::new()),
                Value::Bytes((0..=255).collect()),
                Value::Bytes(vec![7; 70_000]),
            ]),
        ),
        (
            "others".to_owned(),
            Value::List(vec![
                Value::None,
                Value::Bool(true),
                Value::Bool(false),
                Value::List(Vec::new()),
                Value::Dict(Vec::new()),
            ]),
        ),
    ])
}

fn python(code: &str, argument: &std::path::Path) -> String {
    let output = Command::new("python3").args(["-I", "-c", code]).arg(argument).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Bytes of a Python expression's pickle, in hexadecimal digits a line.
fn pickles(code: &str) -> Vec<Vec<u8>> {
    let lines = python(code, std::path::Path::new(""));
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    lines.lines().map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
}

#[test]
fn what_is_written_is_read_again() {
    let bytes = write(&sample());
    assert_eq!(read(&bytes).unwrap(), sample());
    assert_eq!(write(&read(&bytes).unwrap()), bytes);
    let payload = f64::from_bits(0x7ff8_0000_dead_beef);
    let Value::Float(number) = read(&write(&Value::Float(payload))).unwrap() else {
        panic!("no float")
    };
    assert_eq!(number.to_bits(), payload.to_bits());
}

#[test]
fn python_reads_it_with_nothing_imported() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), write(&sample())).unwrap();
    let code = r#"
import pickle, pickletools, sys
class Plain(pickle.Unpickler):
    def find_class(self, *name): raise SystemExit(f"imports {name}")
raw = open(sys.argv[1], "rb").read()
got = Plain(open(sys.argv[1], "rb")).load()
numbers = [0, 1, -1, 255, 256, 65535, 65536, 2**63 - 1, -2**63]
assert got["numbers"] == numbers, got["numbers"]
assert [repr(f) for f in got["floats"]] == ["0.0", "-0.0", "1.5", "1.7976931348623157e+308", "2.2250738585072014e-308", "inf"]
assert got["texts"] == ["", "Zürich\n'\"\U0001F600", "x" * 300]
assert got["bytes"] == [b"", bytes(range(256)), b"\7" * 70000]
assert got["others"] == [None, True, False, [], {}]
print(sorted({op.name for op, _, _ in pickletools.genops(raw)}))
"#;
    let opcodes = python(code, file.path());
    for opcode in ["GLOBAL", "REDUCE", "INST", "OBJ", "BUILD"] {
        assert!(!opcodes.contains(opcode), "{opcodes}");
    }
}

#[test]
fn what_python_writes_is_read() {
    let code = r#"
import pickle
for protocol in (2, 3, 4, 5):
    value = {"a": [1, -2, 2**40, -2**63, 1.5, None, True], "b": ("x", ("y",), ()), "long": "ä" * 300, "again": ["x", "x" * 9] * 2, "deep": [[[{}]]]}
    if protocol > 2: value["raw"] = [b"abc", b"z" * 300]
    print(pickle.dumps(value, protocol).hex())
"#;
    for (pickle, protocol) in pickles(code).into_iter().zip(2..) {
        let Value::Dict(entries) = read(&pickle).unwrap() else { panic!("no dict") };
        assert_eq!(entries.len(), if protocol > 2 { 6 } else { 5 });
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            entries[0].1,
            Value::List(vec![
                Value::Int(1),
                Value::Int(-2),
                Value::Int(1 << 40),
                Value::Int(i64::MIN),
                Value::Float(1.5),
                Value::None,
                Value::Bool(true)
            ])
        );
        assert_eq!(
            entries[1].1,
            Value::List(vec![text("x"), Value::List(vec![text("y")]), Value::List(Vec::new())])
        );
        assert_eq!(
            entries[3].1,
            Value::List([text("x"), text("xxxxxxxxx"), text("x"), text("xxxxxxxxx")].to_vec())
        );
    }
}

#[test]
fn what_could_run_code_is_refused_by_name() {
    let code = r#"
import os, pickle
class Evil:
    def __reduce__(self): return (os.system, ("touch /tmp/evil",))
for protocol in range(6): print(pickle.dumps({"a": [1, Evil()]}, protocol).hex())
"#;
    for (pickle, protocol) in pickles(code).into_iter().zip(0..) {
        let error = read(&pickle).unwrap_err().to_string();
        assert!(error.contains("refused") || protocol < 2, "{protocol}: {error}");
    }
    for (pickle, words) in [
        (&b"\x80\x04]\x94h\x00a."[..], "a container is named twice"),
        (b"\x80\x04c", "GLOBAL"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fx.", "ends in the middle"),
        (b"\x80\x04N.N", "something behind the end"),
        (b"\x80\x04NN.", "more than one value"),
        (b"\x80\x04.", "there is no value"),
        (b"\x80\x04}K\x01K\x02s.", "a key that is no str"),
        (b"\x80\x04K\x01a.", "no container to fill"),
        (b"\x80\x04(]K\x01e.", "no container to fill"),
        (b"\x80\x09N.", "no protocol from 2 to 5"),
        (b"\x80\x04h\x00.", "never said"),
        (b"", "ends in the middle"),
    ] {
        let error = read(pickle).unwrap_err().to_string();
        assert!(error.contains(words), "{pickle:?}: {error}");
    }
}

#[test]
fn bombs_are_refused() {
    // A text of 10 kB, named again and again.
    let mut bomb = vec![0x80, 4, b'X'];
    bomb.extend(10_000u32.to_le_bytes());
    bomb.extend([b'x'; 10_000]);
    bomb.extend(b"\x94](");
    bomb.extend(b"h\x00".repeat(100_000));
    bomb.extend(b"e.");
    assert!(read(&bomb).unwrap_err().to_string().contains("more is named again"));
    let deep = [&b"\x80\x04"[..], &b"]".repeat(100_000), &b"a".repeat(99_999), b"."].concat();
    assert!(read(&deep).unwrap_err().to_string().contains("more containers stand in one another"));
}

#[test]
fn a_cut_pickle_is_an_error_at_every_byte() {
    let bytes = write(&sample());
    for end in (0..bytes.len()).step_by(7) {
        read(&bytes[..end]).unwrap_err();
    }
}

#[test]
fn nothing_makes_it_panic() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let seeds = [
        write(&sample()),
        write(&Value::List(vec![Value::Dict(vec![("a".to_owned(), Value::Int(300))]); 4])),
    ];
    let opcodes = b"(.NKMJGXCB]})tesauhjqrcRbio\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x93\x94\x95\x96";
    let mut readable = 0;
    for case in 0..20_000 {
        let mut bytes = seeds[case % 2].clone();
        bytes.truncate(600);
        for _ in 0..random.random_range(1..6) {
            let index = random.random_range(0..bytes.len());
            match random.random_range(0..4) {
                0 => bytes[index] ^= 1 << random.random_range(0..8),
                1 => bytes[index] = opcodes[random.random_range(0..opcodes.len())],
                2 => bytes.insert(index, opcodes[random.random_range(0..opcodes.len())]),
                _ => bytes.truncate(index.max(1)),
            }
        }
        bytes.push(b'.');
        readable += u32::from(read(&bytes).is_ok());
        let noise: Vec<u8> =
            (0..random.random_range(0..40)).map(|_| random.next_u32() as u8).collect();
        drop(read(&noise));
    }
    assert!(readable > 0, "no mutant was sound; the mutations are too wild to test anything");
}
