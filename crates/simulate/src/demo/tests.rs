use jiff::Timestamp;

use super::world::World;

fn left(is_high_risk: bool) -> usize {
    let mut world = World::new(3);
    let clients: Vec<_> = (0..4000).map(|_| world.client(false)).collect();
    let outcomes =
        clients.iter().map(|client| world.outcome(client, is_high_risk, Timestamp::UNIX_EPOCH));
    outcomes.filter(|outcome| outcome.line.ends_with(",yes\n")).count()
}

#[test]
fn most_of_those_who_get_an_offer_stay() {
    let (alone, called) = (left(false), left(true));
    assert!(
        (0.26..0.34).contains(&(called as f64 / alone as f64)),
        "{called} of {alone} leave in spite of the offer"
    );
}

#[test]
fn the_same_seed_gives_the_same_clients_and_the_change_shows_in_their_activity() {
    let activity = |has_changed: bool| -> Vec<f64> {
        let mut world = World::new(5);
        (0..500)
            .map(|_| world.client(has_changed).request["activity_score"].as_f64().unwrap())
            .collect()
    };
    assert_eq!(activity(false), activity(false));
    let pairs: Vec<(f64, f64)> = activity(false).into_iter().zip(activity(true)).collect();
    assert!(
        pairs.iter().all(|(before, after)| (after - 1.15 * before).abs() < 1e-4),
        "{:?}",
        &pairs[..5]
    );
}

#[test]
fn a_client_is_sent_without_what_the_application_cannot_know() {
    let client = World::new(1).client(false);
    for name in ["churn", "acquired_date"] {
        assert!(!client.request.contains_key(name), "{name}");
    }
    assert_eq!(client.request["client_id"], client.client_id.as_str());
}
