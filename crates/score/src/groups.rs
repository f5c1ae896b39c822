//! Assignment of clients to the treatment group (model) or to the control group (heuristic).

use sha2::{Digest, Sha256};

/// Returns the position of a client in an experiment, from 0 to below 1. It is the same in every
/// process.
///
/// The first eight bytes of SHA-256 over the experiment's name, a zero byte and the client's id, as
/// a big-endian number, over 2⁶⁴. Clients below the share of the heuristic form the control group: a
/// larger share adds clients and removes none. Another experiment assigns all clients again.
pub(crate) fn position(experiment: &str, client_id: &str) -> f64 {
    let digest =
        Sha256::new().chain_update(experiment).chain_update([0]).chain_update(client_id).finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    // To 53 bits, so that it is never rounded up to 1.
    (u64::from_be_bytes(first) >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Python: `int.from_bytes(hashlib.sha256(experiment + b"\0" + client_id).digest()[:8],
    /// "big") / 2**64`.
    #[test]
    fn a_client_stands_where_it_always_stood() {
        let check = |experiment: &str, client_id: &str, expected: f64| {
            let found = position(experiment, client_id);
            assert!((found - expected).abs() < 1e-15, "{experiment} {client_id}: {found}");
        };
        check("score", "1963820", 0.8859487099132597);
        check("score", "1963821", 0.6896345326148906);
        check("spring", "1963820", 0.9157479463902982);
        check("score", "", 0.5301504966728765);
        check("score", "ü", 0.25214226206959683);
    }

    #[test]
    fn the_heuristic_has_its_share_and_experiments_are_independent() {
        let clients: Vec<String> = (0..100_000).map(|client| client.to_string()).collect();
        let below = |experiment: &str, share: f64| -> Vec<bool> {
            clients.iter().map(|client| position(experiment, client) < share).collect()
        };
        let share = |of: &[bool]| of.iter().filter(|is| **is).count() as f64 / of.len() as f64;
        let (tenth, fifth, other) = (below("one", 0.1), below("one", 0.2), below("two", 0.1));
        // Five standard deviations of a share of 100,000 are 0.0047 and 0.0063.
        assert!((share(&tenth) - 0.1).abs() < 0.0047, "{}", share(&tenth));
        assert!((share(&fifth) - 0.2).abs() < 0.0063, "{}", share(&fifth));
        assert!(
            tenth.iter().zip(&fifth).all(|(tenth, fifth)| *fifth || !tenth),
            "a larger share keeps its clients"
        );
        let both: Vec<bool> = tenth.iter().zip(&other).map(|(one, two)| *one && *two).collect();
        assert!((share(&both) - 0.01).abs() < 0.0016, "{}", share(&both));
    }
}
