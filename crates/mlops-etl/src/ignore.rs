use std::process::Command as Process;

use anyhow::Result;
use globset::GlobBuilder;
use mlops_core::etl::{EtlStore, Ignored, Unreadable};
use mlops_job::{Exit, Report, UsageError, number};
use mlops_objects::Location;
use serde::Serialize;

use crate::engine::Engine;

/// The objects that were taken out of the count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IgnoreReport {
    /// The keys, relative to the logs.
    pub ignored: Vec<String>,
    /// The user or role that decided.
    pub by: String,
    /// The number of objects that still count as unreadable.
    pub unreadable: u64,
}

impl<S: EtlStore + 'static> Engine<S> {
    /// Takes the unreadable objects whose key matches a pattern out of the count.
    pub(crate) async fn ignore(
        &self,
        pattern: &str,
        reason: &str,
        by: Option<String>,
    ) -> Result<IgnoreReport> {
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        let matcher = glob.map_err(UsageError::because)?.compile_matcher();
        let known = self.store.unreadable(&self.pipeline).await?;
        let by = match by {
            Some(by) => by,
            None => self.caller().await,
        };
        let ignored = Ignored { by, at: self.started, reason: reason.to_owned() };
        let (matching, others): (Vec<Unreadable>, Vec<Unreadable>) = known
            .into_iter()
            .filter(|object| object.ignored.is_none())
            .partition(|object| object.key == pattern || matcher.is_match(&object.key));
        if matching.is_empty() {
            let message = format!(
                "no unreadable object matches `{pattern}`; `status` lists the unreadable objects"
            );
            return Err(UsageError::new(message).into());
        }
        let entries: Vec<Unreadable> = matching
            .into_iter()
            .map(|object| Unreadable { ignored: Some(ignored.clone()), ..object })
            .collect();
        self.store.put_unreadable(&self.pipeline, &entries).await?;
        Ok(IgnoreReport {
            ignored: entries.into_iter().map(|object| object.key).collect(),
            by: ignored.by,
            unreadable: others.len() as u64,
        })
    }

    /// Returns the identity that the logs are read with: the ARN at AWS, or the user of this
    /// machine.
    async fn caller(&self) -> String {
        if let Location::S3 { .. } = self.logs_location {
            match mlops_aws::caller_arn().await {
                Ok(arn) => return arn,
                Err(error) => tracing::warn!("no AWS identity: {error}"),
            }
        }
        let id = Process::new("id").arg("-un").output();
        let name = id.ok().and_then(|output| String::from_utf8(output.stdout).ok());
        let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        name.unwrap_or_else(|| rustix::process::getuid().as_raw().to_string())
    }
}

impl Report for IgnoreReport {
    fn human(&self) -> String {
        let count = number(self.ignored.len() as u64);
        let mut text = format!("{count} objects are ignored from now on, by {}:", self.by);
        for key in &self.ignored {
            text.push_str(&format!("\n  {key:?}"));
        }
        text.push_str(&format!(
            "\n\n{} objects still count as unreadable",
            number(self.unreadable)
        ));
        text
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
