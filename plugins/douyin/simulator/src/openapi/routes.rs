//! The calls that are played: method, path, documented rate and the shape of the answer.

use super::fields::Answer;
use super::request::Request;
use super::{
    bills, certificates, code_refund, crypto, goods, history, order_query, orders, products, promise, reserved, shelf,
    shops, verify, vouchers,
};

/// The key under which a handler gives the rows of a [`Shape::List`].
pub(crate) const LIST: &str = "list";

/// How an answer is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `data` is an object (common §4).
    Object,
    /// The same with BaseResp beside it, as goods calls have.
    WithBase,
    /// `data` is a list (scenic §20).
    List,
}

/// One call.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Documented calls a second.
    pub(crate) per_second: Option<usize>,
    pub(crate) shape: Shape,
    pub(crate) handler: fn(&Request<'_>) -> Answer,
}

const fn get(path: &'static str, handler: fn(&Request<'_>) -> Answer) -> Route {
    Route { method: "GET", path, per_second: None, shape: Shape::Object, handler }
}

const fn post(path: &'static str, handler: fn(&Request<'_>) -> Answer) -> Route {
    Route { method: "POST", path, per_second: None, shape: Shape::Object, handler }
}

impl Route {
    const fn at_most(mut self, per_second: usize) -> Route {
        self.per_second = Some(per_second);
        self
    }

    const fn shaped(mut self, shape: Shape) -> Route {
        self.shape = shape;
        self
    }
}

static ROUTES: [Route; 30] = [
    post("/goodlife/v1/trip/order/confirm/", orders::confirm),
    post("/goodlife/v1/trip/refund/audit/", orders::refund_audit),
    get("/goodlife/v1/trade/order/query/", order_query::query).at_most(20),
    post("/goodlife/v1/fulfilment/create/callback/", vouchers::create_callback).at_most(4_000),
    post("/goodlife/v1/trip/scenic/groupon/certificate/callback/", promise::callback),
    post("/goodlife/v1/fulfilment/refund/audit/", code_refund::audit).at_most(1_000),
    post("/goodlife/v1/trip/certificate/verify/", verify::verify),
    post("/goodlife/v1/fulfilment/certificate/verify/", certificates::verify),
    get("/goodlife/v1/fulfilment/certificate/get/", certificates::get),
    get("/goodlife/v1/fulfilment/certificate/query/", certificates::query),
    get("/goodlife/v1/fulfilment/certificate/verify_record/query/", history::query).at_most(100),
    post("/goodlife/v1/open/common_biz/crypto/decrypt/batch/", crypto::decrypt),
    post("/goodlife/v1/open/common_biz/crypto/decrypt_mask/batch/", crypto::decrypt_mask),
    post("/goodlife/v1/open/common_biz/crypto/encrypt/batch/", crypto::encrypt).at_most(100),
    post("/goodlife/v1/trip/ticket/save/", products::save),
    get("/goodlife/v1/trip/ticket/query/", products::query),
    post("/goodlife/v1/goods/product/operate/", shelf::operate_one).at_most(20).shaped(Shape::WithBase),
    post("/goodlife/v1/trip/product/operate/", shelf::operate_many).shaped(Shape::List),
    get("/goodlife/v1/goods/product/online/get/", shelf::online).at_most(20),
    get("/goodlife/v1/shop/poi/query/", shops::query),
    get("/goodlife/v1/poi/match/relation/query/", shops::relations),
    post("/goodlife/v1/poi/match/task/submit/", shops::submit),
    get("/goodlife/v1/poi/match/task/query/", shops::task),
    get("/goodlife/v1/settle/ledger/query/", bills::query).at_most(20),
    get("/goodlife/v1/settle/ledger/detailed_query/", bills::detailed).at_most(20),
    get("/goodlife/v1/settle/ledger/query_record_by_cert/", bills::by_certificate),
    post("/goodlife/v1/fulfilment/reserve_code/batch_import/", reserved::import),
    get("/goodlife/v1/fulfilment/reserve_code/bind_order_info/", reserved::bound_order),
    post("/goodlife/v1/trip/ticket_calendar/save/", goods::save),
    post("/goodlife/v1/trip/ticket_calendar/batch_save/", goods::batch_save),
];

/// The call of this method and path. Others are offline (2119010), redemption's prepare and cancel among them.
pub(crate) fn find(method: &str, path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.method == method && route.path == path)
}
