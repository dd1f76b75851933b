//! A supplier connection: whether it answers, and whether it sells what our SKUs name.

use std::collections::BTreeSet;

use entrepot_contract::capability::SupplierCapabilities;
use entrepot_contract::fault::Fault;
use entrepot_contract::ids::{ConnectionId, TraceId};
use entrepot_contract::product::Fulfilment;
use entrepot_domain::catalogue::SupplierRules;
use entrepot_domain::said::Said;
use entrepot_engine::directory::Connection;
use entrepot_engine::flows::ask_supplier::Unanswered;
use entrepot_engine::storage::StorageFault;

use super::{Section, plugin, said, scenes, settings};
use crate::boot::App;

/// Most pages of goods; a supplier that has more is not held against our SKUs.
const PAGES_LIMIT: usize = 20;

/// The product codes that a supplier sells; none where there are more than are read.
type Codes = Option<BTreeSet<String>>;

pub(super) async fn sections(app: &App, connection: &Connection) -> Result<Vec<Section>, StorageFault> {
    let mut first = Section::new("plugin", "插件与连通", "plugin and reach");
    plugin::open(app, connection, &mut first);
    let instance = app.engine.host().instance(&connection.instance());
    let card = instance.and_then(|open| open.manifest().capabilities.supplier.clone()).unwrap_or_default();
    let told = card.calls().is_some_and(|calls| calls.catalogue);
    let goods = if told { Some(ask(app, connection).await?) } else { None };
    reached(&card, goods.as_ref(), &mut first);
    let mut all = vec![first];
    if let Some(Ok(Some(codes))) = &goods {
        all.push(sold(app, connection, codes).await?);
    }
    all.push(scenes::section(app, connection).await?);
    all.push(settings::supplier(app, connection));
    Ok(all)
}

/// Whether it is there for what is sold, and tells how its tickets are used; else what stands in the way, and what to do.
pub(super) fn standing(app: &App, id: &ConnectionId, rules: &SupplierRules) -> Result<bool, (Said, Said)> {
    let running = app.engine.directory();
    let open = running.connections.get(id).and_then(|own| app.engine.host().instance(&own.instance()));
    let Some(open) = open else {
        return Err((
            said(
                format!("供应商连接 {id} 的插件未打开"),
                format!("the plugin of supplier connection {id} is not open"),
            ),
            said(
                format!("查看原因：entrepot connections check {id}"),
                format!("see why: entrepot connections check {id}"),
            ),
        ));
    };
    if !rules.selling {
        return Err((
            said(format!("供应商连接 {id} 不接受新订单"), format!("supplier connection {id} takes no new orders")),
            said("打开该连接（enabled 与数据库开关）", "switch it on (enabled, and its switch in the database)"),
        ));
    }
    let card = open.manifest();
    let asked = card.capabilities.supplier.as_ref().and_then(SupplierCapabilities::calls);
    Ok(rules.own_gate || asked.is_some_and(|calls| calls.usage.is_some()) || !card.scenes.is_empty())
}

fn reached(card: &SupplierCapabilities, goods: Option<&Result<Codes, Fault>>, section: &mut Section) {
    if card.is_pool() {
        let text = said("凭证来自码库，不调用外部系统", "its tickets come from a pool here; nobody is called");
        return section.ok("first call", text);
    }
    plugin::called("first call", goods.map(|goods| goods.as_ref().map(drop)), section);
}

async fn ask(app: &App, connection: &Connection) -> Result<Result<Codes, Fault>, StorageFault> {
    let (mut codes, mut page) = (BTreeSet::new(), None);
    for _ in 0..PAGES_LIMIT {
        let trace = TraceId::parse(format!("check-{}", app.seeds.next(app.clock.now()).order()))
            .expect("a seed is capital letters and digits");
        match app.engine.goods(trace, &connection.id, page).await {
            Ok(found) => {
                codes.extend(found.goods.into_iter().map(|good| good.product_code));
                page = found.next;
            }
            Err(Unanswered::Storage(fault)) => return Err(fault),
            Err(Unanswered::Failed(fault)) => return Ok(Err(fault)),
            Err(other) => return Ok(Err(Fault::invalid(other.to_string()))),
        }
        if page.is_none() {
            return Ok(Ok(Some(codes)));
        }
    }
    Ok(Ok(None))
}

/// Whether the supplier sells what our SKUs name.
async fn sold(app: &App, connection: &Connection, codes: &BTreeSet<String>) -> Result<Section, StorageFault> {
    let mut section = Section::new("goods", "供应商产品", "the supplier's goods");
    let rules = app.engine.rules(&connection.merchant).await?;
    for sku in rules.catalogue.skus.values() {
        let main = match &sku.fulfilment {
            Fulfilment::Supplier { connection, product_code } => Some((connection, product_code)),
            Fulfilment::Nothing | Fulfilment::OwnNumber | Fulfilment::Document => None,
        };
        let others = sku.otherwise.iter().map(|route| (&route.connection, &route.product_code));
        for (_, code) in main.into_iter().chain(others).filter(|(of, _)| **of == connection.id) {
            if codes.contains(code) {
                section.ok(sku.id.as_str(), said(format!("产品编码 {code}"), format!("product code {code}")));
            } else {
                section.wrong(
                    sku.id.as_str(),
                    said(format!("供应商没有产品编码 {code}"), format!("the supplier has no product code {code}")),
                    said("更正 SKU：entrepot connections goods …", "correct the SKU: entrepot connections goods …"),
                );
            }
        }
    }
    if section.lines.is_empty() {
        section.not_known(connection.id.as_str(), said("没有 SKU 使用该供应商", "no SKU names this supplier"), None);
    }
    Ok(section)
}
