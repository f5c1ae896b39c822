use jiff::Timestamp;
use mlops_core::etl::{EtlStore, Watermark};
use mlops_core::etl::{Listing, Partition, TimeSpan};
use mlops_core::ports::{StoreError, StoreErrorKind};

use crate::engine::Engine;

/// Other processes move the watermark too; none does so very often.
const ATTEMPTS: u32 = 20;

impl<S: EtlStore + 'static> Engine<S> {
    /// Writes down how far the pipeline is now: the first partition that is not sealed, and what
    /// was loaded in all.
    ///
    /// `past` is the end of the newest partition seen, which is where the watermark stands once all
    /// are sealed.
    pub(crate) async fn move_watermark(
        &self,
        past: Option<TimeSpan>,
        past_folders: Listing,
        audited: bool,
    ) -> Result<Watermark, StoreError> {
        for _ in 0..ATTEMPTS {
            let old = self
                .retry
                .run(async || self.store.watermark(&self.pipeline).await)
                .await?
                .unwrap_or_default();
            let open =
                self.retry.run(async || self.store.open_partitions(&self.pipeline).await).await?;
            let totals = self.retry.run(async || self.store.totals(&self.pipeline).await).await?;
            let first = open
                .iter()
                .filter_map(|state| {
                    Some((Partition::from_id(&state.id)?.span()?.from, state.id.clone()))
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

    /// Whether sealed partitions are to be compared with what is listed in this run.
    ///
    /// A part of an array job does so only when told: its siblings move the same watermark.
    pub(crate) fn is_audit(&self, watermark: &Watermark) -> bool {
        let is_due = match watermark.audited {
            Some(last) => self.started.duration_since(last) >= self.args.audit_every,
            None => true,
        };
        self.args.audit || (is_due && !self.args.audit_every.is_zero() && self.shard.count == 1)
    }
}
