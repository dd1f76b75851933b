//! What Douyin has to allow the application (能力): the twelve permissions of the semi-direct solution, and what some settings
//! need beside them. Group-buy A7, `documented`; the names of the scopes where a page tells one.

use entrepot_sdk::contract::capability::Scope;

/// Name, what it is for, whether a connection works without it. The first twelve are the solution's, in its order.
const SCOPES: [(&str, &str, bool); 19] = [
    ("life.capacity.tripartite.code", "third-party code publishing (三方码发布): vouchers and their callback", false),
    ("life.capacity.fulfilment", "group-buy redemption (团购核销): certificates without a reservation", true),
    ("life.capacity.trip_order_confirm", "scenic order confirm (景区确认订单), where orders are accepted later", true),
    (
        "life.capacity.trip_order_after_sale_refund_audit",
        "scenic refund-audit callback (景区回调审核退款), where refunds are decided later",
        false,
    ),
    ("life.capacity.trip_certificate_verify", "scenic fulfilment verify (景区履约验券)", false),
    ("life.capacity.trip_order_create", "scenic create order (景区创建订单)", false),
    (
        "life.capacity.trip_order_pay_notify",
        "scenic pay notice (景区支付通知), for orders created before payment",
        true,
    ),
    ("life.capacity.trip_order_after_sale_refund_apply", "scenic refund audit (景区退款审核)", false),
    ("life.capacity.trip_order_cancel_notify", "scenic order-cancel notice (景区取消订单通知)", false),
    ("life.capacity.trip_order_after_sale_refund_notify", "scenic refund-result notice (景区退款结果通知)", false),
    ("life.capacity.trip_order_can_buy", "scenic booking check (景区预订信息校验)", false),
    ("life.capacity.trip_order_query", "scenic order-status query (景区订单状态查询)", false),
    // Beside the solution's twelve: each only with the setting, or for the work, that is named.
    (
        "life.capacity.scenic_promissory_gen_code",
        "issue codes of group tickets V2 (景区团购 V2), for purchase_family = \"promise\"",
        true,
    ),
    (
        "life.capacity.scenic_promissory_callback_code",
        "voucher callback of group tickets V2, for purchase_family = \"promise\"",
        true,
    ),
    (
        "life.capacity.trip_ticket_calendar_found",
        "price and stock pulls (价格库存), for stock_pull_enabled = true",
        true,
    ),
    ("life.capacity.order.query", "order query (订单查询), for catching up and reconciliation", true),
    ("life.capacity.billing", "bills (对账) and the history of uses (验券历史), for reconciliation", true),
    ("life.capacity.goods.query", "online data of products, for goods_look = true", true),
    ("life.capacity.shop", "shops (门店), for the check of a connection", true),
];

pub(crate) fn scopes() -> Vec<Scope> {
    let scope =
        |(name, what, optional): (&str, &str, bool)| Scope { name: name.to_owned(), what: what.to_owned(), optional };
    SCOPES.map(scope).to_vec()
}
