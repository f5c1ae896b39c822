use jiff::Timestamp;

use super::*;
use crate::ports::ObjectMeta;
use crate::timestamp::parse_utc;

fn span(folder: &str) -> Option<(String, String)> {
    let text = |time: Timestamp| time.strftime("%Y-%m-%d %H").to_string();
    TimeSpan::of_folder(folder).map(|span| (text(span.from), text(span.to)))
}

fn check_span(folder: &str, from: &str, to: &str) {
    assert_eq!(span(folder), Some((from.to_owned(), to.to_owned())), "{folder}");
}

#[test]
fn a_folder_tells_its_time_in_the_usual_ways() {
    for folder in [
        "dt=2026-11-23/hh=05/",
        "a/date=20261123/hour=5/",
        "2026/11/23/05/",
        "2026-11-23/05/",
        "x/year=2026/month=11/day=23/hour=05/part/",
    ] {
        check_span(folder, "2026-11-23 05", "2026-11-23 06");
        assert!(TimeSpan::of_folder(folder).unwrap().is_hour, "{folder}");
    }
    check_span("dt=2026-12-31/", "2026-12-31 00", "2027-01-01 00");
    check_span("dt=2026-11-23/region=eu/", "2026-11-23 00", "2026-11-24 00");
    check_span("2026/02/", "2026-02-01 00", "2026-03-01 00");
    check_span("year=2024/", "2024-01-01 00", "2025-01-01 00");
    check_span("dt=2026-11-23/hh=23/", "2026-11-23 23", "2026-11-24 00");
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
        "dt=2026-11-23/hh=24/",
        "0000000a/",
    ] {
        assert_eq!(span(folder), None, "{folder}");
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
