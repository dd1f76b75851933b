//! How many kills, and from which seed.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::dice::Dice;

/// Kills between two looks at whether everything comes to an end.
pub const KILLS_OF_A_SERIES: usize = 20;

/// Kills of the crash suite when the environment names no number.
const KILLS: usize = 200;

/// What the environment asks for.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Where all chance comes from.
    pub seed: u64,
    /// Kills in all.
    pub kills: usize,
}

impl Run {
    /// Reads the environment and says which seed it is, so that a failure can be sought again. The suite makes one kill
    /// for each `share` that are asked for.
    pub fn of(suite: &str, share: usize) -> Self {
        let number = |name: &str| {
            let text = std::env::var(name).ok()?;
            Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is {text:?}, expected a number")))
        };
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let seed = number("ENTREPOT_ENDURANCE_SEED").unwrap_or_else(clock);
        let kills = number("ENTREPOT_ENDURANCE_KILLS").map_or(KILLS, |kills| kills as usize);
        let kills = kills.div_ceil(share).max(1);
        let run = Self { seed, kills };
        tell(&format!("{suite}: {kills} kills, ENTREPOT_ENDURANCE_SEED={seed}"));
        run
    }

    /// The chance of one series: the same whatever the series before it did.
    pub fn dice_of(&self, series: usize) -> Dice {
        let mut dice = Dice::new(self.seed);
        for _ in 0..series {
            dice.child();
        }
        dice.child()
    }

    /// The kills of each series.
    pub fn series(&self) -> Vec<usize> {
        let mut left = self.kills;
        let mut series = Vec::new();
        while left > 0 {
            series.push(left.min(KILLS_OF_A_SERIES));
            left -= left.min(KILLS_OF_A_SERIES);
        }
        series
    }
}

/// A line that is seen at once, also while a test that passes is under way.
pub fn tell(line: &str) {
    // Nobody may be listening, which is no fault of the test.
    let _ = writeln!(std::io::stderr(), "endurance: {line}");
}
