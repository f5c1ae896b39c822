use std::collections::HashSet;

use super::ObjectId;

/// The objects that a listing showed so far, so that a repeated one is noticed in any order.
///
/// Takes at most 24 bytes an object. While the keys come in ascending order, as from most stores,
/// nothing is looked up.
#[derive(Debug, Default)]
pub struct Seen {
    /// In ascending order of the ids, once [`Self::is_ordered`] is false.
    ids: Vec<ObjectId>,
    /// Ids that are not yet among `ids`.
    recent: HashSet<ObjectId>,
    last_key: String,
    is_disordered: bool,
}

/// The part of all ids that may wait to be merged, and by which the memory grows: 1/16.
const SHARE: usize = 16;
const LEAST: usize = 64;

impl Seen {
    /// Adds an object by its key and id. Returns whether it is new.
    pub fn add(&mut self, key: &str, id: ObjectId) -> bool {
        if !self.is_disordered {
            if self.ids.is_empty() || *key > *self.last_key {
                key.clone_into(&mut self.last_key);
                self.reserve(1);
                self.ids.push(id);
                return true;
            }
            self.is_disordered = true;
            self.ids.sort_unstable();
        }
        if self.ids.binary_search(&id).is_ok() || !self.recent.insert(id) {
            return false;
        }
        if self.recent.len() > self.ids.len() / SHARE + LEAST {
            self.merge();
        }
        true
    }

    /// Returns the memory for ids, in bytes, without that for the few recent ones.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.ids.capacity() * size_of::<ObjectId>()
    }

    fn reserve(&mut self, more: usize) {
        if self.ids.capacity() - self.ids.len() < more {
            self.ids.reserve_exact(more + self.ids.len() / SHARE + LEAST);
        }
    }

    /// Merges the recent ids into the sorted ones, from the back, in place.
    fn merge(&mut self) {
        let mut recent: Vec<ObjectId> = self.recent.drain().collect();
        recent.sort_unstable();
        let mut old = self.ids.len();
        self.reserve(recent.len());
        self.ids.extend_from_slice(&recent);
        let mut end = self.ids.len();
        while let Some(&id) = recent.last() {
            end -= 1;
            if old > 0 && self.ids[old - 1] > id {
                old -= 1;
                self.ids[end] = self.ids[old];
            } else {
                self.ids[end] = id;
                recent.pop();
            }
        }
    }
}
