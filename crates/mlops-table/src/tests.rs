use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::TimestampMicrosecondArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, ListArray, RecordBatch,
    StringArray,
};
use mlops_core::table::{Column, Kind, Table, Values};
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
    TableFile::open(path)?.read_all()
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
    let file = TableFile::open(&path).unwrap();
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
        TableFile::open(&path).unwrap().read(|_| true, |_| batches += 1).unwrap();
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
