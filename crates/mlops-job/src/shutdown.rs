use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::Exit;

/// AWS Batch kills 30 seconds after SIGTERM; this leaves it some.
const DRAIN: Duration = Duration::from_secs(20);

/// A token that SIGTERM and SIGINT cancel. A job that has not ended 20 seconds later is ended here.
pub(crate) fn watch() -> std::io::Result<CancellationToken> {
    let token = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let asked = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stop requested; committing work in flight");
        asked.cancel();
        tokio::select! {
            () = tokio::time::sleep(DRAIN) => tracing::warn!("not finished {} seconds after the stop request; exiting", DRAIN.as_secs()),
            _ = interrupt.recv() => tracing::warn!("second stop request; exiting immediately"),
        }
        #[expect(clippy::disallowed_methods, reason = "the job did not end by itself")]
        std::process::exit(Exit::Terminated.code().into());
    });
    Ok(token)
}
