//! Which of the objects below the logs are loaded.

use std::str::FromStr;

use globset::{Glob, GlobBuilder, GlobSet};
use mlops_job::UsageError;

/// The globs of one argument, which are separated by commas outside of braces and brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Globs(Vec<Glob>);

/// The decision about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Loaded,
    /// By --include or --exclude.
    LeftOutByGlob,
    /// As a file that no logger writes, or one of the job's own.
    LeftOutByDefault,
}

/// Decides which objects are loaded.
#[derive(Debug)]
pub(crate) struct Filter {
    /// The folder that the operator named; nothing in its own name is unusual.
    prefix: String,
    include: GlobSet,
    /// The part of the logs that each included glob is about.
    roots: Vec<Root>,
    /// Those of the included globs that ask for objects which are left out by default.
    include_unusual: GlobSet,
    exclude: GlobSet,
    /// Folders in which everything is excluded, without their last `/`.
    exclude_folders: GlobSet,
    /// The job's own files, and folders with their last `/`.
    own: Vec<String>,
}

impl Filter {
    pub(crate) fn new(
        include: &[Globs],
        exclude: &[Globs],
        prefix: &str,
        own: Vec<String>,
    ) -> Result<Self, UsageError> {
        let all = |globs: &[Globs]| -> Vec<Glob> {
            globs.iter().flat_map(|globs| globs.0.iter().cloned()).collect()
        };
        let (include, exclude) = (all(include), all(exclude));
        let set = |globs: &[Glob]| GlobSet::new(globs).map_err(UsageError::because);
        let unusual: Vec<Glob> =
            include.iter().filter(|glob| is_unusual(glob.glob())).cloned().collect();
        let folders: Result<Vec<Glob>, _> =
            exclude.iter().filter_map(|glob| glob.glob().strip_suffix("/**")).map(build).collect();
        Ok(Self {
            prefix: prefix.to_owned(),
            roots: include.iter().map(|glob| Root::of(glob.glob())).collect(),
            include: set(&include)?,
            include_unusual: set(&unusual)?,
            exclude: set(&exclude)?,
            exclude_folders: set(&folders.map_err(UsageError::because)?)?,
            own,
        })
    }

    /// Decides about the object of this key.
    pub(crate) fn choose(&self, key: &str) -> Choice {
        let is_own = |own: &String| match own.ends_with('/') {
            true => key.starts_with(own),
            false => key == own,
        };
        let is_unusual = is_unusual(self.below_prefix(key)) && !self.include_unusual.is_match(key);
        if is_unusual || self.own.iter().any(is_own) {
            Choice::LeftOutByDefault
        } else if self.exclude.is_match(key)
            || !(self.roots.is_empty() || self.include.is_match(key))
        {
            Choice::LeftOutByGlob
        } else {
            Choice::Loaded
        }
    }

    /// Returns whether everything below a folder is left out, so that it need not be listed.
    pub(crate) fn leaves_out_folder(&self, folder: &str) -> bool {
        let is_own = |own: &String| own.ends_with('/') && folder.starts_with(own);
        let is_unusual =
            has_unusual_folder(self.below_prefix(folder)) && self.include_unusual.is_empty();
        let mut ancestors = folder.match_indices('/').map(|(end, _)| &folder[..end]);
        is_unusual
            || self.own.iter().any(is_own)
            || ancestors.any(|ancestor| self.exclude_folders.is_match(ancestor))
            || !(self.roots.is_empty() || self.roots.iter().any(|root| root.may_be_in(folder)))
    }

    /// Returns whether an object, or a folder with its last `/`, is left out.
    pub(crate) fn leaves_out(&self, key: &str) -> bool {
        match key.ends_with('/') {
            true => self.leaves_out_folder(key),
            false => self.choose(key) != Choice::Loaded,
        }
    }

    fn below_prefix<'k>(&self, key: &'k str) -> &'k str {
        key.strip_prefix(&self.prefix).unwrap_or(key)
    }
}

