//! The shops that are configured beside those of the account.

use entrepot_contract::fault::Fault;
use entrepot_contract::looking::{Look, LookName, Seen, ShopSeen};

use super::{Section, Visit, said};

/// Most pages of shops; the rest is not looked at.
const PAGES_LIMIT: usize = 20;

/// The shops of the account, or why they could not be asked for.
pub(super) type Shops = Result<Vec<ShopSeen>, Fault>;

/// None where the plugin cannot ask.
pub(super) async fn ask(visit: &Visit<'_>) -> Option<Shops> {
    if !visit.looks(LookName::Shops) {
        return None;
    }
    let (mut all, mut page) = (Vec::new(), None);
    for _ in 0..PAGES_LIMIT {
        match visit.look(Look::Shops { page }).await {
            Ok(Seen::Shops { shops, next }) => {
                all.extend(shops);
                page = next;
            }
            Ok(_) => return Some(Err(Fault::garbled("look was answered with something else"))),
            Err(fault) => return Some(Err(fault)),
        }
        if page.is_none() {
            break;
        }
    }
    Some(Ok(all))
}

pub(super) fn section(visit: &Visit<'_>, shops: Option<&Shops>) -> Section {
    let mut section = Section::new("shops", "门店", "shops");
    let (own, key) = (&visit.connection.facts.shops, visit.key("shop_ids"));
    let Some(Ok(known)) = shops else {
        let listed = if own.is_empty() { "*".to_owned() } else { own.join(", ") };
        section.not_known(
            &key,
            said(format!("{listed}：无法向平台查询"), format!("{listed}: the channel cannot be asked")),
            Some(said("在平台后台核对门店编号", "compare the ids of the shops with the platform's console")),
        );
        return section;
    };
    if own.is_empty() {
        section.ok(
            &key,
            said(format!("账号的全部门店，共 {} 个", known.len()), format!("all {} shops of the account", known.len())),
        );
    }
    for id in own {
        match known.iter().find(|shop| shop.id == *id) {
            Some(shop) => section.ok(id, said(shop.name.clone(), shop.name.clone())),
            None => section.wrong(
                id,
                said("该账号没有这个门店", "the account has no such shop"),
                said(format!("更正 {key}，或在平台认领门店"), format!("correct {key}, or claim the shop there")),
            ),
        }
    }
    section
}
