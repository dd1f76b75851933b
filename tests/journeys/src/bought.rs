//! An order that was bought at the platform, and the waits for what becomes of it on both sides.

use douyin_simulator::RefundState;

use crate::stage::Stage;
use crate::wait::until;

/// An order that both sides know.
pub struct Bought {
    /// Its number at the platform.
    pub order: String,
    /// Our number, under which the supplier knows it, too.
    pub ours: String,
}

impl Stage {
    /// An order of the platform, as both sides know it.
    pub async fn bought(&self, order: String) -> Bought {
        let ours = self.office.order(&order).await["id"].as_str().unwrap().to_owned();
        Bought { order, ours }
    }

    /// Waits until the order is in this state here.
    pub async fn until_state(&self, bought: &Bought, wanted: &str) {
        until(&format!("the order is {wanted}"), async || {
            (self.office.order(&bought.order).await["state"] == wanted).then_some(())
        })
        .await;
    }

    /// How many units of the order are in this state here.
    pub async fn units(&self, bought: &Bought, state: &str) -> usize {
        let order = self.office.order(&bought.order).await;
        order["units"].as_array().unwrap().iter().filter(|unit| unit["state"] == state).count()
    }

    /// Waits until so many units of the order are in this state here.
    pub async fn until_units(&self, bought: &Bought, state: &str, count: usize) {
        until(&format!("{count} units are {state}"), async || (self.units(bought, state).await == count).then_some(()))
            .await;
    }

    /// Waits until the platform was told how a refund was decided.
    pub async fn until_refund(&self, bought: &Bought, key: &str, wanted: RefundState) {
        until(&format!("the platform sees the refund {wanted:?}"), async || {
            let order = self.platform.order(&bought.order)?;
            (order.refund(key).map(|refund| refund.state) == Some(wanted)).then_some(())
        })
        .await;
    }
}