impl FromStr for Globs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut globs, mut start, mut depth) = (Vec::new(), 0, 0_usize);
        for (at, character) in text.char_indices().chain([(text.len(), ',')]) {
            match character {
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                ',' if depth == 0 || at == text.len() => {
                    let part = text[start..at].trim();
                    if !part.is_empty() {
                        globs.push(glob(part)?);
                    }
                    start = at + 1;
                }
                _ => {}
            }
        }
        Ok(Self(globs))
    }
}

fn glob(text: &str) -> Result<Glob, String> {
    if text.starts_with('/') || text.contains("://") {
        return Err(format!("`{text}` must be relative to --logs, such as `client_1/**`"));
    }
    let text = text.trim_start_matches("./");
    // A folder stands for all that is in it.
    let all = if text.ends_with('/') { "**" } else { "" };
    build(&format!("{text}{all}")).map_err(|error| error.to_string())
}

fn build(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text).literal_separator(true).build()
}

/// The part of the logs in which everything is that matches a glob.
#[derive(Debug)]
struct Root {
    folder: String,
    /// The most folders above an object.
    depth: usize,
}

impl Root {
    fn of(glob: &str) -> Self {
        let fixed = glob.find(['*', '?', '[', '{', '\\']).map_or(glob, |end| &glob[..end]);
        let folder = fixed[..fixed.rfind('/').map_or(0, |slash| slash + 1)].to_owned();
        let is_of_any_depth = glob.contains("**") || glob.contains('{');
        let depth = if is_of_any_depth { usize::MAX } else { glob.matches('/').count() };
        Self { folder, depth }
    }

    fn may_be_in(&self, folder: &str) -> bool {
        let is_on_the_way = self.folder.starts_with(folder) || folder.starts_with(&self.folder);
        is_on_the_way && folder.matches('/').count() <= self.depth
    }
}

/// Returns whether a key is one that no logger writes: a hidden file, what Hadoop and Spark write
/// beside their output, and the files of an S3 inventory.
fn is_unusual(key: &str) -> bool {
    let (folders, file) = key.rsplit_once('/').unwrap_or(("", key));
    is_hidden(file)
        || file == "_SUCCESS"
        || file.ends_with(".crc")
        || has_unusual_folder(folders)
        || is_of_inventory(folders, file)
}

fn has_unusual_folder(folders: &str) -> bool {
    folders.split('/').any(|folder| is_hidden(folder) || folder == "_temporary")
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && !matches!(name, "." | "..")
}

/// Returns whether a file stands where S3 puts it in an inventory (the user guide's "Locating your
/// inventory list"): `DATE/manifest.json`, `hive/dt=DATE/symlink.txt`, `data/UUID.csv.gz`.
fn is_of_inventory(folders: &str, file: &str) -> bool {
    let mut folders = folders.rsplit('/');
    let (parent, grandparent) = (folders.next().unwrap_or_default(), folders.next());
    match file {
        "manifest.json" | "manifest.checksum" => has_shape(parent, "0000-00-00T00-00Z"),
        "symlink.txt" => grandparent == Some("hive") && has_shape(parent, "dt=0000-00-00-00-00"),
        _ => {
            let stem =
                [".csv.gz", ".orc", ".parquet"].iter().find_map(|end| file.strip_suffix(end));
            let uuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
            parent == "data" && stem.is_some_and(|stem| has_shape(stem, uuid))
        }
    }
}

