use std::time::Duration;

use mlops_core::etl::{EtlStore, Lease};
use mlops_core::ports::{StoreError, StoreErrorKind};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, timeout};

use crate::engine::Engine;

/// A holder beats this often within the lease's duration; who waits for it looks as often.
const BEATS: u32 = 3;

/// How long a run waits at its end for giving back the lease.
const RELEASE_LIMIT: Duration = Duration::from_secs(2);

/// How asking for the lease ended.
pub(crate) enum Acquired {
    /// It is this run's.
    Mine(Lease),
    /// Another run is at work.
    Held(Lease),
}

impl<S: EtlStore + 'static> Engine<S> {
    fn lease_name(&self) -> String {
        format!("{} {}", self.pipeline, self.shard)
    }

    /// Takes the lease if it is free or its holder is dead, which takes its whole duration to know.
    ///
    /// A holder that lives changes the lease's beat; no clock but this machine's steady one is
    /// looked at.
    pub(crate) async fn acquire(&self) -> Result<Acquired, StoreError> {
        let name = self.lease_name();
        let mine = self.first_lease();
        loop {
            let seen = self.retry.run(async || self.store.lease(&name).await).await?;
            match seen {
                // An earlier attempt of the same AWS Batch job has ended, whatever it left.
                Some(lease) if lease.owner != mine.owner => {
                    tracing::info!(
                        lease.owner = lease.owner,
                        "another run holds the lease; watching whether it lives"
                    );
                    match self.watch(&name, &lease).await? {
                        Some(lives) => return Ok(Acquired::Held(lives)),
                        None if self.stop.is_cancelled() => return Ok(Acquired::Held(lease)),
                        None => {
                            if self.swap(&name, Some(&lease), &mine).await? {
                                tracing::warn!(
                                    lease.owner = lease.owner,
                                    "taking over from a run that ended without a word"
                                );
                                return Ok(Acquired::Mine(mine));
                            }
                        }
                    }
                }
                seen => {
                    if self.swap(&name, seen.as_ref(), &mine).await? {
                        return Ok(Acquired::Mine(mine));
                    }
                }
            }
        }
    }

    /// The lease as its living holder has changed it; `None` if it stayed the same, or was given
    /// back.
    async fn watch(&self, name: &str, lease: &Lease) -> Result<Option<Lease>, StoreError> {
        let duration = Duration::from_millis(lease.duration_ms);
        let started = Instant::now();
        while started.elapsed() < duration {
            let rest = duration.saturating_sub(started.elapsed());
            tokio::select! {
                () = sleep(rest.min(duration / (2 * BEATS)).max(Duration::from_millis(1))) => {}
                () = self.stop.cancelled() => return Ok(None),
            }
            match self.retry.run(async || self.store.lease(name).await).await? {
                Some(now) if now == *lease => {}
                Some(now) => return Ok(Some(now)),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    async fn swap(
        &self,
        name: &str,
        seen: Option<&Lease>,
        next: &Lease,
    ) -> Result<bool, StoreError> {
        self.retry.run(async || self.store.swap_lease(name, seen, Some(next)).await).await
    }

    /// Holds the lease for as long as it is polled; ends with an error when the lease is another's.
    pub(crate) async fn hold(&self, mut lease: Lease) -> StoreError {
        let name = self.lease_name();
        let duration = Duration::from_millis(lease.duration_ms);
        let mut beaten = Instant::now();
        loop {
            sleep(duration / BEATS).await;
            let next = Lease { beat: next_beat(lease.beat), ..lease.clone() };
            let now = match self.store.swap_lease(&name, Some(&lease), Some(&next)).await {
                Ok(true) => Ok(Some(next)),
                // A beat whose answer was lost has landed all the same.
                Ok(false) => self.store.lease(&name).await,
                Err(error) => Err(error),
            };
            match now {
                Ok(Some(now)) if now.owner == lease.owner => {
                    lease = now;
                    beaten = Instant::now();
                }
                Ok(taken) => {
                    let owner = taken.map_or_else(|| "nobody".to_owned(), |lease| lease.owner);
                    let message =
                        format!("the lease went to {owner} while this run was silent; run again");
                    return StoreError::new(StoreErrorKind::Temporary, message);
                }
                Err(error) if beaten.elapsed() > duration => {
                    let message = "the lease ran out while the store did not answer; run again";
                    return StoreError::caused(StoreErrorKind::Temporary, message, error);
                }
                Err(error) => tracing::warn!("a heartbeat failed: {error}"),
            }
        }
    }

    /// Gives the lease back, so that the next run need not wait. What cannot be given back runs out
    /// by itself.
    pub(crate) async fn release(&self) {
        let name = self.lease_name();
        let released = async {
            match self.store.lease(&name).await? {
                Some(lease) if lease.owner == self.run_uid => {
                    self.store.swap_lease(&name, Some(&lease), None).await
                }
                _ => Ok(false),
            }
        };
        match timeout(RELEASE_LIMIT, released).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!("the lease is not given back, and runs out by itself: {error}");
            }
            Err(_) => tracing::warn!("the store is silent; the lease runs out by itself"),
        }
    }

    /// Returns the lease, if a run holds it.
    pub(crate) async fn holder(&self) -> Result<Option<Lease>, StoreError> {
        self.store.lease(&self.lease_name()).await
    }

    fn first_lease(&self) -> Lease {
        let hash = Sha256::digest(self.run_uid.as_bytes());
        let beat = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        let duration_ms = self.args.lease.as_millis() as u64;
        Lease { owner: self.run_uid.clone(), beat: u64::from(beat), duration_ms }
    }
}

/// Runs begin far apart, so that a beat is never another run's.
fn next_beat(beat: u64) -> u64 {
    // A database's integers are signed.
    (beat + 1) & (i64::MAX as u64)
}
