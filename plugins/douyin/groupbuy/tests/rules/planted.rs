//! Each rule, and each row of the matrix, has a bug that its test alone must find: a switch for this thread, in one build. All
//! of them run with each bug planted; the ones that fail have to be exactly the one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use entrepot_domain::planted::{Bug, Planted};

use crate::spoilt::{Slip, Slipped};

/// Where a bug is.
#[derive(Clone, Copy)]
pub enum In {
    /// In the core.
    Core(Bug),
    /// In the plugin.
    Plugin(Slip),
}

/// Runs all tests but those of no rule with a bug planted: the names of those that fail.
fn failing(bug: In) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for (name, rule) in crate::RULES {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _planted = match bug {
            In::Core(bug) => (Some(Planted::new(bug)), None),
            In::Plugin(slip) => (None, Some(Slipped::new(slip))),
        };
        if catch_unwind(AssertUnwindSafe(|| runtime.block_on(rule()))).is_err() {
            failed.push(*name);
        }
    }
    failed
}

macro_rules! found_alone {
    ($($name:ident by $rule:literal: $bug:expr;)+) => {
        $(
            #[test]
            fn $name() {
                assert_eq!(failing($bug), [$rule]);
            }
        )+
    };
}

found_alone! {
    no_category by "rule_01_mainland_leisure_is_a_duty": In::Core(Bug::FirstDutyMissing);
    no_settlement_account by "rule_02_laike_preconditions_are_duties": In::Core(Bug::FourthDutyMissing);
    told_undeclared by "rule_03_nothing_is_published": In::Core(Bug::UndeclaredTold);
    a_trial_that_was_none by "rule_04_the_trial_cycle_is_checked": In::Core(Bug::TrialAlwaysOk);
    an_unseen_date by "rule_10_every_bookable_date_has_stock": In::Core(Bug::MissingDateUnseen);
    uncompared_stock by "rule_12_stock_is_compared": In::Core(Bug::StockNotCompared);
    no_help by "rule_25_help_for_a_blocked_tester": In::Core(Bug::LastDutyMissing);
    uncompared_rules by "rule_31_refund_rules_agree": In::Core(Bug::RulesNotCompared);
    a_sheet_without_addresses by "rule_33_the_connection_sheet": In::Core(Bug::SheetWithoutUrl);
    any_kind_of_pair by "rule_05_a_voucher_and_a_ticket_make_a_pair": In::Core(Bug::PairOfAnyKind);
    a_full_width_bar by "rule_06_one_ascii_bar": In::Core(Bug::FullWidthBarTaken);
    a_second_reservation by "rule_07_only_one_reservation_product": In::Core(Bug::SecondReservationTaken);
    a_priced_reservation by "rule_08_a_reservation_costs_nothing": In::Core(Bug::ReservationPriced);
    a_voucher_with_documents by "rule_09_the_voucher_asks_for_a_phone_only": In::Core(Bug::VoucherWantsDocument);
    the_paid_price by "rule_11_the_list_price_must_agree": In::Core(Bug::PaidPriceCompared);
    one_day_more by "rule_13_same_day_or_n_days_after": In::Core(Bug::OneDayMore);
    a_foreign_passport by "rule_14_seven_documents": In::Core(Bug::ForeignPassportTaken);
    a_stock_of_its_own by "rule_15_one_dated_stock_for_both": In::Core(Bug::StockNotShared);
    a_new_window by "rule_16_old_orders_keep_their_dates": In::Core(Bug::NewWindowForOldOrder);
    ninety_one_days by "rule_17_ninety_days": In::Core(Bug::WindowOneDayLonger);
    no_cut_off by "rule_18_todays_reservation_until_noon": In::Core(Bug::CutOffIgnored);
    an_unticked_kind by "rule_19_only_what_laike_ticked_is_shown": In::Plugin(Slip::UntickedKindShown);
    a_kept_name by "rule_20_the_purchase_keeps_only_a_phone": In::Plugin(Slip::NameKept);
    a_part by "rule_21_all_units_together": In::Core(Bug::PartReserved);
    an_overdrawn_line by "rule_22_the_line_pays_once": In::Core(Bug::OverdrawnLine);
    a_clock_from_the_call by "rule_23_ten_minutes_from_acceptance": In::Core(Bug::ClockFromIssueCall);
    reserved_too_early by "rule_24_display_states": In::Core(Bug::ReservedTooEarly);
    a_token_of_each_try by "rule_26_the_reservation_is_redeemed": In::Plugin(Slip::TokenOfEachTry);
    one_of_three by "rule_27_one_unit_completes_all": In::Core(Bug::OnlyOneUsed);
    an_early_use by "rule_28_not_before_the_first_day": In::Core(Bug::EarlyUseTaken);
    a_use_taken_back by "rule_29_no_undo": In::Core(Bug::UseTakenBack);
    used_while_refunding by "rule_30_reject_then_redeem": In::Core(Bug::UsedWhileRefunding);
    refused_without_codes by "rule_32_no_refusal_without_codes": In::Core(Bug::RefusedWithoutCodes);
    an_unasked_refund by "m1_unreserved_refund_is_never_asked": In::Core(Bug::UnaskedRefundKept);
    a_forgotten_window by "m2_the_window_ends": In::Core(Bug::WindowForgotten);
    forgotten_late_codes by "m3_issue_first_then_reject": In::Core(Bug::LateCodesForgotten);
    a_rule_inside_ten_minutes by "m4_inside_ten_minutes_only_by_hand": In::Core(Bug::UnissuedByRule);
    a_kept_reservation by "m5_customer_service_cancels_without_asking": In::Core(Bug::UnaskedReservationKept);
    ignored_steps by "m6_limited_time_by_rule": In::Core(Bug::StepsIgnored);
    a_refused_expiry by "m7_any_time_even_expired": In::Core(Bug::ExpiredRefused);
    a_redeemed_refund by "m8_redeemed_is_refused": In::Core(Bug::RedeemedRefunded);
}
