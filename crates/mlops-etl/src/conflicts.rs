//! Records whose uid another record has, with another content.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use mlops_core::etl::EtlStore;
use mlops_core::ports::StoreError;
use mlops_core::record::RecordKey;

use crate::engine::Engine;
use crate::object::Source;

/// The keys of two such generations are remembered: some 10 MB.
const GENERATION: usize = 1 << 15;

/// The origins of the newest records of this run, by their keys. One that is asked for stays.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    recent: HashMap<RecordKey, RecordOrigin>,
    older: HashMap<RecordKey, RecordOrigin>,
}

/// The object of a record, and its line there.
#[derive(Debug, Clone)]
pub(crate) struct RecordOrigin {
    pub(crate) object: Arc<Source>,
    pub(crate) line: u64,
}

impl Origins {
    pub(crate) fn add(&mut self, key: RecordKey, origin: RecordOrigin) {
        if self.recent.len() >= GENERATION {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(key, origin);
    }

    pub(crate) fn get(&mut self, key: &RecordKey) -> Option<RecordOrigin> {
        if let Some((key, origin)) = self.older.remove_entry(key) {
            self.recent.entry(key).or_insert(origin);
        }
        self.recent.get(key).cloned()
    }
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Says of each key, in words for a dead letter, where the record is that keeps it. `in_run`
    /// gives the object and line of a record of this run.
    pub(crate) async fn conflict_reasons(
        &self,
        keys: &[&RecordKey],
        mut in_run: impl FnMut(&RecordKey) -> Option<(String, u64)>,
    ) -> Result<Vec<String>, StoreError> {
        let origins: Vec<Option<(String, u64)>> = keys.iter().map(|key| in_run(key)).collect();
        let mut stored: Vec<&RecordKey> = keys
            .iter()
            .zip(&origins)
            .filter_map(|(key, origin)| origin.is_none().then_some(*key))
            .collect();
        stored.sort_unstable();
        stored.dedup();
        let days = match stored.is_empty() {
            true => HashMap::new(),
            false => self.store.logged_at(&stored).await?,
        };
        let reasons = keys.iter().zip(origins);
        Ok(reasons.map(|(key, origin)| reason(&key.uid, origin, days.get(*key))).collect())
    }
}

fn reason(uid: &str, origin: Option<(String, u64)>, logged: Option<&Timestamp>) -> String {
    let other = match (origin, logged) {
        (Some((object, line)), _) => format!("is also in `{object}`, line {line}"),
        (None, Some(logged)) => {
            format!("was loaded before, from the logs of {}", logged.strftime("%F"))
        }
        (None, None) => "was loaded before".to_owned(),
    };
    format!("the uid `{uid}` {other}, with another content, which was kept")
}

#[cfg(test)]
mod tests {
    use mlops_core::etl::ObjectId;

    use super::*;

    #[test]
    fn the_newest_uids_and_those_that_are_asked_for_are_remembered() {
        let mut origins = Origins::default();
        let key = |number: usize| RecordKey::of_default_model(format!("uid-{number}"));
        let object = |key: String| {
            Arc::new(Source { key, id: ObjectId([0; 16]), partition: "**".to_owned() })
        };
        for number in 0..4 * GENERATION {
            let origin = RecordOrigin { object: object(number.to_string()), line: 1 };
            origins.add(key(number), origin);
            assert_eq!(origins.get(&key(0)).unwrap().object.key, "0");
        }
        assert!(origins.get(&key(1)).is_none());
        let last = 4 * GENERATION - 1;
        for number in [last, last - GENERATION / 2, last - GENERATION + 2] {
            let found = origins.get(&key(number)).unwrap();
            assert_eq!(found.object.key, number.to_string());
        }
        assert!(origins.recent.len() + origins.older.len() <= 2 * GENERATION + 2);
    }
}
