use mlops_core::etl::EtlStore;
use mlops_core::ports::StoreError;
use mlops_core::timestamp::to_sql_text;
use mlops_job::{Report, grid, number};
use serde::Serialize;

use crate::engine::Engine;
use crate::unreadable::{UnreadableObject, counted, lines, shown};

/// How far a pipeline is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusReport {
    /// Its name.
    pub pipeline: String,
    /// The newest logging timestamp loaded.
    pub watermark: Option<String>,
    /// The lag: the age of the newest logging timestamp, in seconds.
    pub lag_seconds: Option<f64>,
    /// The first partition that is not sealed.
    pub first_open_partition: Option<String>,
    /// Partitions that are not sealed.
    pub open_partitions: u64,
    /// Open partitions that are not loaded whole.
    pub unfinished_partitions: u64,
    /// Objects loaded from all partitions.
    pub objects: u64,
    /// Records found in them, good and bad.
    pub records: u64,
    /// Bad records, which became dead letters.
    pub bad: u64,
    /// Bytes read, as stored.
    pub bytes: u64,
    /// When the last run that loaded something began.
    pub updated: Option<String>,
    /// When the sealed partitions were last compared with what is listed.
    pub audited: Option<String>,
    /// The run that is at work on this process's part.
    pub lease_held_by: Option<String>,
    /// The number of objects that cannot be read, without the ignored ones.
    pub unreadable: u64,
    /// The first of them.
    pub unreadable_objects: Vec<UnreadableObject>,
    /// The number of objects that the operator took out of the count.
    pub ignored: u64,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Shows the books. Writes nothing.
    pub(crate) async fn status(&self) -> Result<StatusReport, StoreError> {
        let watermark = self.store.watermark(&self.pipeline).await?.unwrap_or_default();
        let open = self.store.open_partitions(&self.pipeline).await?;
        let totals = self.store.totals(&self.pipeline, self.latest_time()).await?;
        let unreadable = self.unreadable().await?;
        let counted = counted(&unreadable);
        let newest = totals.newest;
        Ok(StatusReport {
            pipeline: self.pipeline.clone(),
            watermark: newest.map(to_sql_text),
            lag_seconds: newest.map(|newest| self.started.duration_since(newest).as_secs_f64()),
            first_open_partition: watermark.partition,
            open_partitions: open.len() as u64,
            unfinished_partitions: open.iter().filter(|state| state.listing.is_none()).count()
                as u64,
            objects: totals.objects,
            records: totals.records,
            bad: totals.bad,
            bytes: totals.bytes,
            updated: watermark.updated.map(to_sql_text),
            audited: watermark.audited.map(to_sql_text),
            lease_held_by: self.holder().await?.map(|lease| lease.owner),
            unreadable: counted.len() as u64,
            unreadable_objects: shown(&counted),
            ignored: (unreadable.len() - counted.len()) as u64,
        })
    }
}

impl Report for StatusReport {
    fn human(&self) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none yet".to_owned());
        let rows = [
            ("newest record", text(&self.watermark)),
            (
                "lag in seconds",
                self.lag_seconds.map_or_else(|| "none yet".to_owned(), |lag| format!("{lag:.0}")),
            ),
            ("first open partition", text(&self.first_open_partition)),
            ("open partitions", number(self.open_partitions)),
            ("of these unfinished", number(self.unfinished_partitions)),
            ("objects", number(self.objects)),
            ("records", number(self.records)),
            ("bad", number(self.bad)),
            ("bytes", number(self.bytes)),
            ("last load", text(&self.updated)),
            ("last audit", text(&self.audited)),
            ("unreadable objects", number(self.unreadable)),
            ("ignored objects", number(self.ignored)),
            ("at work", self.lease_held_by.clone().unwrap_or_else(|| "nobody".to_owned())),
        ];
        let rows = rows.map(|(name, value)| vec![name.to_owned(), value]);
        let table = grid(&["pipeline", &self.pipeline], &rows);
        table + &lines(self.unreadable, &self.unreadable_objects)
    }
}
