use jiff::Timestamp;

use super::*;
use crate::ports::ObjectMeta;
use crate::timestamp::parse_utc;

fn span_by(dates: &FolderDates, folder: &str) -> Option<(String, String)> {
    let text = |time: Timestamp| time.strftime("%Y-%m-%d %H").to_string();
    dates.span(folder).map(|span| (text(span.from), text(span.to)))
}

fn check_span(folder: &str, from: &str, to: &str) {
    let span = span_by(&FolderDates::Usual, folder);
    assert_eq!(span, Some((from.to_owned(), to.to_owned())), "{folder}");
}

#[test]
fn a_folder_tells_its_time_in_the_usual_ways() {
    for folder in [
        "dt=2026-11-23/hh=05/",
        "a/date=20261123/hour=5/",
        "2026/11/23/05/",
        "2026/11/23/hour=05/",
        "2026-11-23/hh=05/",
        "x/year=2026/month=11/day=23/hour=05/part/",
        "day=2026-11-23/region=eu/hh=05/",
        "DT=2026-11-23/HH=05/",
    ] {
        check_span(folder, "2026-11-23 05", "2026-11-23 06");
        assert!(FolderDates::Usual.span(folder).unwrap().is_hour, "{folder}");
    }
    check_span("dt=2026-12-31/", "2026-12-31 00", "2027-01-01 00");
    check_span("dt=2026-11-23/region=eu/", "2026-11-23 00", "2026-11-24 00");
    check_span("dt=2026-11-23/05/", "2026-11-23 00", "2026-11-24 00");
    check_span("2026/11/23/v2/", "2026-11-23 00", "2026-11-24 00");
    check_span("customers/1042/2026/11/23/", "2026-11-23 00", "2026-11-24 00");
    check_span("1042/year=2026/month=1/day=3/", "2026-01-03 00", "2026-01-04 00");
    check_span("dt=2026-11-23/hh=23/", "2026-11-23 23", "2026-11-24 00");
    check_span("dt=2026-11-23/hh=24/", "2026-11-23 00", "2026-11-24 00");
}

#[test]
fn other_folders_have_no_time() {
    for folder in [
        "",
        "models/",
        "v2/",
        "dt=yesterday/",
        "dt=2026-13-01/",
        "2026-02-30/",
        "hh=05/",
        "05/",
        "0000000a/",
        "1042/",
        "2026/",
        "2026/11/",
        "year=2026/month=11/",
        "month=11/day=23/",
        "day=23/",
        "20190131/",
        "customer=20190131/",
        "1042/20190131/07/",
        "1042/11/23/",
        "3000/01/01/",
        "2026/1/2/",
        "2026/11/31/",
        "2026-11-23T05/",
        "dt=１９９９0101/",
    ] {
        assert_eq!(span_by(&FolderDates::Usual, folder), None, "{folder}");
    }
}

fn pattern(text: &str) -> FolderDates {
    FolderDates::Pattern(text.parse().unwrap())
}

#[test]
fn a_pattern_names_the_folders_with_a_time() {
    let dates = pattern("{*}/%Y%m%d/%H");
    let span = |folder| span_by(&dates, folder);
    let day = Some(("2019-01-31 00".to_owned(), "2019-02-01 00".to_owned()));
    let hour = Some(("2019-01-31 07".to_owned(), "2019-01-31 08".to_owned()));
    assert_eq!(span("1042/20190131/"), day);
    assert_eq!(span("1042/20190131/07/"), hour);
    assert_eq!(span("1042/20190131/07/deeper/"), hour);
    assert_eq!(span("1042/20190131/other/"), day);
    assert_eq!(span("1042/20190131/99/"), day);
    for folder in ["", "1042/", "20190131/07/", "1042/20190231/07/", "dt=2019-01-31/hh=07/"] {
        assert_eq!(span(folder), None, "{folder}");
    }
    assert_eq!(span_by(&pattern("/day-%d.%m.%Y/"), "day-31.01.2019/x/"), day);
    assert_eq!(span_by(&pattern("%Y/%m/%d"), "2019/01/31/07/"), day);
}

