//! Tickets of a scenic area behind a gateway: one goes back after the area's audit, one is used at the area's own gate,
//! and the platform hears of both.

use std::sync::Arc;

use douyin_simulator::{RefundAsk, RefundNotice, RefundState};
use entrepot_contract::async_trait;
use entrepot_sdk::demo::{Journey, Stage, StepLog};
use serde_json::json;
use zhiyoubao_simulator::{Gateway, Goods, NoticeKind};

use crate::calendar_journey::{RETAIL_FEN, SETTLEMENT_FEN, Scene, buy, ensure, issue, prepare, query, told, yes};
use crate::office::{COST_FEN, Offer};
use crate::simulators::names;

/// Most looks at the platform, and the time between them in milliseconds.
const LOOKS: (u32, u64) = (100, 100);

/// The journeys, in order.
#[must_use]
pub fn journeys() -> Vec<Box<dyn Journey>> {
    vec![Box::new(FromScenicArea)]
}

/// The area's people audit a cancellation by hand, and their gate lets guests in.
struct FromScenicArea;

#[async_trait]
impl Journey for FromScenicArea {
    fn name(&self) -> &'static str {
        "scenic area: one ticket audited and refunded, one used at its gate"
    }

    async fn play(&self, stage: &Stage, steps: &mut StepLog) -> Result<(), String> {
        let scene = Scene::set(stage, "scenic")?;
        let gateway: Arc<Gateway> = stage.simulator("zhiyoubao")?;
        let offer = Offer {
            product: "PEAK-TICKET",
            sku: "PEAK-ADULT",
            name: "Cloud peak",
            connection: "lakeside-douyin",
            fulfilment: json!({ "by": "supplier", "connection": names::SCENIC, "product_code": "PST-PEAK" }),
            day: &scene.day,
            retail_fen: RETAIL_FEN,
            settlement_fen: SETTLEMENT_FEN,
        };
        gateway.desk.sell(Goods::new("PST-PEAK").priced(COST_FEN));
        for (kind, path) in
            [(NoticeKind::CheckIn, "checked"), (NoticeKind::Finish, "finished"), (NoticeKind::Refund, "refunded")]
        {
            gateway.desk.register(kind, &format!("{}/in/{}/{path}", stage.entrepot_url, names::SCENIC));
        }
        prepare(&scene, steps, &offer, None).await?;
        let purchase = scene.purchase("70001", offer.product, offer.sku, 2);
        let order = buy(&scene, steps, "lakeside", &offer, &purchase).await?;
        let code = issue(&scene, steps, &order).await?.swap_remove(0);
        give_one_back(&scene, &gateway, steps, &order).await?;
        let_in(&gateway, steps, &code).await?;
        told(&scene, steps, &order).await?;
        query(&scene, steps, &order, 1).await
    }
}

async fn give_one_back(scene: &Scene, gateway: &Gateway, steps: &mut StepLog, order: &str) -> Result<(), String> {
    let key = steps
        .step("guest gives one ticket back, the scenic area audits it", async {
            let ask = RefundAsk { units: Some(vec![1]), ..RefundAsk::user() };
            let asked = scene.platform.apply_refund(order, ask).await.map_err(|fault| format!("{fault:?}"))?;
            let answered = yes("refund review", &asked.reply)?;
            ensure(asked.state == RefundState::Reviewing, || format!("the platform sees {:?}", asked.state))?;
            Ok((asked.key, format!("{answered}; the answer is: wait")))
        })
        .await?;
    steps
        .step("scenic area agrees and calls", async {
            let audit = gateway.desk.refunds().pop().ok_or("the gateway was asked nothing")?;
            gateway.desk.decide(&audit.batch, true).map_err(|fault| fault.to_string())?;
            called(gateway).await?;
            for _ in 0..LOOKS.0 {
                let found = scene.platform.order(order).and_then(|order| order.refund(&key).map(|refund| refund.state));
                if found == Some(RefundState::Agreed) {
                    return Ok(((), "the gateway was asked what is true, and the platform was told".to_owned()));
                }
                tokio::time::sleep(std::time::Duration::from_millis(LOOKS.1)).await;
            }
            Err("after ten seconds the platform still waits".to_owned())
        })
        .await?;
    steps
        .step("platform announces the refund of one", async {
            let reply = scene.platform.notify_refund(order, RefundNotice::of(&key, 1)).await;
            let answered = yes("refund result", &reply.map_err(|fault| format!("{fault:?}"))?)?;
            Ok(((), answered))
        })
        .await
}

async fn let_in(gateway: &Gateway, steps: &mut StepLog, code: &str) -> Result<(), String> {
    steps
        .step("guest is let in at the scenic area's gate", async {
            gateway.desk.redeem(code, 1).map_err(|fault| fault.to_string())?;
            let calls = called(gateway).await?;
            Ok(((), format!("the gateway called {calls} times; each call is a reason to ask")))
        })
        .await
}

/// Sends what the gateway has to tell.
async fn called(gateway: &Gateway) -> Result<usize, String> {
    let sent = gateway.deliver_due().await;
    let taken = sent.iter().all(|delivery| delivery.sent.is_accepted());
    ensure(taken && !sent.is_empty(), || format!("its calls were not taken: {sent:?}"))?;
    Ok(sent.len())
}
