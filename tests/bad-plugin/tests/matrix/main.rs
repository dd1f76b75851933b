//! Each check of the conformance suite sees its one defect, and sees nothing in a plugin that has none. A check without
//! a defect, and a defect without a check, fail here.
#![allow(clippy::unwrap_used)]

mod sides;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bad_plugin::spoilt::{self, Defect, defects};
use entrepot_conformance::{Fixture, Suite, Verdict};
use entrepot_sdk::prelude::*;

type Maker = fn(Option<Defect>) -> Arc<dyn Plugin>;

/// The checks of one kind of plugin, and the defects that are put into it.
struct Kind {
    make: Maker,
    fixture: fn() -> Fixture,
    defects: &'static [&'static [Defect]],
}

const SUPPLIER: Kind = Kind {
    make: spoilt::supplier,
    fixture: sides::supplier,
    defects: &[defects::EVERY, defects::SELLING, defects::SERVING, defects::TROUBLE],
};
const POOL: Kind = Kind { make: spoilt::pool, fixture: sides::pool, defects: &[defects::POOL] };
const CHANNEL: Kind =
    Kind { make: spoilt::channel, fixture: sides::channel, defects: &[defects::EVERY_OF_CHANNELS, defects::CHANNEL] };

impl Kind {
    fn suite(&self, defect: Option<Defect>) -> Suite {
        Suite::of((self.make)(defect), (self.fixture)())
    }

    fn defects(&self) -> impl Iterator<Item = &'static Defect> {
        self.defects.iter().copied().flatten()
    }

    /// Every defect is seen by its check.
    fn sees_its_defects(&self) {
        let mut unseen = Vec::new();
        for defect in self.defects() {
            let report = self.suite(Some(*defect)).run_one(defect.check);
            let result = report.as_ref().map(|report| report.result);
            if result != Some(Verdict::Failed) {
                unseen.push(format!("{} has the defect {}: {report:?}", defect.check, defect.name));
            }
        }
        assert!(unseen.is_empty(), "{} checks do not see their defect:\n{}", unseen.len(), unseen.join("\n"));
    }

    /// What has no defect passes everything that it declares, and leaves nothing unasked.
    fn passes_without_a_defect(&self, not_declared: &[&str]) {
        let report = self.suite(None).run();
        let left: Vec<&str> =
            report.checks.iter().filter(|check| check.result == Verdict::NotDeclared).map(|check| check.name).collect();
        assert!(report.failed == 0 && report.not_run == 0, "{report}");
        assert_eq!(left, not_declared, "{report}");
    }
}

#[test]
fn suppliers_without_a_defect_pass() {
    SUPPLIER.passes_without_a_defect(&["settings_left_out_take_their_defaults"]);
}

#[test]
fn pools_without_a_defect_pass() {
    POOL.passes_without_a_defect(&[
        "scenes_can_be_routed",
        "scenes_are_told_apart",
        "secrets_are_no_settings",
        "missing_setting_is_refused_by_name",
        "missing_secret_is_refused_by_name",
        "missing_base_url_is_refused_by_name",
        "opening_keeps_secrets_to_itself",
        "every_scene_has_ready_answers",
        "ready_answers_can_be_sent",
    ]);
}

#[test]
fn channels_without_a_defect_pass() {
    CHANNEL.passes_without_a_defect(&["missing_setting_is_refused_by_name"]);
}

#[test]
fn checks_of_suppliers_see_their_defects() {
    SUPPLIER.sees_its_defects();
}

#[test]
fn checks_of_pools_see_their_defects() {
    POOL.sees_its_defects();
}

#[test]
fn checks_of_channels_see_their_defects() {
    CHANNEL.sees_its_defects();
}

/// The whole suite and the whole list of defects, held against each other.
#[test]
fn every_check_has_its_defect() {
    let kinds = [SUPPLIER, POOL, CHANNEL];
    let checks: BTreeSet<&str> = kinds.iter().flat_map(|kind| kind.suite(None).names()).collect();
    let mut defects = BTreeMap::new();
    let mut names = BTreeSet::new();
    for defect in kinds.iter().flat_map(Kind::defects) {
        assert!(checks.contains(defect.check), "the defect {} breaks no check {}", defect.name, defect.check);
        assert!(names.insert(defect.name), "two defects are named {}", defect.name);
        let before = defects.insert(defect.check, defect.name);
        assert!(before.is_none(), "{} is broken by {before:?} and {}", defect.check, defect.name);
        assert!(defects::named(defect.name).is_some());
    }
    let without: Vec<&&str> = checks.iter().filter(|check| !defects.contains_key(**check)).collect();
    assert!(without.is_empty(), "checks that no defect breaks: {without:?}");
    assert!(checks.len() >= 150, "{} checks", checks.len());
}

#[test]
fn names_are_distinct_and_numbers_are_as_promised() {
    let count = |kind: &Kind| {
        let names = kind.suite(None).names();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(distinct.len(), names.len());
        names.len()
    };
    let (supplier, pool, channel) = (count(&SUPPLIER), count(&POOL), count(&CHANNEL));
    let every = supplier + pool + channel;
    assert!(supplier >= 120 && pool >= 40 && channel >= 75, "{supplier}, {pool}, {channel}: {every}");
}
