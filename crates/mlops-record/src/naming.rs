use crate::RecordError;
use crate::logged::ParsedRecord;
use mlops_core::model_name::ModelName;
use mlops_core::record::LogRecord;

/// Suffixes of a name that do not tell objects apart.
const SUFFIXES: [&str; 9] =
    [".json", ".ndjson", ".jsonl", ".log", ".txt", ".gz", ".zst", ".zstd", ".bz2"];

/// The uid of a record without `input.uid`, where the record is its object's only one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UidFrom {
    /// The file name without its known suffixes.
    #[default]
    FileName,
    /// The whole key, relative to the logs.
    Key,
}

/// The names that an object may give to its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    uid: Option<String>,
    is_key: bool,
    former: Vec<String>,
}

impl Naming {
    /// The object gives no name: a record without a uid is bad.
    pub fn none() -> Self {
        Self::default()
    }

    /// The names that the object `key` gives.
    pub fn of(key: &str, uid_from: UidFrom) -> Self {
        let file = key.rsplit('/').next().unwrap_or(key);
        let file_uid = without_suffixes(file);
        // What earlier releases took: everything up to the first point.
        let stem = file.split('.').next().unwrap_or(file);
        let uid = match uid_from {
            UidFrom::FileName => file_uid,
            UidFrom::Key => key,
        };
        let mut former: Vec<String> = Vec::new();
        for name in [file_uid, stem] {
            if !name.is_empty() && name != uid && !former.iter().any(|known| known == name) {
                former.push(name.to_owned());
            }
        }
        let is_key = uid_from == UidFrom::Key;
        Self { uid: (!uid.is_empty()).then(|| uid.to_owned()), is_key, former }
    }

    /// Names the object's only record; also gives the uids that it may have in a store already.
    pub(crate) fn name(
        self,
        record: ParsedRecord,
        model: &ModelName,
    ) -> Result<(LogRecord, Vec<String>), RecordError> {
        let uid = self.uid.ok_or(RecordError::NoUid)?;
        let named = match self.is_key {
            true => record.named_by_key(uid, model),
            false => record.named(uid, model),
        };
        named.map(|record| (record, self.former))
    }
}

/// A file name without its known suffixes; it is never empty for that.
fn without_suffixes(file: &str) -> &str {
    let mut name = file;
    while let Some(rest) = SUFFIXES.iter().find_map(|suffix| without_suffix(name, suffix)) {
        name = rest;
    }
    name
}

fn without_suffix<'n>(name: &'n str, suffix: &str) -> Option<&'n str> {
    let at = name.len().checked_sub(suffix.len()).filter(|at| *at > 0)?;
    let end = name.get(at..)?;
    end.eq_ignore_ascii_case(suffix).then_some(&name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, uid_from: UidFrom, uid: &str, former: &[&str]) {
        let naming = Naming::of(key, uid_from);
        assert_eq!(naming.uid.as_deref(), Some(uid), "{key}");
        assert_eq!(naming.former, former, "{key}");
    }

    #[test]
    fn a_file_name_loses_its_known_suffixes_only() {
        use UidFrom::FileName;
        check("a/scorer.0a11.json", FileName, "scorer.0a11", &["scorer"]);
        check("request.json.gz", FileName, "request", &[]);
        check("dt=1/v1.2.ndjson.ZST", FileName, "v1.2", &["v1"]);
        check("a.jsonl.bz2", FileName, "a", &[]);
        check("a.csv", FileName, "a.csv", &["a"]);
        check("x/.json", FileName, ".json", &[]);
        check("log", FileName, "log", &[]);
        check("é.txt", FileName, "é", &[]);
        check("a.zstd.log", FileName, "a", &[]);
    }

    #[test]
    fn a_key_is_taken_whole() {
        use UidFrom::Key;
        check("client_1/request.json", Key, "client_1/request.json", &["request"]);
        check("c/scorer.0a11.json", Key, "c/scorer.0a11.json", &["scorer.0a11", "scorer"]);
        check("request", Key, "request", &[]);
    }

    #[test]
    fn no_name_names_nothing() {
        assert_eq!(Naming::none().uid, None);
        assert_eq!(Naming::of("", UidFrom::FileName).uid, None);
        assert_eq!(Naming::of("folder/", UidFrom::FileName).uid, None);
    }
}
