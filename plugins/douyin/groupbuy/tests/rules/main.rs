//! The rules of group-buy with online reservation, each by its number: signed calls, the admin API and the clock go in; answers,
//! rows and timelines come out.
//!
//! - `rule_01_10`, `rule_11_19`, `rule_20_33`: the rules of Part A; `matrix`: its cancellation matrix.
//! - `families`: the three families of calls that carry a purchase, each to its end; `generic`: what is the third one's own.
//! - `joint`, `joint_ends`: the joint states of Part C, row by row; `sync`: what Douyin decided by itself.
//! - `checked`: what the check of the connection says.
//! - `world`: the whole application before Douyin; `play`: what guests, operators and Douyin do with it.

#![allow(clippy::unwrap_used)]

mod checked;
mod families;
mod generic;
mod joint;
mod joint_ends;
mod matrix;
mod planted;
mod play;
mod rule_01_10;
mod rule_11_19;
mod rule_20_33;
mod spoilt;
mod sync;
mod world;

/// A test, for whoever runs all of them.
type Rule = fn() -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

macro_rules! tests {
    ($($module:ident: $($name:ident),+;)+) => {
        $($(
            #[tokio::test]
            async fn $name() {
                $module::$name().await;
            }
        )+)+
    };
}

macro_rules! rules {
    ($($module:ident: $($name:ident),+;)+) => {
        tests! { $($module: $($name),+;)+ }

        /// The rules and the rows of the matrix by name.
        const RULES: &[(&str, Rule)] = &[$($((stringify!($name), || Box::pin($module::$name()))),+),+];
    };
}

rules! {
    checked:
        rule_04_the_trial_cycle_is_checked,
        rule_10_every_bookable_date_has_stock,
        rule_12_stock_is_compared,
        rule_31_refund_rules_agree,
        rule_33_the_connection_sheet;
    rule_01_10:
        rule_01_mainland_leisure_is_a_duty,
        rule_02_laike_preconditions_are_duties,
        rule_03_nothing_is_published,
        rule_05_a_voucher_and_a_ticket_make_a_pair,
        rule_06_one_ascii_bar,
        rule_07_only_one_reservation_product,
        rule_08_a_reservation_costs_nothing,
        rule_09_the_voucher_asks_for_a_phone_only;
    rule_11_19:
        rule_11_the_list_price_must_agree,
        rule_13_same_day_or_n_days_after,
        rule_14_seven_documents,
        rule_15_one_dated_stock_for_both,
        rule_16_old_orders_keep_their_dates,
        rule_17_ninety_days,
        rule_18_todays_reservation_until_noon,
        rule_19_only_what_laike_ticked_is_shown;
    rule_20_33:
        rule_20_the_purchase_keeps_only_a_phone,
        rule_21_all_units_together,
        rule_22_the_line_pays_once,
        rule_23_ten_minutes_from_acceptance,
        rule_24_display_states,
        rule_25_help_for_a_blocked_tester,
        rule_26_the_reservation_is_redeemed,
        rule_27_one_unit_completes_all,
        rule_28_not_before_the_first_day,
        rule_29_no_undo,
        rule_30_reject_then_redeem,
        rule_32_no_refusal_without_codes;
    matrix:
        m1_unreserved_refund_is_never_asked,
        m2_the_window_ends,
        m3_issue_first_then_reject,
        m4_inside_ten_minutes_only_by_hand,
        m5_customer_service_cancels_without_asking,
        m6_limited_time_by_rule,
        m7_any_time_even_expired,
        m8_redeemed_is_refused;
}

// What is beside the numbered rules.
tests! {
    checked:
        rule_15_linked_or_by_hand,
        lines_of_rules_13_14_16_18_19;
    families:
        f1_from_purchase_to_refund,
        f2_from_purchase_to_refund,
        f3_from_purchase_to_refund,
        f2_issue_call_after_before_and_without_its_create,
        f2_nanoseconds_and_the_callback_letter_by_letter,
        f2_an_id_that_is_no_number_is_somebodys,
        f2_credit_is_held_captured_or_released;
    generic:
        f3_refusals_in_its_own_numbers,
        f3_codes_and_certificates_by_setting,
        f3_codes_where_no_certificate_is_named,
        f3_and_f2_reservations_go_by_the_scenic_calls,
        f3_refund_questions_by_certificate,
        f3_a_refusal_of_what_was_never_issued_brings_the_codes,
        f3_results_by_its_own_call,
        f3_query_of_several_orders;
    joint:
        t01_create_p,
        t02_create_p_again,
        t03_issue_p_before_create_p,
        t04_can_buy_for_r,
        t05_create_r,
        t06_create_r_too_often_or_of_other_units,
        t07_issue_r,
        t08_codes_inside_ten_minutes,
        t09_codes_after_ten_minutes,
        t10_refund_inside_ten_minutes,
        t11_refund_by_the_rule,
        t12_refund_by_a_person,
        t13_no_use_while_a_refund_is_pending;
    joint_ends:
        t14_refund_result,
        t15_refund_result_of_what_was_never_reserved,
        t16_sync_says_yes,
        t17_sync_says_no,
        t18_cancel_notice_of_r,
        t19_verify_r,
        t20_verify_r_again,
        t21_no_un_redeem,
        t22_status_query,
        t23_notices_of_nobody,
        t24_refund_request_for_redeemed;
    sync:
        sync_the_page_letter_by_letter,
        sync_all_fields_of_a_card,
        sync_arithmetic_faults_are_kept_and_told,
        sync_of_an_unknown_order_is_kept_until_it_comes,
        sync_a_no_closes_the_question;
}
