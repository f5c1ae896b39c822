use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::TimestampMicrosecondArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    ListArray, RecordBatch, StringArray, UInt64Array,
};
use mlops_core::table::{Column, Kind, Rules, Table, Values};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

use super::*;
use crate::batch::BATCH_ROWS;

fn file(name: &str, content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn read_table(path: &Path) -> Result<Table, TableError> {
    TableFile::open(path, &Rules::default())?.read_all()
}

fn csv(content: impl AsRef<[u8]>) -> Result<Table, TableError> {
    let (_folder, path) = file("table.csv", content);
    read_table(&path)
}

fn shown(column: &Column) -> Vec<String> {
    match &column.values {
        Values::Numeric(values) => values.iter().map(f64::to_string).collect(),
        Values::Categorical { levels, codes } => codes
            .iter()
            .map(|code| code.map_or("-".to_owned(), |code| levels.names()[code as usize].clone()))
            .collect(),
        Values::Date(times) => {
            times.iter().map(|time| time.map_or("-".to_owned(), |time| time.to_string())).collect()
        }
    }
}

fn check(table: &Table, name: &str, kind: Kind, values: &[&str]) {
    let column = table.column(name).unwrap_or_else(|| panic!("no column {name}"));
    assert_eq!(
        (column.kind(), shown(column)),
        (kind, values.iter().map(|&v| v.to_owned()).collect()),
        "{name}"
    );
}

#[test]
fn a_csv_column_is_what_all_its_cells_are() {
    let table = csv("number,text,late,day,flag,empty\n1,a,1.50,2026-01-01,True,\n,b,2,,false,\n-3e2,NA,x,2026-01-03 04:05:06,TRUE,NaN\n").unwrap();
    check(&table, "number", Kind::Numeric, &["1", "NaN", "-300"]);
    check(&table, "text", Kind::Categorical, &["a", "b", "-"]);
    // The cells before the first that is no number are levels as they stand in the file.
    check(&table, "late", Kind::Categorical, &["1.50", "2", "x"]);
    check(&table, "day", Kind::Date, &["1767225600000000", "-", "1767413106000000"]);
    check(&table, "flag", Kind::Categorical, &["true", "false", "true"]);
    check(&table, "empty", Kind::Numeric, &["NaN", "NaN", "NaN"]);
}

#[test]
fn dates_mixed_with_other_text_are_levels() {
    let table = csv("a,b\n2026-01-01,1\nsoon,2026-01-01\n").unwrap();
    check(&table, "a", Kind::Categorical, &["2026-01-01", "soon"]);
    check(&table, "b", Kind::Categorical, &["1", "2026-01-01"]);
}

#[test]
fn quotes_a_byte_order_mark_and_crlf_are_read() {
    let table = csv("\u{FEFF}\"a\",b\r\n\"x, \"\"y\"\"\",1\r\n").unwrap();
    check(&table, "a", Kind::Categorical, &["x, \"y\""]);
    check(&table, "b", Kind::Numeric, &["1"]);
}

#[test]
fn tabs_separate_a_tsv() {
    let (_folder, path) = file("table.tsv", "a\tb\n1\tx,y\n");
    check(&read_table(&path).unwrap(), "b", Kind::Categorical, &["x,y"]);
}

fn check_refused(content: impl AsRef<[u8]>, words: &[&str]) {
    let error = csv(content).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let text = format!("{error}: {source}");
    assert!(text.contains("table.csv"), "{text}");
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
}

#[test]
fn what_is_no_table_is_refused_with_its_place() {
    check_refused("", &["the file is empty"]);
    check_refused("a,b\n1,2\n3\n", &["line: 3", "found record with 1 fields"]);
    check_refused("a,a\n1,2\n", &["`a` occurs twice"]);
    check_refused(b"a\n\xFF\n", &["line 2", "UTF-8"]);
}

#[test]
fn a_missing_file_is_named() {
    let error = read_table(Path::new("/nowhere/train.csv")).unwrap_err();
    assert_eq!(error.to_string(), "reading /nowhere/train.csv");
}

#[test]
fn a_header_alone_is_an_empty_table() {
    let table = csv("a,b\n").unwrap();
    assert_eq!((table.columns.len(), table.rows()), (2, 0));
}

fn parquet(columns: Vec<(&str, ArrayRef)>, compression: Compression) -> (TempDir, PathBuf) {
    let (folder, path) = file("table.parquet", "");
    let batch =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
            .unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer =
        ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties))
            .unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    (folder, path)
}

