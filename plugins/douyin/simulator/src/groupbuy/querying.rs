//! The status query of several orders at once (groupbuy B14, "Generic").

use crate::platform::Platform;
use crate::reply::SpiReply;
use crate::scene::Scene;
use serde_json::{Value, json};

/// Most orders of one question.
const ORDERS_MAX: usize = 100;

impl Platform {
    /// Asks for several orders; `scene` is `fulfil` or `aftersale`. The answer redeems nothing here; one that
    /// contradicts itself, or names an order that was not asked for, is a violation.
    pub async fn query_orders(&self, scene: &str, order_ids: &[&str]) -> SpiReply {
        let reply = self.call(Scene::QueryOrders, &json!({"scene": scene, "order_ids": order_ids})).await;
        let mut broken = Vec::new();
        if reply.is_ok() {
            match reply.data()["result"].as_object() {
                Some(rows) => {
                    for (order_id, row) in rows {
                        let is_asked = order_ids.contains(&order_id.as_str());
                        broken.extend(fault_of(row).map(|why| (order_id.clone(), why)));
                        broken.extend((!is_asked).then(|| (order_id.clone(), "it was not asked for")));
                    }
                }
                None => broken.push((String::new(), "result is no map by order id")),
            }
            if order_ids.len() > ORDERS_MAX {
                broken.push((String::new(), "more than 100 orders were answered"));
            }
        }
        let now_ms = self.now_ms();
        for (order_id, why) in broken {
            self.shared.world().violation(now_ms, Some(&order_id), format!("groupbuy B14: {order_id} {why}"));
        }
        reply
    }
}

fn fault_of(row: &Value) -> Option<&'static str> {
    let count = |name: &str| row[name].as_i64();
    match (count("total_quantity"), count("used_quantity"), count("refund_quantity")) {
        (Some(total), Some(used), Some(refunded)) if used + refunded <= total => None,
        (Some(_), Some(_), Some(_)) => Some("has more used and refunded than there are"),
        _ => Some("lacks a quantity"),
    }
}
