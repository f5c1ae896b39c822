use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// The JSON that a text becomes.
fn json(source: &str) -> String {
    let (value, length) = read(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(length, source.len(), "{source}: not read to the end");
    write_json(&value)
}

fn check(source: &str, expected: &str) {
    assert_eq!(json(source), expected, "{source}");
}

fn check_refused(source: &str, what: &str) {
    let error = read(source).expect_err(source).to_string();
    assert!(error.contains(what), "{source}: {error}");
}

#[test]
fn json_stays_as_it_is() {
    for text in [
        r#"{"a":1,"b":[true,false,null],"c":{"d":"e"}}"#,
        r#"{"n":[0,-0,-1.5,1e-05,1E+5,0.1,18446744073709551615,-9223372036854775808]}"#,
        "{}",
        "[]",
        r#""é😀""#,
    ] {
        check(text, text);
    }
}

#[test]
fn escapes_are_read_and_written_again() {
    check(r#""a\"b\\c\/d\n\r\t\b\f\u0041\u00e9""#, "\"a\\\"b\\\\c/d\\n\\r\\t\\u0008\\u000cAé\"");
    check(r#""\ud83d\ude00""#, "\"😀\"");
}

// Texts as Python 3.11 and NumPy 2 print them.
#[test]
fn python_dicts_are_read_exactly() {
    check(
        r#"{'a': 1, 'b': [True, False, None], 'c': {'d': 'e'}, 'f': (1, 2), 'g': (1,), 'h': ()}"#,
        r#"{"a":1,"b":[true,false,null],"c":{"d":"e"},"f":[1,2],"g":[1],"h":[]}"#,
    );
    check(
        r#"{'name': "O'Brien", 'said': 'she said "no"'}"#,
        r#"{"name":"O'Brien","said":"she said \"no\""}"#,
    );
    check(
        r#"{'both': 'it\'s "x"', 'path': 'C:\\new'}"#,
        r#"{"both":"it's \"x\"","path":"C:\\new"}"#,
    );
    check(
        r"{'x': '\x00\x7f\xa0', 'wide': '\U0001f600', 'tab': '\t'}",
        "{\"x\":\"\\u0000\u{7f}\u{a0}\",\"wide\":\"😀\",\"tab\":\"\\t\"}",
    );
    check(
        "{1: 'a', 2.5: 'b', True: 'c', None: 'd'}",
        r#"{"1":"a","2.5":"b","true":"c","null":"d"}"#,
    );
    check("{u'old': u'text'}", r#"{"old":"text"}"#);
    check(
        "{'small': 1e-05, 'large': 1e+16, 'neg': -0.0}",
        r#"{"small":1e-05,"large":1e+16,"neg":-0.0}"#,
    );
    check(
        "{'braces': '{not: a, dict}', 'none': 'None'}",
        r#"{"braces":"{not: a, dict}","none":"None"}"#,
    );
}

#[test]
fn the_objects_that_json_dumps_refuses_are_read() {
    check(
        "{'p': np.float64(0.14), 'n': np.int64(3), 'b': np.True_}",
        r#"{"p":0.14,"n":3,"b":true}"#,
    );
    check("{'d': Decimal('1.50')}", r#"{"d":1.50}"#);
    check(
        "{'t': datetime.datetime(2026, 11, 23, 5, 34, 0, 123456), 'm': datetime.datetime(2026, 1, 2, 3, 4)}",
        r#"{"t":"2026-11-23 05:34:00.123456","m":"2026-01-02 03:04:00.000000"}"#,
    );
    check("{'d': datetime.date(2026, 1, 2)}", r#"{"d":"2026-01-02"}"#);
    check(
        "{'u': UUID('8adc20c8-ed68-4e9b-9d47-6af31d8f5a64')}",
        r#"{"u":"8adc20c8-ed68-4e9b-9d47-6af31d8f5a64"}"#,
    );
    check("{'t': Timestamp('2026-01-02 00:00:00')}", r#"{"t":"2026-01-02 00:00:00"}"#);
}

// As Python 3.12 with NumPy 2, pandas 2, pytz and dateutil prints them.
#[test]
fn dates_with_a_zone_keep_their_offset() {
    let date = |zone: &str, local: &str, expected: &str| {
        check(
            &format!("{{'t': datetime.datetime({local}, tzinfo={zone})}}"),
            &format!(r#"{{"t":"{expected}"}}"#),
        );
    };
    let local = "2026, 7, 1, 12, 0";
    for (zone, offset) in [
        ("datetime.timezone.utc", "+00:00"),
        ("<UTC>", "+00:00"),
        ("tzutc()", "+00:00"),
        ("datetime.timezone(datetime.timedelta(seconds=7200))", "+02:00"),
        ("datetime.timezone(datetime.timedelta(seconds=7200), 'CEST')", "+02:00"),
        ("datetime.timezone(datetime.timedelta(days=-1, seconds=68400))", "-05:00"),
        ("zoneinfo.ZoneInfo(key='Europe/Berlin')", "+02:00"),
        ("<DstTzInfo 'Europe/Berlin' CEST+2:00:00 DST>", "+02:00"),
        ("<DstTzInfo 'America/New_York' EDT-1 day, 20:00:00 DST>", "-04:00"),
        ("<StaticTzInfo 'Etc/GMT+5'>", "-05:00"),
        ("tzfile('/usr/share/zoneinfo/Europe/Berlin')", "+02:00"),
        ("tzoffset(None, 7200)", "+02:00"),
        ("pytz.FixedOffset(120)", "+02:00"),
    ] {
        date(zone, local, &format!("2026-07-01 12:00:00.000000{offset}"));
    }
    let berlin = "zoneinfo.ZoneInfo(key='Europe/Berlin')";
    date(berlin, "2026, 1, 1, 0, 0, 0, 5", "2026-01-01 00:00:00.000005+01:00");
    date(berlin, "2026, 10, 25, 2, 30", "2026-10-25 02:30:00.000000+02:00");
    date(&format!("{berlin}, fold=1"), "2026, 10, 25, 2, 30", "2026-10-25 02:30:00.000000+01:00");
    date(berlin, "2026, 3, 29, 2, 30", "2026-03-29 02:30:00.000000+01:00");
    check_refused(
        "{'t': datetime.datetime(2026, 1, 1, 0, 0, tzinfo=zoneinfo.ZoneInfo(key='Mars/Olympus'))}",
        "unknown time zone `zoneinfo.ZoneInfo(key='Mars/Olympus')`",
    );
    check_refused(
        "{'t': datetime.datetime(2026, 1, 1, 0, 0, tzinfo=tzlocal())}",
        "unknown time zone",
    );
}

#[test]
fn the_objects_of_pandas_and_numpy_are_read() {
    check(
        "{'t': Timestamp('2026-01-02 00:00:00+0100', tz='Europe/Berlin')}",
        r#"{"t":"2026-01-02 00:00:00+0100"}"#,
    );
    check(
        "{'t': Timestamp('2026-07-02 00:00:00', tz='Europe/Berlin')}",
        r#"{"t":"2026-07-02 00:00:00+02:00"}"#,
    );
    check(
        "{'t': NaT, 'n': <NA>}",
        r#"{"t":null,"n":null,"etl_replaced":[{"at":"/t","was":"NaT"},{"at":"/n","was":"<NA>"}]}"#,
    );
    check(
        "{'a': array([1., -2.5, 3.e+10]), 'b': np.array([[1, 2],\n       [3, 4]]), 'c': array(['x'], dtype='<U1')}",
        r#"{"a":[1.0,-2.5,3.0e+10],"b":[[1,2],[3,4]],"c":["x"]}"#,
    );
    check(
        "{'a': array([1.5], dtype=float32), 'b': array([], dtype=float64), 'c': array([], shape=(0, 3), dtype=dtype('<M8[ns]')), 'd': array('d', [1.0]), 'e': array(5)}",
        r#"{"a":[1.5],"b":[],"c":[],"d":[1.0],"e":5}"#,
    );
    check(
        "{'a': np.float32(nan), 'b': np.str_('x'), 'c': np.bool_(True), 'd': np.datetime64('2026-01-01')}",
        r#"{"a":null,"b":"x","c":true,"d":"2026-01-01","etl_replaced":[{"at":"/a","was":"nan"}]}"#,
    );
}

#[test]
fn the_collections_of_python_are_read() {
    check("{'s': {1, 2}, 'e': set(), 'f': frozenset({'a'})}", r#"{"s":[1,2],"e":[],"f":["a"]}"#);
    check("{'s': {(1, 2), (3, 4)}, 'g': {frozenset({1})}}", r#"{"s":[[1,2],[3,4]],"g":[[1]]}"#);
    check(
        "{'o': OrderedDict([('a', 1), ('b', [2])]), 'p': OrderedDict({'c': 3}), 'q': OrderedDict()}",
        r#"{"o":{"a":1,"b":[2]},"p":{"c":3},"q":{}}"#,
    );
    check(
        "{'d': defaultdict(<class 'int'>, {'a': 1}), 'c': Counter({'b': 2}), 'q': deque([1], maxlen=3), 'l': defaultdict(<function <lambda> at 0x7f>, {})}",
        r#"{"d":{"a":1},"c":{"b":2},"q":[1],"l":{}}"#,
    );
    check("OrderedDict([('input', {'uid': 1})])", r#"{"input":{"uid":1}}"#);
}

#[test]
fn bytes_are_texts() {
    check(r"{'a': b'x\'y', 'b': b'\xc3\xa9', 'c': b''}", "{\"a\":\"x'y\",\"b\":\"é\",\"c\":\"\"}");
    check(
        r"{'a': b'\xff\x00'}",
        "{\"a\":\"\u{FFFD}\\u0000\",\"etl_replaced\":[{\"at\":\"/a\",\"was\":\"\\\\xff\\\\x00\"}]}",
    );
}

// What `pprint.pprint` prints.
#[test]
fn texts_that_pprint_broke_are_whole() {
    check(
        "{'long': 'one two '\n         'three',\n 'pair': ('a '\n          \"it's\", 1),\n 'in': ('x '\n        'y')}",
        r#"{"long":"one two three","pair":["a it's",1],"in":"x y"}"#,
    );
    check("{'b': b'ab'\n      b'\\xc3'\n      b'\\xa9'}", "{\"b\":\"abé\"}");
    check_refused("[\"a\"\n \"b\"]", "expected `,` or `]`");
    check_refused("{'a' 'b'}", "expected `:`");
}

#[test]
fn what_strict_json_cannot_hold_is_replaced_and_kept() {
    check(
        r#"{"a": NaN, "b": [1, -Infinity]}"#,
        r#"{"a":null,"b":[1,null],"etl_replaced":[{"at":"/a","was":"NaN"},{"at":"/b/1","was":"-Infinity"}]}"#,
    );
    check(
        "{'a': nan, 'b': inf, 'c': -inf}",
        r#"{"a":null,"b":null,"c":null,"etl_replaced":[{"at":"/a","was":"nan"},{"at":"/b","was":"inf"},{"at":"/c","was":"-inf"}]}"#,
    );
    check(r#"{"a": 1e999}"#, r#"{"a":null,"etl_replaced":[{"at":"/a","was":"1e999"}]}"#);
    check(
        r#"{"a": 12345678901234567890123456789012345678901}"#,
        r#"{"a":1.2345678901234568e40,"etl_replaced":[{"at":"/a","was":"12345678901234567890123456789012345678901"}]}"#,
    );
    check(
        r#"{"a": 0.1234567890123456789}"#,
        r#"{"a":1.2345678901234568e-1,"etl_replaced":[{"at":"/a","was":"0.1234567890123456789"}]}"#,
    );
    check(r#"{"a": 1e-400}"#, r#"{"a":0e0,"etl_replaced":[{"at":"/a","was":"1e-400"}]}"#);
    check(
        r#"{"a": "x\ud83dy"}"#,
        "{\"a\":\"x\u{FFFD}y\",\"etl_replaced\":[{\"at\":\"/a\",\"was\":\"x\\\\ud83dy\"}]}",
    );
    check(r#"{"a~/b": NaN}"#, r#"{"a~/b":null,"etl_replaced":[{"at":"/a~0~1b","was":"NaN"}]}"#);
}

#[test]
fn of_a_key_given_twice_the_last_value_stays_and_the_first_is_kept() {
    check(
        r#"{"a": 1, "b": 2, "a": [3]}"#,
        r#"{"b":2,"a":[3],"etl_replaced":[{"at":"/a","was":"1"}]}"#,
    );
    check(
        r#"{"o": {"a": {"x": NaN, "y": 1}, "b": [NaN], "a": {"x": 2}, "b~": 1, "b~": 2}, "z": NaN}"#,
        r#"{"o":{"b":[null],"a":{"x":2},"b~":2},"z":null,"etl_replaced":[{"at":"/o/a","was":"{\"x\":null,\"y\":1,\"etl_replaced\":[{\"at\":\"/x\",\"was\":\"NaN\"}]}"},{"at":"/o/b/0","was":"NaN"},{"at":"/o/b~0","was":"1"},{"at":"/z","was":"NaN"}]}"#,
    );
    check(
        r#"{"a": 1, "a": 2, "a": 3}"#,
        r#"{"a":3,"etl_replaced":[{"at":"/a","was":"1"},{"at":"/a","was":"2"}]}"#,
    );
    let (value, _) = read(r#"{"a": 1, "a": 2}"#).unwrap();
    assert_eq!(value.get("a").unwrap().as_text(), Some("2"));
    // Enough keys for the other way of finding a repeat.
    let many: String = (0..100).map(|i| format!("\"k{i}\":{i},")).collect();
    let text = json(&format!("{{{many}\"k7\":0}}"));
    assert!(text.contains(r#"{"at":"/k7","was":"7"}"#), "{text}");
}

#[test]
fn numbers_of_17_digits_stay_exact() {
    for text in [
        "0.10000000000000001",
        "123456789012345.67",
        "1.7976931348623157e308",
        "5e-324",
        "0.000000000000000000001",
    ] {
        check(text, text);
    }
}

#[test]
fn what_is_neither_json_nor_python_is_refused_with_its_place() {
    check_refused("", "expected a value, found the end at byte 0");
    check_refused(r#"{"a" 1}"#, "expected `:` after a key, found '1' at byte 5");
    check_refused(r#"{"a": 1,}"#, "expected a value, found '}'");
    check_refused("[1, 2,]", "expected a value");
    check_refused(r#"{"a": 01}"#, "expected the end of a number");
    check_refused(r#"{"a": 1.}"#, "after the decimal point");
    check_refused(r#"{"a": +1}"#, "expected a value, found '+'");
    check_refused(r#"{"a": undefined}"#, "unknown word `undefined`");
    check_refused("{'a': <object at 0x7f>}", "expected a value, found '<'");
    check_refused("{'a': array([0, 1, ..., 9])}", "without all of its numbers");
    check_refused("{'a': Series([1, 2])}", "the Python object `Series(…)`");
    check_refused("{'a': os.system('x')}", "the Python object `os.system(…)`");
    check_refused("{[1]: 2}", "a key that is neither");
    check_refused(r#"{"a": "\q"}"#, "expected an escape");
    check_refused(r#"{"a": "\U00110000"}"#, "no code point");
}

#[test]
fn a_text_that_ends_too_early_is_called_incomplete() {
    let whole = r#"{"a": [1, {'b': "text\n", 'c': None}], "d": true, "e": -1.5e10, 'f': datetime.datetime(2026, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), 'g': array([1.], dtype=float32), 'h': OrderedDict([('a', <NA>)]), 'i': b'x', 'j': -inf}"#;
    for end in (1..whole.len()).filter(|&end| whole.is_char_boundary(end)) {
        let error = read(&whole[..end]).expect_err(&whole[..end]);
        assert!(error.incomplete, "{}: {error}", &whole[..end]);
    }
    assert!(!read(r#"{"a" b"#).unwrap_err().incomplete);
}

#[test]
fn nesting_has_a_limit_and_no_stack_overflows() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    check(&nested(32), &nested(32));
    check_refused(&nested(33), "nesting deeper than 32 levels");
    check_refused(&"{\"a\":".repeat(1_000_000), "nesting deeper");
}

#[test]
fn values_that_follow_each_other_are_read_one_by_one() {
    let (first, length) = read(r#"  {"a": 1}  {"b": 2}"#).unwrap();
    assert_eq!(write_json(&first), r#"{"a":1}"#);
    assert_eq!(length, 12);
}

/// A random value as JSON; strings from a small alphabet of troublesome characters.
fn random_json(rng: &mut ChaCha8Rng, depth: usize) -> serde_json::Value {
    let string = |rng: &mut ChaCha8Rng| -> String {
        (0..rng.random_range(0..6))
            .map(|_| {
                ['a', '"', '\'', '\\', '\n', 'é', '😀', '\u{0}', '/', ' '][rng.random_range(0..10)]
            })
            .collect()
    };
    match rng.random_range(0..if depth == 0 { 5 } else { 7 }) {
        0 => serde_json::Value::Null,
        1 => rng.random::<bool>().into(),
        2 => rng.random::<i64>().into(),
        3 => f64::from_bits(rng.random::<u64>()).into(),
        4 => string(rng).into(),
        5 => (0..rng.random_range(0..4)).map(|_| random_json(rng, depth - 1)).collect(),
        _ => (0..rng.random_range(0..4))
            .map(|_| (string(rng), random_json(rng, depth - 1)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[test]
fn random_json_is_read_as_serde_json_reads_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..20_000 {
        let text = random_json(&mut rng, 4).to_string();
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        let ours: serde_json::Value = serde_json::from_str(&json(&text)).unwrap();
        assert_eq!(ours, theirs, "{text}");
    }
}

#[test]
fn random_bytes_never_panic() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "'",
        "\\",
        "\\u",
        "d83d",
        ":",
        ",",
        "1",
        "-",
        ".",
        "e",
        "NaN",
        "nan",
        "None",
        "np.float64(",
        "datetime.datetime(",
        "array([",
        "OrderedDict([(",
        "tzinfo=",
        "<",
        ">",
        "b'",
        "é",
        " ",
        "\n",
    ];
    for _ in 0..200_000 {
        let text: String = (0..rng.random_range(0..12))
            .map(|_| pieces[rng.random_range(0..pieces.len())])
            .collect();
        if let Ok((value, length)) = read(&text) {
            assert!(length <= text.len());
            let written = write_json(&value);
            assert!(
                serde_json::from_str::<serde_json::Value>(&written).is_ok(),
                "{text}: {written}"
            );
        }
    }
}