#[test]
fn a_parquet_column_is_what_its_type_says() {
    let dictionary: DictionaryArray<Int32Type> =
        vec![Some("x"), None, Some("x")].into_iter().collect();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(Default::default()),
        Compression::LZ4_RAW,
        Compression::GZIP(Default::default()),
    ] {
        let (_folder, path) = parquet(
            vec![
                ("float", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(f64::NAN)]))),
                ("int", Arc::new(Int32Array::from(vec![Some(1), Some(-2), None]))),
                ("text", Arc::new(StringArray::from(vec![Some("a"), None, Some("1.0")]))),
                ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
                ("group", Arc::new(dictionary.clone())),
                ("time", Arc::new(TimestampMicrosecondArray::from(vec![Some(1), None, Some(3)]))),
            ],
            compression,
        );
        let table = read_table(&path).unwrap();
        check(&table, "float", Kind::Numeric, &["1.5", "NaN", "NaN"]);
        check(&table, "int", Kind::Numeric, &["1", "-2", "NaN"]);
        check(&table, "text", Kind::Categorical, &["a", "-", "1"]);
        check(&table, "flag", Kind::Categorical, &["true", "false", "-"]);
        check(&table, "group", Kind::Categorical, &["x", "-", "x"]);
        check(&table, "time", Kind::Date, &["1", "-", "3"]);
    }
}

fn parquet_table(columns: Vec<(&str, ArrayRef)>, rules: &Rules) -> Result<Table, TableError> {
    let (_folder, path) = parquet(columns, Compression::SNAPPY);
    TableFile::open(&path, rules)?.read_all()
}

#[test]
fn texts_of_parquet_are_what_all_of_their_cells_are() {
    let text = |cells: &[&str]| -> ArrayRef { Arc::new(StringArray::from(cells.to_vec())) };
    let coded: DictionaryArray<Int32Type> =
        ["1.234,5 €", "2 €", "", "7 €"].into_iter().map(Some).collect();
    let table = parquet_table(
        vec![
            ("day", text(&["2026-01-01", "1969-12-31", "", "2026-01-03T01:00:00Z"])),
            ("german", text(&["01.02.2026", "13.02.2026", "", "03.02.2026"])),
            ("amount", text(&["$1,234.50", "$2", "", "-$3.25"])),
            ("coded", Arc::new(coded)),
            ("zip", text(&["8001", "10115", "", "007"])),
            ("mixed", text(&["2026-01-01", "soon", "", "later"])),
            ("flag", text(&["True", "0", "", "1.0"])),
        ],
        &Rules::default(),
    )
    .unwrap();
    check(
        &table,
        "day",
        Kind::Date,
        &["1767225600000000", "-86400000000", "-", "1767402000000000"],
    );
    check(
        &table,
        "german",
        Kind::Date,
        &["1769904000000000", "1770940800000000", "-", "1770076800000000"],
    );
    check(&table, "amount", Kind::Numeric, &["1234.5", "2", "NaN", "-3.25"]);
    check(&table, "coded", Kind::Numeric, &["1234.5", "2", "NaN", "7"]);
    check(&table, "zip", Kind::Categorical, &["8001", "10115", "-", "007"]);
    check(&table, "mixed", Kind::Categorical, &["2026-01-01", "soon", "-", "later"]);
    check(&table, "flag", Kind::Categorical, &["true", "false", "-", "true"]);
}

#[test]
fn ids_of_any_type_keep_all_digits() {
    let rules = Rules { texts: vec!["id".to_owned()], ..Rules::default() };
    let check_ids = |ids: ArrayRef, expected: &[&str]| {
        let table = parquet_table(vec![("id", ids)], &rules).unwrap();
        check(&table, "id", Kind::Categorical, expected);
    };
    let whole =
        vec![Some(9_223_372_036_854_775_807), None, Some(9_223_372_036_854_775_806), Some(12)];
    let texts = ["9223372036854775807", "-", "9223372036854775806", "12"];
    check_ids(Arc::new(Int64Array::from(whole.clone())), &texts);
    let unsigned = UInt64Array::from(vec![Some(u64::MAX), None, Some(u64::MAX - 1), Some(12)]);
    check_ids(Arc::new(unsigned), &["18446744073709551615", "-", "18446744073709551614", "12"]);
    let wide = Decimal128Array::from(
        whole.iter().map(|id| id.map(i128::from)).collect::<Vec<Option<i128>>>(),
    );
    check_ids(Arc::new(wide.clone().with_precision_and_scale(38, 0).unwrap()), &texts);
    let cents = Decimal128Array::from(vec![Some(1200), Some(1250)]);
    check_ids(Arc::new(cents.with_precision_and_scale(10, 2).unwrap()), &["12", "12.5"]);
    check_ids(
        Arc::new(Float64Array::from(vec![Some(12.0), None, Some(1e18)])),
        &["12", "-", "1000000000000000000"],
    );
    check_ids(Arc::new(StringArray::from(vec!["12.0", "007", " 7 "])), &["12", "007", "7"]);
    let coded: DictionaryArray<Int32Type> =
        ["007", "9223372036854775807"].into_iter().map(Some).collect();
    check_ids(Arc::new(coded), &["007", "9223372036854775807"]);
    let (_folder, path) =
        file("ids.csv", "id,n\n9223372036854775807,1\n9223372036854775806.0,2\n007,3\n");
    let table = TableFile::open(&path, &rules).unwrap().read_all().unwrap();
    check(&table, "id", Kind::Categorical, &["9223372036854775807", "9223372036854775806", "007"]);
}

