use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that the process opens beside its connections: logs, models, databases.
const OTHER_FILES: u64 = 256;

/// Raises the limit of open files as far as the system allows, and returns how many of `wanted`
/// connections fit into it.
pub(crate) fn connections_that_fit(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: maximum, maximum };
    let limit = if setrlimit(Resource::Nofile, raised).is_ok() { maximum } else { current };
    let fit = limit.map_or(u64::MAX, |limit| limit.saturating_sub(OTHER_FILES).max(1));
    wanted.min(usize::try_from(fit).unwrap_or(usize::MAX))
}
