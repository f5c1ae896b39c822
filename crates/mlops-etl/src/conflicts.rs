//! Records whose uid another record has, with another content.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use mlops_core::etl::EtlStore;
use mlops_core::ports::StoreError;

use crate::engine::Engine;
use crate::object::Source;

/// The uids of two such generations are remembered: some 10 MB.
const GENERATION: usize = 1 << 15;

/// The origins of the newest records of this run, by their uids. One that is asked for stays.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    recent: HashMap<String, RecordOrigin>,
    older: HashMap<String, RecordOrigin>,
}

/// The object of a record, and its line there.
#[derive(Debug, Clone)]
pub(crate) struct RecordOrigin {
    pub(crate) object: Arc<Source>,
    pub(crate) line: u64,
}

impl Origins {
    pub(crate) fn add(&mut self, uid: String, origin: RecordOrigin) {
        if self.recent.len() >= GENERATION {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(uid, origin);
    }

    pub(crate) fn get(&mut self, uid: &str) -> Option<RecordOrigin> {
        if let Some((uid, origin)) = self.older.remove_entry(uid) {
            self.recent.entry(uid).or_insert(origin);
        }
        self.recent.get(uid).cloned()
    }
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Says of each uid, in words for a dead letter, where the record is that keeps it. `in_run`
    /// gives the object and line of a record of this run.
    pub(crate) async fn conflict_reasons(
        &self,
        uids: &[&str],
        mut in_run: impl FnMut(&str) -> Option<(String, u64)>,
    ) -> Result<Vec<String>, StoreError> {
        let origins: Vec<Option<(String, u64)>> = uids.iter().map(|uid| in_run(uid)).collect();
        let mut stored: Vec<&str> = uids
            .iter()
            .zip(&origins)
            .filter_map(|(uid, origin)| origin.is_none().then_some(*uid))
            .collect();
        stored.sort_unstable();
        stored.dedup();
        let days = match stored.is_empty() {
            true => HashMap::new(),
            false => self.store.logged_at(&stored).await?,
        };
        let reasons = uids.iter().zip(origins);
        Ok(reasons.map(|(uid, origin)| reason(uid, origin, days.get(*uid))).collect())
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
        let object = |key: String| {
            Arc::new(Source { key, id: ObjectId([0; 16]), partition: "**".to_owned() })
        };
        for number in 0..4 * GENERATION {
            let origin = RecordOrigin { object: object(number.to_string()), line: 1 };
            origins.add(format!("uid-{number}"), origin);
            assert_eq!(origins.get("uid-0").unwrap().object.key, "0");
        }
        assert!(origins.get("uid-1").is_none());
        let last = 4 * GENERATION - 1;
        for number in [last, last - GENERATION / 2, last - GENERATION + 2] {
            let found = origins.get(&format!("uid-{number}")).unwrap();
            assert_eq!(found.object.key, number.to_string());
        }
        assert!(origins.recent.len() + origins.older.len() <= 2 * GENERATION + 2);
    }
}
