use std::collections::HashSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use mlops_core::etl::{EtlStore, Listing, ObjectId, Partition, Scope, Watermark};
use mlops_core::ports::{Entry, NameRange, ObjectStore, StoreError};

use crate::engine::Engine;
use crate::partition::Look;
use crate::unreadable::{Attempt, UnreadableObjects};

/// A folder with more objects than this directly in it, and no hour in its name, is split by its
/// keys' first character.
const MANY: usize = 1000;

/// Folders listed at once.
const LISTINGS: usize = 16;

/// The partitions below a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) partitions: Vec<Partition>,
    /// Folders with many objects, whose subfolders are found while these are listed.
    pub(crate) large: HashSet<String>,
    /// Folders that cannot be listed, each with the reason.
    pub(crate) unreadable: Vec<(String, String)>,
    /// Folders that were listed, or left out.
    pub(crate) visited: HashSet<String>,
    /// The number of folders that were left out as a whole.
    pub(crate) left_out: u64,
    /// Folders passed over for their time.
    pub(crate) past: Listing,
    /// The number of listings.
    pub(crate) listings: u64,
}

impl Found {
    /// Returns what a partition shows.
    pub(crate) fn look(&self, partition: Partition) -> Look {
        let shows_folders =
            partition.scope != Scope::Below && self.large.contains(&partition.folder);
        Look { partition, shows_folders }
    }

    /// Notes the folders that cannot be listed, and those that can be by now.
    pub(crate) fn note_unreadable(&self, unreadable: &UnreadableObjects) {
        for (key, reason) in &self.unreadable {
            let id = ObjectId::of_unlisted(key);
            if unreadable.attempt(id) != Attempt::Never {
                unreadable.note(key, id, key, reason);
            }
        }
        let mended: Vec<ObjectId> = unreadable
            .folders()
            .filter(|folder| self.visited.contains(&folder.key))
            .map(|folder| folder.object)
            .collect();
        mended.into_iter().for_each(|id| unreadable.was_read(id));
    }

    /// Returns the name of the partition whose pass finds this folder; `None` for a folder that
    /// every process finds.
    pub(crate) fn finder(&self, folder: &str) -> Option<String> {
        let large =
            self.large.iter().filter(|large| folder != *large && folder.starts_with(*large));
        let large = large.min_by_key(|large| large.len())?;
        let is_finder = |partition: &&Partition| match partition.scope {
            Scope::Range(range) => Partition::RANGES[range].1.contains(&folder[large.len()..]),
            _ => true,
        };
        let of_large = self.partitions.iter().filter(|partition| partition.folder == *large);
        of_large.clone().find(is_finder).map(Partition::id)
    }
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
        also: &[String],
    ) -> Result<Found, StoreError> {
        let folders = || [std::slice::from_ref(&self.args.prefix), also].concat();
        let found = self.discover(folders(), self.window_from(watermark, audit), split).await?;
        if found.past == watermark.past_folders || !self.args.prefix.is_empty() {
            return Ok(found);
        }
        let all = self.discover(folders(), None, split).await?;
        Ok(Found { past: found.past, listings: found.listings + all.listings, ..all })
    }

    /// Finds the partitions below `folders`, without those whose time ended before `from`.
    ///
    /// Every process that shares the work finds the same ones: it lists the folders above the
    /// hours, and of a folder with many objects only the first ones. `split` are folders that were
    /// split before and stay so.
    pub(crate) async fn discover(
        &self,
        folders: Vec<String>,
        from: Option<Timestamp>,
        split: &HashSet<String>,
    ) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let mut level = folders;
        let mut known: HashSet<String> = HashSet::new();
        while !level.is_empty() && !self.stop.is_cancelled() {
            level.retain(|folder| found.visited.insert(folder.clone()));
            let folders = level.len();
            level.retain(|folder| !self.filter.leaves_out_folder(folder));
            found.left_out += (folders - level.len()) as u64;
            let visits = level.into_iter().map(|folder| self.visit(folder, from, split));
            let visited: Vec<Visited> =
                stream::iter(visits).buffered(LISTINGS).try_collect().await?;
            level = Vec::new();
            for visit in visited {
                found.listings += 1;
                found.large.extend(visit.large);
                found.unreadable.extend(visit.unreadable);
                let partitions = visit.partitions.into_iter();
                found.partitions.extend(partitions.filter(|found| known.insert(found.id())));
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
        let is_hour = |folder: &str| self.dates.span(folder).is_some_and(|span| span.is_hour);
        let below = |folder: &str| Partition { folder: folder.to_owned(), scope: Scope::Below };
        if is_hour(&folder) {
            return Ok(Visited { partitions: vec![below(&folder)], ..Visited::default() });
        }
        if split.contains(&folder) {
            return Ok(Visited::split(folder));
        }
        let listed = self.logs_retry.run(async || {
            let mut entries = self.logs.browse(&folder, NameRange::default());
            let (mut objects, mut folders, mut unreadable) = (0, HashSet::new(), None);
            while objects <= MANY
                && let Some(entry) = entries.try_next().await?
            {
                match entry {
                    Entry::Folder(folder) => drop(folders.insert(folder)),
                    Entry::Unreadable { key, reason } if key == folder => {
                        unreadable = Some((key, reason));
                    }
                    Entry::Object(_) | Entry::Unreadable { .. } => objects += 1,
                }
            }
            Ok((objects, folders, unreadable))
        });
        let (objects, folders, unreadable) = listed.await?;
        if objects > MANY {
            return if self.is_to_be_split(&folder).await? {
                Ok(Visited::split(folder))
            } else {
                Ok(Visited::large(folder))
            };
        }
        let mut visited = Visited { unreadable, ..Visited::default() };
        if objects > 0 {
            visited.partitions.push(Partition { folder, scope: Scope::Direct });
        }
        let mut folders: Vec<String> = folders.into_iter().collect();
        folders.sort_unstable();
        for folder in folders {
            match self.dates.span(&folder) {
                Some(span) if from.is_some_and(|from| span.to <= from) => visited.past.push(folder),
                Some(span) if span.is_hour && !self.filter.leaves_out_folder(&folder) => {
                    visited.partitions.push(below(&folder));
                }
                _ => visited.folders.push(folder),
            }
        }
        Ok(visited)
    }

    /// Returns whether a folder with many objects is split. One that was loaded as a whole before
    /// stays whole, so that no object is counted twice.
    async fn is_to_be_split(&self, folder: &str) -> Result<bool, StoreError> {
        let whole = Partition { folder: folder.to_owned(), scope: Scope::Direct }.id();
        if !self.logs.lists_ranges() {
            return Ok(false);
        }
        let known =
            async || self.store.partitions(&self.pipeline, std::slice::from_ref(&whole)).await;
        Ok(self.retry.run(known).await?.is_empty())
    }
}

/// The findings in one folder.
#[derive(Default)]
struct Visited {
    partitions: Vec<Partition>,
    folders: Vec<String>,
    past: Vec<String>,
    large: Option<String>,
    unreadable: Option<(String, String)>,
}

impl Visited {
    fn split(folder: String) -> Self {
        let ranges = (0..Partition::RANGES.len()).map(Scope::Range);
        let partitions = ranges.map(|scope| Partition { folder: folder.clone(), scope }).collect();
        Self { partitions, large: Some(folder), ..Self::default() }
    }

    fn large(folder: String) -> Self {
        let partition = Partition { folder: folder.clone(), scope: Scope::Direct };
        Self { partitions: vec![partition], large: Some(folder), ..Self::default() }
    }
}
