use std::collections::HashSet;

use jiff::Timestamp;
use mlops_core::etl::{EtlStore, Listing, Partition, TimeSpan, Watermark};
use mlops_core::ports::{StoreError, StoreErrorKind};

use crate::engine::Engine;

/// Other processes move the watermark too; none does so very often.
const ATTEMPTS: u32 = 20;

impl<S: EtlStore + 'static> Engine<S> {
    /// Writes down how far the pipeline is now: the first partition that is not sealed, and what
    /// was loaded in all.
    ///
    /// `past` is the end of the newest partition seen, which is where the watermark stands once all
    /// are sealed. Partitions that are open only for an unreadable object do not hold it back.
    pub(crate) async fn move_watermark(
        &self,
        past: Option<TimeSpan>,
        past_folders: Listing,
        audited: bool,
        blocked: &HashSet<String>,
    ) -> Result<Watermark, StoreError> {
        for _ in 0..ATTEMPTS {
            let old = self
                .retry
                .run(async || self.store.watermark(&self.pipeline).await)
                .await?
                .unwrap_or_default();
            let open =
                self.retry.run(async || self.store.open_partitions(&self.pipeline).await).await?;
            let totals = self
                .retry
                .run(async || self.store.totals(&self.pipeline, self.latest_time()).await)
                .await?;
            let first = open
                .iter()
                .filter(|state| !blocked.contains(&state.id))
                .filter_map(|state| {
                    let span = self.span(&Partition::from_id(&state.id)?)?;
                    Some((span.from, state.id.clone()))
                })
                .min();
            let (position, partition) = match first {
                Some((from, id)) => (Some(from), Some(id)),
                None => (old.position.max(past.map(|span| span.to)), None),
            };
            let new = Watermark {
                // A look into one folder says nothing of the others.
                position: if self.args.prefix.is_empty() { position } else { old.position },
                partition: if self.args.prefix.is_empty() { partition } else { old.partition },
                totals,
                past_folders: if self.args.prefix.is_empty() {
                    past_folders
                } else {
                    old.past_folders
                },
                audited: if audited { Some(self.started) } else { old.audited },
                updated: Some(self.started),
                version: old.version + 1,
            };
            if self.retry.run(async || self.store.advance(&self.pipeline, &new).await).await? {
                return Ok(new);
            }
        }
        let message =
            format!("other processes moved the watermark {ATTEMPTS} times in between; run again");
        Err(StoreError::new(StoreErrorKind::Temporary, message))
    }

    /// From when on partitions are looked into; `None` for all.
    pub(crate) fn window_from(&self, watermark: &Watermark, audit: bool) -> Option<Timestamp> {
        let position = watermark.position.filter(|_| !audit)?;
        crate::engine::before(position, self.args.lookback)
    }

    /// Returns whether this run compares its sealed partitions with the listing. Each part of an
    /// array job does so in its own time.
    pub(crate) async fn is_audit(&self) -> Result<bool, StoreError> {
        if self.args.audit || self.args.audit_every.is_zero() {
            return Ok(self.args.audit);
        }
        let shard = self.shard.to_string();
        let read = async || self.store.audited(&self.pipeline, &shard).await;
        let last = self.retry.run(read).await?;
        Ok(last.is_none_or(|last| self.started.duration_since(last) >= self.args.audit_every))
    }
}
