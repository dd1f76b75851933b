//! What only a person can see to before a connection sells: Douyin shows it nowhere that the twelve permissions reach. Figures
//! that a person can enter are compared by the check of a connection, and are no duties.
//! Group-buy Part A, `documented`; the rule's number stands beside each.

use entrepot_sdk::contract::capability::Duty;

/// Name, Chinese, English.
const DUTIES: [(&str, &str, &str); 9] = [
    // Rule 1.
    (
        "category",
        "商品一级类目为游玩类，且在中国大陆境内；港澳及境外商品不支持",
        "the product's first-level category is leisure (游玩类), in mainland China; Hong Kong, Macau and abroad are not sold this way",
    ),
    // Rule 2.
    ("laike_account", "商家已开通抖音来客账号", "the merchant has an account at Laike (抖音来客)"),
    ("shop", "商家已认领门店（POI）", "the merchant has claimed its shop (门店, POI)"),
    ("settlement", "商家已绑定结算账户", "the merchant has bound a settlement account (结算账户)"),
    ("douyin_account", "商家已绑定抖音号", "the merchant has bound a Douyin account (抖音号)"),
    // Rule 18; its times are compared with what was entered.
    (
        "reservation_rule",
        "来客的预约规则选“需要预约-在线预约”",
        "the reservation rule in Laike is online reservation (需要预约-在线预约)",
    ),
    // Rule 19; the kinds that are ticked are compared with what was entered.
    (
        "voucher_issuer",
        "来客的发码方式选“商家发放凭证”，发码商选本应用",
        "in Laike codes are issued by the merchant (商家发放凭证), and this application provides them",
    ),
    // Rule 33.
    (
        "management_option",
        "已开启“抖音团购预约管理”",
        "the option \"Douyin group-buy reservation management\" (抖音团购预约管理) is on",
    ),
    // Rule 25.
    (
        "too_many",
        "测试时提示“当前下单人数过多，请稍后再试”：把测试人的抖音 uid 发给平台解除限制",
        "a test order is answered 当前下单人数过多，请稍后再试 (too many people ordering): send the tester's Douyin uid to the platform, which lifts it",
    ),
];

pub(crate) fn duties() -> Vec<Duty> {
    let duty =
        |(name, zh, en): (&str, &str, &str)| Duty { name: name.to_owned(), zh: zh.to_owned(), en: en.to_owned() };
    DUTIES.map(duty).to_vec()
}