#[test]
fn a_column_that_cannot_be_read_is_refused_once_it_is_wanted() {
    let (_folder, path) = file("two.csv", "a,b\n\"1,234\",1\n\"5,678\",2\n");
    let file = TableFile::open(&path, &Rules::default()).unwrap();
    let table = file.read_columns(|name| name == "b").unwrap();
    check(&table, "b", Kind::Numeric, &["1", "2"]);
    let error = file.read_all().unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        error.to_string().contains("`a` of") && source.contains("--decimal"),
        "{error} {source}"
    );
}

#[test]
fn a_nested_parquet_column_is_refused_by_name() {
    let list =
        ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), Some(2)])]);
    let (_folder, path) = parquet(vec![("scores", Arc::new(list))], Compression::UNCOMPRESSED);
    let text = read_table(&path).unwrap_err().to_string();
    assert!(text.contains("`scores`") && text.contains("flatten"), "{text}");
}

#[test]
fn a_cut_parquet_file_is_refused_by_name() {
    let (_folder, path) = file("cut.parquet", b"PAR1 and then nothing");
    let text = read_table(&path).unwrap_err().to_string();
    assert!(text.contains("cut.parquet"), "{text}");
}

#[test]
fn columns_that_are_not_wanted_are_not_decoded() {
    let column = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
    let (_folder, path) =
        parquet(vec![("a", column(1.0)), ("b", column(2.0))], Compression::SNAPPY);
    let file = TableFile::open(&path, &Rules::default()).unwrap();
    let mut seen = Vec::new();
    file.read(
        |name| name == "b",
        |batch| seen.extend(batch.columns.into_iter().map(|column| column.name)),
    )
    .unwrap();
    assert_eq!(seen, ["b"]);
}

#[test]
fn a_long_file_comes_in_batches_and_stays_whole() {
    let rows = 3 * BATCH_ROWS + 5;
    let texts: Vec<String> = (0..rows).map(|row| format!("level {}", row % 5000)).collect();
    let text: StringArray = texts.iter().map(Some).collect();
    let number: Float64Array = (0..rows).map(|row| Some(row as f64)).collect();
    let (_folder, path) =
        parquet(vec![("text", Arc::new(text)), ("number", Arc::new(number))], Compression::SNAPPY);
    let csv_lines: String = (0..rows).map(|row| format!("{},{row}\n", texts[row])).collect();
    let (_other, csv_path) = file("table.csv", format!("text,number\n{csv_lines}"));
    for path in [path, csv_path] {
        let mut batches = 0;
        TableFile::open(&path, &Rules::default())
            .unwrap()
            .read(|_| true, |_| batches += 1)
            .unwrap();
        assert_eq!(batches, 4);
        let table = read_table(&path).unwrap();
        assert_eq!(shown(table.column("text").unwrap()), texts);
        let Values::Numeric(numbers) = &table.column("number").unwrap().values else { panic!() };
        assert!(numbers.iter().copied().eq((0..rows).map(|row| row as f64)));
    }
}

#[test]
fn what_is_written_as_parquet_is_read_again() {
    let table = csv("a,b,day\n1.5,x,2026-01-01\n,y,\n-0.1,,2026-02-01\n").unwrap();
    let bytes = write_parquet(&table).unwrap();
    assert_eq!(bytes, write_parquet(&table).unwrap());
    let (_folder, path) = file("copy.parquet", bytes);
    let copy = read_table(&path).unwrap();
    for (ours, theirs) in table.columns.iter().zip(&copy.columns) {
        assert_eq!(
            (&ours.name, ours.kind(), shown(ours)),
            (&theirs.name, theirs.kind(), shown(theirs))
        );
    }
}
