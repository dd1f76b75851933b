//! The rules of group-buy with online reservation (group-buy Part A), each by its number: signed calls, the admin API and the clock
//! go in; answers, rows and timelines come out.

mod play;
mod rule_01_10;
mod world;

macro_rules! rules {
    ($($module:ident: $($name:ident),+;)+) => {
        $($(
            #[tokio::test]
            async fn $name() {
                $module::$name().await;
            }
        )+)+
    };
}

rules! {
    rule_01_10:
        rule_01_mainland_leisure_is_a_duty,
        rule_02_laike_preconditions_are_duties,
        rule_03_nothing_is_published,
        rule_06_one_ascii_bar,
        rule_08_a_reservation_costs_nothing;
}
