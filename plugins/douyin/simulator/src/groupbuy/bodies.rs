//! What the bodies of a voucher's purchase and reservation have beyond the calendar ticket's, or do not have
//! (groupbuy B2, B3, B8, B11).

use super::options::RefundForm;
use super::terms::Solution;
use crate::bodies::Seal;
use crate::purchase::Purchase;
use serde_json::{Value, json};

/// `biz_type` of online reservation in the scenic order calls (B2).
const ONLINE_RESERVATION: i64 = 3;

/// Makes a booking body that of a voucher: no day, no travellers and nothing of the buyer but what he gave; or that of
/// a reservation.
pub(crate) fn booking(body: &mut Value, purchase: &Purchase, seal: Seal<'_>) {
    body["biz_type"] = ONLINE_RESERVATION.into();
    body["appointment_rule"] = purchase.terms.appointment_rule();
    body["appointment_cancel_rule"] = purchase.terms.cancel.sent();
    let Some(fields) = body.as_object_mut() else {
        return;
    };
    if purchase.buyer.name.is_empty() {
        fields.insert("buyer".into(), json!({"phone": seal(&purchase.buyer.phone)}));
    }
    if matches!(purchase.solution, Solution::GroupBuy(_)) {
        fields.retain(|name, _| !["book_start_day", "book_end_day", "tourists", "traveler_info"].contains(&&**name));
    }
}

/// `order_type` of create order (B3), and the purchase behind a reservation.
pub(crate) fn order_type(body: &mut Value, solution: &Solution) {
    body["order_type"] = match solution {
        Solution::GroupBuy(_) => 1.into(),
        Solution::CalendarTicket | Solution::Reservation { .. } => 2.into(),
    };
    if let Some(source_order_id) = solution.source_order_id() {
        body["source_order_id"] = source_order_id.into();
    }
}

/// Brings a refund body into one revision of the pages (B8, B11).
pub(crate) fn refund_form(body: &mut Value, form: RefundForm) {
    let Some(fields) = body.as_object_mut() else {
        return;
    };
    match form {
        RefundForm::March2026 => {
            fields.remove("refund_fee_amount");
            if let Some(out_id) = fields.remove("order_out_id") {
                fields.insert("out_order_id".into(), out_id);
            }
        }
        RefundForm::January2026 => {
            fields.remove("after_sale_type");
        }
    }
}
