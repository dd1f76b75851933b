//! Every path of the calendar ticket's state machine (`spec/douyin-scenic-calendar.md` §1.2), over signed HTTP against
//! the executable: each asserts the answers field by field, then by [`way::Way::expect`] the rows (state, units, stock,
//! postings, refunds), the timeline, and that the status query says the same. Stages end with [`way::assert_clean`].
//!
//! | path | how it may go | here |
//! |---|---|---|
//! | check and create | each business code that the core can give; bookable; asked again | `refusals` |
//! | | refused, and paid, cancelled or paid back all the same | `refusals` |
//! | create before payment | made, repeated, answer lost (taken as made), request lost and paid | `sale` |
//! | create after payment | accepted, refused, answer lost once or for good, request lost | `after_payment` |
//! | payment | at once, repeated, answer lost, too late, never, for an order that nobody knows | `sale` |
//! | cancellation | before payment, after it, around the refund's notice, creation failed | `sale`, `after_payment` |
//! | acceptance | later by hand, refused by hand, refunded meanwhile, its call unheard | `acceptance` |
//! | issuing | our number, pool, gate; by callback when late; refused at once and late; refunded meanwhile | `issuing` |
//! | clocks | nobody accepts, nobody issues, issued and unheard (given back, or mended), nobody decides | `clocks` |
//! | refund sources | each `apply_source`, each `refund_scene` without a question, repeated | `refund_sources` |
//! | refund decisions | by rule, fee, never, a person's yes and no, too late, the supplier's yes and no | `refunds` |
//! | refund extents | single units, the rest, overlapping, used, before issuing, expired | `refunds` |
//! | refund repeats | answers lost, twice at once, result before question, another amount under one key | `refunds` |
//! | redemption | whole, by unit, by code, twice, at the platform before, too early, a refund pending | `redemption` |
//! | status query | after each of them; a use that it tells | [`way`], `redemption` |
//!
//! Elsewhere: one order with the pages' own examples, one number twice and at once, the last tickets (`platform`);
//! payment, cancellation and refund before their order (`early`); killed on the way (`killed`); a supplier's audits,
//! callbacks and unclear answers, codes by hand (`zhiyoubao`, `callbacks`, `by_hand`); missed calls found (`beside`); a
//! payment while its create is under way (`facts` of the engine's tests).
//!
//! No rule of ours leads to the codes 3, 5, 6 and 10 of the page's table; 100 is the engine's word when it is too busy.

mod acceptance;
mod after_payment;
mod clocks;
mod issuing;
mod redemption;
mod refund_sources;
mod refunds;
mod refusals;
mod sale;
mod way;
