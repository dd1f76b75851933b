//! What Douyin has to allow the application (能力): the scopes of the full-direct solution. Scenic §0, common §14, §15.

use entrepot_sdk::contract::capability::Scope;

/// Name, what it is for, whether a connection works without it. The first 18 are the solution's; scenic §0 says which of
/// them must be.
const SCOPES: [(&str, &str, bool); 22] = [
    ("life.capacity.trip_order_can_buy", "booking check (景区预订信息校验)", false),
    ("life.capacity.trip_order_create", "create order (景区创建订单)", false),
    ("life.capacity.trip_order_pay_notify", "payment notice (景区支付通知), for orders created before payment", true),
    ("life.capacity.trip_order_confirm", "confirm order (景区确认订单), where orders are accepted later", true),
    ("life.capacity.trip_order_cancel_notify", "cancel notice (景区取消订单通知)", false),
    ("life.capacity.trip_order_after_sale_refund_apply", "refund review (景区退款审核)", false),
    (
        "life.capacity.trip_order_after_sale_refund_audit",
        "refund review callback (景区回调审核退款), where refunds are decided later",
        true,
    ),
    ("life.capacity.trip_order_after_sale_refund_notify", "refund result notice (景区退款结果通知)", false),
    ("life.capacity.trip_order_query", "order status query (景区订单状态查询)", false),
    ("life.capacity.tripartite.code", "vouchers (发放凭证) and their callback (发券回调)", false),
    ("life.capacity.trip_certificate_verify", "redemption (景区履约验券)", false),
    ("life.capacity.trip_ticket_calendar_found", "publishing and pulling prices and stock (价格库存)", false),
    ("life.capacity.trip_ticket_found", "publishing products (日历票商品发布), for publish_mode = \"api\"", true),
    ("life.capacity.trip_ticket_query", "product query (日历票商品查询)", false),
    ("life.capacity.goods.found", "on and off the shelf (上下架), for shelf_call = \"goods\"", true),
    ("life.capacity.shop", "shops (门店)", true),
    ("life.capacity.order.query", "order query (订单查询), for catching up and reconciliation", true),
    ("life.capacity.billing", "bills (对账) and the history of uses (验券历史), for reconciliation", true),
    // Beside the solution's: each only with the setting named.
    ("life.capacity.trip_product_operate", "on and off the shelf (上下架), for shelf_call = \"trip\"", true),
    ("life.capacity.goods.query", "online data of products, for product_look = \"goods\"", true),
    ("life.capacity.billing.detail", "detailed bills, for ledger = \"detailed\"", true),
    (
        "life.capacity.fulfilment",
        "the general redemption and voucher query, for redeem_by = \"general\" or \"codes\", used_by_certificates and single_certificates",
        true,
    ),
];

pub(crate) fn scopes() -> Vec<Scope> {
    let scope =
        |(name, what, optional): (&str, &str, bool)| Scope { name: name.to_owned(), what: what.to_owned(), optional };
    SCOPES.map(scope).to_vec()
}
