//! The merchants' shops and how our shop ids match them (scenic §21, fulfilment §12).

use crate::platform::Platform;

/// One shop (门店).
#[derive(Clone, Debug, PartialEq)]
pub struct Shop {
    /// Merchant root account.
    pub account_id: String,
    /// Douyin's id.
    pub poi_id: String,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Our id, once matched.
    pub ext_id: Option<String>,
}

impl Shop {
    /// An invented shop.
    pub fn new(account_id: &str, poi_id: &str, name: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            poi_id: poi_id.to_owned(),
            name: name.to_owned(),
            address: "1 Lake Road".to_owned(),
            latitude: 30.25,
            longitude: 120.125,
            ext_id: None,
        }
    }
}

/// How a wish to match ended (scenic §21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) ext_id: String,
    /// The shop that was found.
    pub(crate) poi_id: Option<String>,
}

impl Match {
    /// 2 matched, 3 not (scenic §21).
    pub(crate) fn status(&self) -> i64 {
        if self.poi_id.is_some() { 2 } else { 3 }
    }
}

/// All shops and matching tasks.
#[derive(Debug, Default)]
pub(crate) struct ShopBook {
    shops: Vec<Shop>,
    /// By task id, in the order of submission.
    tasks: Vec<(u64, Vec<Match>)>,
}

impl ShopBook {
    pub(crate) fn of(&self, account_id: &str) -> impl Iterator<Item = &Shop> {
        self.shops.iter().filter(move |shop| shop.account_id == account_id)
    }

    pub(crate) fn name_of(&self, poi_id: &str) -> Option<&str> {
        self.shops.iter().find(|shop| shop.poi_id == poi_id).map(|shop| shop.name.as_str())
    }

    pub(crate) fn matched(&self, ext_id: &str) -> Match {
        let found = self.shops.iter().find(|shop| shop.ext_id.as_deref() == Some(ext_id));
        Match { ext_id: ext_id.to_owned(), poi_id: found.map(|shop| shop.poi_id.clone()) }
    }

    pub(crate) fn task(&self, task_id: u64) -> Option<&[Match]> {
        self.tasks.iter().find(|(id, _)| *id == task_id).map(|(_, matches)| &matches[..])
    }

    /// Matches at once: by the shop named, else by its name. `wishes` are our id, Douyin's id and the name.
    pub(crate) fn submit(&mut self, task_id: u64, wishes: &[(String, Option<String>, String)]) {
        let mut matches = Vec::new();
        for (ext_id, poi_id, name) in wishes {
            let shop = self.shops.iter_mut().find(|shop| match poi_id {
                Some(id) => shop.poi_id == *id,
                None => shop.name == *name,
            });
            let poi_id = shop.map(|shop| {
                shop.ext_id = Some(ext_id.clone());
                shop.poi_id.clone()
            });
            matches.push(Match { ext_id: ext_id.clone(), poi_id });
        }
        self.tasks.push((task_id, matches));
    }
}

impl Platform {
    /// Opens a shop, or replaces the one with this id.
    pub fn add_shop(&self, shop: Shop) {
        let mut world = self.shared.world();
        world.shops.shops.retain(|known| known.poi_id != shop.poi_id);
        world.shops.shops.push(shop);
    }

    /// Every shop of a merchant, in the order in which they were opened.
    pub fn shops(&self, account_id: &str) -> Vec<Shop> {
        self.shared.world().shops.of(account_id).cloned().collect()
    }
}