#[test]
fn a_pattern_that_names_no_day_is_refused() {
    for (text, word) in [
        ("", "no name"),
        ("{*}/%H", "no %Y"),
        ("%Y%m", "no %d"),
        ("%Y%m%d/%M", "`%M` is unknown"),
        ("%Y%m%d/%", "`%` is unknown"),
        ("*/%Y%m%d", "must be {*} or a name"),
        ("a//%Y%m%d", "no name"),
    ] {
        let error = text.parse::<DatePattern>().unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn a_partition_has_a_name() {
    let partition = Partition { folder: "dt=2026-11-23/hh=05/".to_owned(), scope: Scope::Below };
    assert_eq!(partition.id(), "dt=2026-11-23/hh=05/**");
    for folder in ["", "a/b/"] {
        let ranges = (0..Partition::RANGES.len()).map(Scope::Range);
        for scope in ranges.chain([Scope::Below, Scope::Direct]) {
            let partition = Partition { folder: folder.to_owned(), scope };
            assert_eq!(Partition::from_id(&partition.id()), Some(partition));
        }
    }
    assert_eq!(Partition::from_id("a/b"), None);
}

#[test]
fn every_name_lies_in_one_range() {
    for name in [
        "",
        "\u{1}",
        "-",
        "/",
        "0",
        "00",
        "9zz",
        ":",
        "A",
        "Z",
        "_",
        "a",
        "abc",
        "f",
        "fffff",
        "g",
        "z",
        "~",
        "ä",
        "\u{10FFFF}",
    ] {
        let ranges = Partition::RANGES.iter().filter(|(_, range)| range.contains(name)).count();
        assert_eq!(ranges, 1, "{name:?}");
    }
}

fn object(key: &str, version: &str) -> ObjectMeta {
    ObjectMeta {
        key: key.to_owned(),
        size_bytes: 3,
        last_modified: parse_utc("2026-01-01").unwrap(),
        version: version.to_owned(),
    }
}

fn listing(objects: &[ObjectMeta]) -> Listing {
    let mut listing = Listing::default();
    objects.iter().for_each(|object| listing.add(object, ObjectId::of(object)));
    listing
}

#[test]
fn a_listing_does_not_depend_on_its_order_but_on_each_version() {
    let (a, b) = (object("a", "1"), object("b", "1"));
    assert_eq!(listing(&[a.clone(), b.clone()]), listing(&[b.clone(), a.clone()]));
    assert_ne!(listing(&[a.clone(), b.clone()]), listing(&[a.clone(), object("b", "2")]));
    assert_ne!(listing(&[a.clone(), b]), listing(&[a, object("c", "1")]));
}

fn id(number: u32) -> ObjectId {
    ObjectId::of(&object(&number.to_string(), "1"))
}

#[test]
fn an_object_is_seen_once_in_any_order() {
    let mut numbers: Vec<u32> = (0..5000).collect();
    // A fixed permutation; then each is repeated.
    numbers.sort_by_key(|number| number.wrapping_mul(2_654_435_761));
    for in_order in [true, false] {
        let mut seen = Seen::default();
        let mut keys: Vec<String> = numbers.iter().map(|number| format!("{number:05}")).collect();
        if in_order {
            keys.sort();
        }
        for (round, is_new) in [(0, true), (1, false)] {
            for key in &keys {
                let id = ObjectId::of(&object(key, "1"));
                assert_eq!(seen.add(key, id), is_new, "{key} in round {round}");
            }
        }
        assert!(seen.add("00001", ObjectId::of(&object("00001", "2"))), "another version");
        assert!(seen.bytes() <= 24 * 5001 + 4096, "{} bytes", seen.bytes());
    }
}

#[test]
fn both_versions_of_a_key_are_seen_in_an_ordered_listing() {
    let mut seen = Seen::default();
    assert!(seen.add("a", id(1)) && seen.add("a", id(2)) && seen.add("b", id(3)));
    assert!(!seen.add("a", id(1)) && !seen.add("a", id(2)) && !seen.add("b", id(3)));
}
