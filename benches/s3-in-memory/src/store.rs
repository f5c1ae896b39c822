use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Bound;
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use md5::{Digest, Md5};

/// One object; a clone shares the bytes.
#[derive(Debug, Clone)]
pub struct Object {
    pub body: Bytes,
    pub modified: SystemTime,
    digest: [u8; 16],
}

impl Object {
    pub fn new(body: Bytes, modified: SystemTime) -> Self {
        let digest = Md5::digest(&body).into();
        // S3 knows no parts of a second, and programs have lost objects over that.
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs());
        Self { body, modified, digest }
    }

    /// The MD5 of the bytes, as S3 has it for an object that was put in one piece.
    pub fn etag(&self) -> String {
        self.digest.iter().fold(String::with_capacity(32), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes any text");
            text
        })
    }
}

/// The objects of a bucket in the order of their keys, which for UTF-8 is the order of S3.
pub type Objects = BTreeMap<String, Object>;

/// What a listing asks for.
#[derive(Debug, Default)]
pub struct Listing {
    pub prefix: String,
    pub delimiter: Option<String>,
    pub after: Option<String>,
    /// `Page::next` of the page before.
    pub from: Option<String>,
    pub max: usize,
}

#[derive(Debug, Default)]
pub struct Page {
    pub objects: Vec<(String, Object)>,
    pub common_prefixes: Vec<String>,
    /// The first key of the next page, if there is one.
    pub next: Option<String>,
}

/// All buckets; a clone is the same store.
#[derive(Debug, Clone, Default)]
pub struct Store(Arc<RwLock<BTreeMap<String, Objects>>>);

impl Store {
    /// Makes a bucket; one that is there already stays as it is.
    pub fn create(&self, bucket: String, objects: Objects) {
        self.write().entry(bucket).or_insert(objects);
    }

    pub fn has(&self, bucket: &str) -> bool {
        self.read().contains_key(bucket)
    }

    /// `None` if there is no such bucket.
    pub fn put(&self, bucket: &str, key: String, object: Object) -> Option<()> {
        self.write().get_mut(bucket).map(|objects| drop(objects.insert(key, object)))
    }

    /// The object, if there is one; `None` if there is no such bucket.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Option<Object>> {
        self.read().get(bucket).map(|objects| objects.get(key).cloned())
    }

    /// `None` if there is no such bucket.
    pub fn delete(&self, bucket: &str, key: &str) -> Option<()> {
        self.write().get_mut(bucket).map(|objects| drop(objects.remove(key)))
    }

    /// `None` if there is no such bucket.
    pub fn list(&self, bucket: &str, listing: &Listing) -> Option<Page> {
        self.read().get(bucket).map(|objects| page(objects, listing))
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Objects>> {
        self.0.read().expect("a thread that panics ends the process")
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Objects>> {
        self.0.write().expect("a thread that panics ends the process")
    }
}

fn page(objects: &Objects, listing: &Listing) -> Page {
    let prefix = listing.prefix.as_str();
    let mut page = Page::default();
    let mut from = match (&listing.from, &listing.after) {
        (Some(from), _) => Bound::Included(Cow::from(from)),
        (None, Some(after)) if after.as_str() >= prefix => Bound::Excluded(Cow::from(after)),
        _ => Bound::Included(Cow::from(prefix)),
    };
    while let Some((key, object)) =
        objects.range::<str, _>((from.as_ref().map(Cow::as_ref), Bound::Unbounded)).next()
        && let Some(rest) = key.strip_prefix(prefix)
    {
        if page.objects.len() + page.common_prefixes.len() == listing.max {
            page.next = Some(key.clone());
            break;
        }
        let common =
            listing.delimiter.as_deref().and_then(|delimiter| common_prefix(key, rest, delimiter));
        let Some(common) = common else {
            page.objects.push((key.clone(), object.clone()));
            from = Bound::Excluded(Cow::from(key));
            continue;
        };
        page.common_prefixes.push(common.to_owned());
        // A folder may hold half a million keys: none of them is looked at.
        match behind(common) {
            Some(key) => from = Bound::Included(Cow::from(key)),
            None => break,
        }
    }
    page
}

/// The key up to and with the first delimiter in its rest.
fn common_prefix<'k>(key: &'k str, rest: &str, delimiter: &str) -> Option<&'k str> {
    let at = rest.find(delimiter)?;
    Some(&key[..key.len() - rest.len() + at + delimiter.len()])
}

/// The smallest text that is larger than every text with this prefix.
fn behind(prefix: &str) -> Option<String> {
    let mut characters = prefix.chars();
    while let Some(last) = characters.next_back() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            return Some(format!("{}{next}", characters.as_str()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(keys: &[&str]) -> Objects {
        let object = Object::new(Bytes::new(), SystemTime::UNIX_EPOCH);
        keys.iter().map(|key| (String::from(*key), object.clone())).collect()
    }

    /// All pages of a listing, a page as `keys… | common prefixes…`.
    #[track_caller]
    fn check(mut listing: Listing, expected: &[&str]) {
        let objects = bucket(&["a", "b/1", "b/2", "b/c/3", "b0", "é/4"]);
        let mut pages = Vec::new();
        loop {
            let page = page(&objects, &listing);
            let keys: Vec<_> = page.objects.iter().map(|(key, _)| key.as_str()).collect();
            pages.push(format!("{} | {}", keys.join(" "), page.common_prefixes.join(" ")));
            match page.next {
                Some(next) => listing.from = Some(next),
                None => break,
            }
        }
        assert_eq!(pages, expected, "{listing:?}");
    }

    fn listing(prefix: &str, delimiter: Option<&str>, after: Option<&str>, max: usize) -> Listing {
        let [delimiter, after] = [delimiter, after].map(|text| text.map(str::to_owned));
        Listing { prefix: prefix.to_owned(), delimiter, after, from: None, max }
    }

    #[test]
    fn keys_come_in_pages_in_their_order() {
        check(listing("", None, None, 1000), &["a b/1 b/2 b/c/3 b0 é/4 | "]);
        check(listing("", None, None, 4), &["a b/1 b/2 b/c/3 | ", "b0 é/4 | "]);
        check(listing("", None, None, 6), &["a b/1 b/2 b/c/3 b0 é/4 | "]);
        check(listing("b/", None, None, 2), &["b/1 b/2 | ", "b/c/3 | "]);
        check(listing("x", None, None, 2), &[" | "]);
    }

    #[test]
    fn folders_are_one_entry() {
        check(listing("", Some("/"), None, 1000), &["a b0 | b/ é/"]);
        check(listing("", Some("/"), None, 1), &["a | ", " | b/", "b0 | ", " | é/"]);
        check(listing("b/", Some("/"), None, 1000), &["b/1 b/2 | b/c/"]);
    }

    #[test]
    fn a_listing_starts_after_a_key() {
        check(listing("", None, Some("b/2"), 1000), &["b/c/3 b0 é/4 | "]);
        check(listing("b/", None, Some("a"), 1000), &["b/1 b/2 b/c/3 | "]);
        check(listing("b/", None, Some("b0"), 1000), &[" | "]);
        check(listing("", Some("/"), Some("b/1"), 1000), &["b0 | b/ é/"]);
    }
}