/// Whether a text has a digit for each `0` of the shape, a hexadecimal digit for each `x`, and else
/// the same characters.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            b'x' => byte.is_ascii_hexdigit(),
            wanted => byte == wanted,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(include: &[&str], exclude: &[&str]) -> Filter {
        let globs = |texts: &[&str]| -> Vec<Globs> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let own = vec!["bad/".to_owned(), "mlops.db".to_owned()];
        Filter::new(&globs(include), &globs(exclude), "", own).unwrap()
    }

    fn check(filter: &Filter, key: &str, choice: Choice) {
        assert_eq!(filter.choose(key), choice, "{key}");
        let mut folders = key.match_indices('/').map(|(end, _)| &key[..=end]);
        if choice == Choice::Loaded {
            assert!(!folders.any(|folder| filter.leaves_out_folder(folder)), "{key}");
        }
    }

    #[test]
    fn files_that_no_logger_writes_are_left_out() {
        let filter = filter(&[], &[]);
        for key in [
            ".DS_Store",
            "a/.b.json.swp",
            ".git/config",
            "dt=2026-01-01/.hidden/a.json",
            "out/_SUCCESS",
            "out/_temporary/0/part-0.json",
            "a/.part-0.json.crc",
            "a/part-0.json.crc",
            "inv/bucket/config/2026-01-01T01-00Z/manifest.json",
            "inv/bucket/config/2026-01-01T01-00Z/manifest.checksum",
            "inv/bucket/config/hive/dt=2026-01-01-01-00/symlink.txt",
            "inv/bucket/config/data/0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f.csv.gz",
            "bad/a.json.0000.ndjson",
            "mlops.db",
        ] {
            check(&filter, key, Choice::LeftOutByDefault);
        }
        for key in [
            "a.json",
            "../a.json",
            "a/./b.json",
            "a//b",
            "dt=2026-01-01/hh=05/manifest.json",
            "2026-01-01/manifest.json",
            "hive/symlink.txt",
            "dt=2026-01-01-01-00/symlink.txt",
            "data/a.csv.gz",
            "data/0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f.json.gz",
            "_SUCCESS/a.json",
            "my_temporary/a.json",
            "crc",
            "mlops.db.json",
            "bad.json",
        ] {
            check(&filter, key, Choice::Loaded);
        }
        assert!(filter.leaves_out_folder(".git/") && filter.leaves_out_folder("bad/x/"));
        assert!(filter.leaves_out_folder("a/_temporary/0/"));
    }

    #[test]
    fn a_glob_stops_at_a_slash_and_exclude_wins() {
        use Choice::{LeftOutByGlob, Loaded};
        let both = filter(&["a/*.json", "deep/**"], &["**/x.json,deep/no/"]);
        for (key, choice) in [
            ("a/1.json", Loaded),
            ("a/b/1.json", LeftOutByGlob),
            ("deep/a/b/c", Loaded),
            ("deep/x.json", LeftOutByGlob),
            ("deep/no/a/b", LeftOutByGlob),
            ("other/1.json", LeftOutByGlob),
            ("1.json", LeftOutByGlob),
        ] {
            check(&both, key, choice);
        }
        for folder in ["deep/no/", "deep/no/a/", "other/", "b/", "a/b/"] {
            assert!(both.leaves_out_folder(folder), "{folder}");
        }
        let braces = filter(&["{a,b}/**"], &["b/[,x]/**"]);
        check(&braces, "b/1", Loaded);
        check(&braces, "b/,/1", LeftOutByGlob);
        check(&filter(&[], &["a/b*/**"]), "a/c/1", Loaded);
        assert!(filter(&[], &["a/b*/**"]).leaves_out_folder("a/bc/"));
    }

    #[test]
    fn an_included_glob_may_ask_for_what_is_left_out_by_default() {
        let all = filter(&["**"], &[]);
        check(&all, ".spool/a.json", Choice::LeftOutByDefault);
        let hidden = filter(&["**", ".spool/**"], &[]);
        check(&hidden, ".spool/a.json", Choice::Loaded);
        check(&hidden, ".git/a.json", Choice::LeftOutByDefault);
        check(&hidden, "a.json", Choice::Loaded);
        check(&filter(&["**", "bad/**"], &[]), "bad/a.json", Choice::LeftOutByDefault);
        let within = Filter::new(&[], &[], ".spool/", Vec::new()).unwrap();
        check(&within, ".spool/a.json", Choice::Loaded);
        check(&within, ".spool/.a.json", Choice::LeftOutByDefault);
    }

    #[test]
    fn a_glob_that_is_none_is_named() {
        for (text, part) in [
            ("a/**,b[", "'b['"),
            ("/abs/**", "`/abs/**` must be relative to --logs"),
            ("s3://bucket/logs/**", "must be relative"),
            ("{a", "'{a'"),
        ] {
            let error = text.parse::<Globs>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert_eq!("".parse::<Globs>(), Ok(Globs(Vec::new())));
    }
}
