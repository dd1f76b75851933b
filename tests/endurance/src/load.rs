//! Many guests at once, each with one order after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entrepot_journeys::stage::Stage;
use tokio::task::JoinSet;

use crate::dice::Dice;
use crate::house::Shelf;
use crate::life::{Fate, Plan, live};
use crate::world::World;

/// Longest time until the k-th event, and until the orders under way have come to their ends.
const LIMIT: Duration = Duration::from_secs(90);

/// Guests who order until they are told to stop.
pub struct Load {
    guests: JoinSet<()>,
    enough: Arc<AtomicBool>,
}

impl Load {
    /// So many guests in front of these shelves.
    pub fn start(world: &Arc<World>, stage: &Stage, shelves: &[Shelf], guests: usize, dice: &mut Dice) -> Self {
        let enough = Arc::new(AtomicBool::new(false));
        let mut set = JoinSet::new();
        for _ in 0..guests {
            let shelves: Vec<_> =
                shelves.iter().map(|(offer, fates)| (stage.purchase(offer, 1), fates.clone())).collect();
            let (world, enough, mut dice) = (Arc::clone(world), Arc::clone(&enough), dice.child());
            set.spawn(async move {
                while !enough.load(Ordering::Relaxed) {
                    let (mut purchase, fates) = shelves[dice.below(shelves.len())].clone();
                    let fate = dice.pick(&fates);
                    // What is given back or used in parts has parts.
                    let least = if matches!(fate, Fate::UsedOneByOne | Fate::RefundedInPart) { 2 } else { 1 };
                    purchase.count = dice.between(least, 3) as u32;
                    live(&world, &Plan { purchase, fate, hasty: dice.one_in(2) }).await;
                }
            });
        }
        Self { guests: set, enough }
    }

    /// Until so many more requests and answers went by. A guest whose story broke off ends the test.
    pub async fn go_on(&mut self, world: &World, events: usize) {
        let waits = tokio::time::timeout(LIMIT, world.moments.after(events as u64));
        tokio::select! {
            result = waits => result.unwrap_or_else(|_| panic!("{events} events did not happen in {LIMIT:?}")),
            Some(guest) = self.guests.join_next() => {
                guest.unwrap();
                panic!("a guest went away");
            }
        }
    }

    /// No new orders; those under way come to their ends.
    pub async fn end(mut self) {
        self.enough.store(true, Ordering::Relaxed);
        let all = async {
            while let Some(guest) = self.guests.join_next().await {
                guest.unwrap();
            }
        };
        tokio::time::timeout(LIMIT, all).await.unwrap_or_else(|_| panic!("orders did not come to their ends"));
    }
}
