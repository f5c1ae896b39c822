use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::etl::{EtlStore, Watermark};
use mlops_core::etl::{Listing, Partition, Scope, TimeSpan};
use mlops_core::ports::NameRange;
use mlops_core::ports::{Entry, ObjectStore, StoreError};

use crate::engine::Engine;

/// A folder with more objects than this directly in it, and no hour in its name, is split by its
/// keys' first character.
const MANY: usize = 1000;

/// Folders listed at once.
const LISTINGS: usize = 16;

/// The partitions below a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) partitions: Vec<Partition>,
    /// Folders that are split.
    pub(crate) split: HashSet<String>,
    /// Folders passed over for their time.
    pub(crate) past: Listing,
    /// How often the store was asked.
    pub(crate) listings: u64,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Finds the partitions that are not so old that all before them are sealed; in an audit, all.
    ///
    /// If the folders that are too old are others than the last time, a new one may be among them:
    /// then it finds all, too. That is so once a day, when another day is past.
    pub(crate) async fn discover_window(
        &self,
        watermark: &Watermark,
        audit: bool,
        split: &HashSet<String>,
    ) -> Result<Found, StoreError> {
        let root = || vec![self.args.prefix.clone()];
        let found = self.discover(root(), self.window_from(watermark, audit), split).await?;
        if found.past == watermark.past_folders || !self.args.prefix.is_empty() {
            return Ok(found);
        }
        let all = self.discover(root(), None, split).await?;
        Ok(Found { past: found.past, listings: found.listings + all.listings, ..all })
    }

    /// Finds the partitions below `folders`, without those whose time ended before `from`.
    ///
    /// Every process that shares the work finds the same ones: it lists the folders above the
    /// hours, and of a folder with many objects only the first page. `split` are folders that were
    /// split before and stay so.
    pub(crate) async fn discover(
        &self,
        folders: Vec<String>,
        from: Option<Timestamp>,
        split: &HashSet<String>,
    ) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let mut level = folders;
        while !level.is_empty() && !self.stop.is_cancelled() {
            let visits = level.into_iter().map(|folder| self.visit(folder, from, split));
            let visited: Vec<Visited> =
                stream::iter(visits).buffered(LISTINGS).try_collect().await?;
            level = Vec::new();
            for visit in visited {
                found.listings += 1;
                found.split.extend(visit.split);
                found.partitions.extend(visit.partitions);
                level.extend(visit.folders);
                visit.past.iter().for_each(|folder| found.past.add_folder(folder));
            }
        }
        Ok(found)
    }

    async fn visit(
        &self,
        folder: String,
        from: Option<Timestamp>,
        split: &HashSet<String>,
    ) -> Result<Visited, StoreError> {
        let below = |folder: &str| Partition { folder: folder.to_owned(), scope: Scope::Below };
        if TimeSpan::of_folder(&folder).is_some_and(|span| span.is_hour) {
            return Ok(Visited { partitions: vec![below(&folder)], ..Visited::default() });
        }
        if split.contains(&folder) {
            return Ok(Visited::split(folder));
        }
        let listed = self.logs_retry.run(async || {
            let mut entries = self.logs.browse(&folder, NameRange::default());
            let (mut objects, mut folders) = (0, Vec::new());
            while objects <= MANY
                && let Some(entry) = entries.try_next().await?
            {
                match entry {
                    Entry::Object(_) => objects += 1,
                    Entry::Folder(folder) => folders.push(folder),
                }
            }
            Ok((objects, folders))
        });
        let (objects, folders) = listed.await?;
        if objects > MANY {
            // The folders in it are found with the objects of the ranges.
            return Ok(Visited::split(folder));
        }
        let mut visited = Visited::default();
        if objects > 0 {
            visited.partitions.push(Partition { folder, scope: Scope::Direct });
        }
        for folder in folders {
            match TimeSpan::of_folder(&folder) {
                Some(span) if from.is_some_and(|from| span.to <= from) => visited.past.push(folder),
                Some(span) if span.is_hour => visited.partitions.push(below(&folder)),
                _ => visited.folders.push(folder),
            }
        }
        Ok(visited)
    }
}

/// What was found in one folder.
#[derive(Default)]
struct Visited {
    partitions: Vec<Partition>,
    folders: Vec<String>,
    past: Vec<String>,
    split: Option<String>,
}

impl Visited {
    fn split(folder: String) -> Self {
        let ranges = (0..Partition::RANGES.len()).map(Scope::Range);
        let partitions = ranges.map(|scope| Partition { folder: folder.clone(), scope }).collect();
        Self { partitions, split: Some(folder), ..Self::default() }
    }
}
