//! Applications and connections as configuration has them. Replaced whole, never edited in place.

use std::collections::BTreeMap;

use entrepot_contract::ids::{ApplicationId, ConnectionId, FamilyName, MerchantId, PluginId, SceneName};
use entrepot_contract::manifest::{Manifest, Scene};
use entrepot_contract::message::ConnectionFacts;
use entrepot_domain::catalogue::{ConnectionRules, Connections};
use entrepot_host::InstanceKey;

use crate::storage::Switch;

/// Everything that configuration allows.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// By id.
    pub applications: BTreeMap<ApplicationId, Application>,
    /// By id, channels and suppliers alike.
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// Names of merchants, by id.
    pub merchants: BTreeMap<MerchantId, String>,
}

/// One credential set at a partner.
#[derive(Debug, Clone)]
pub struct Application {
    /// Its id: the first part of its inbound paths.
    pub id: ApplicationId,
    /// The partner's family.
    pub family: FamilyName,
    /// The channel plugins that its connections use, with their cards.
    pub plugins: BTreeMap<PluginId, Manifest>,
}

/// Merchant × plugin × application.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose.
    pub merchant: MerchantId,
    /// Which plugin.
    pub plugin: PluginId,
    /// The application; a supplier's own id, as it shares no credentials.
    pub application: ApplicationId,
    /// What comes with each call to the plugin.
    pub facts: ConnectionFacts,
    /// The rules of its sales or tickets.
    pub rules: ConnectionRules,
    /// What it is outside, for the registry.
    pub external: String,
}

impl Connection {
    /// The instance that serves it.
    #[must_use]
    pub fn instance(&self) -> InstanceKey {
        InstanceKey::new(self.plugin.clone(), self.application.clone())
    }
}

/// A row of `routes`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Route {
    /// The application.
    pub application: ApplicationId,
    /// The plugin that takes the call.
    pub plugin: PluginId,
    /// The scene.
    pub scene: SceneName,
    /// The partner's own name of it.
    pub action: String,
    /// `POST`, …
    pub method: String,
    /// The path on this server.
    pub path: String,
}

impl Directory {
    /// The supplier connection that an application stands for, where it does.
    #[must_use]
    pub fn supplier_of(&self, application: &ApplicationId) -> Option<&Connection> {
        let connection = self.connections.get(&ConnectionId::parse(application.as_str()).ok()?)?;
        let supplies = matches!(connection.rules, ConnectionRules::Supplier(_));
        (supplies && connection.application == *application).then_some(connection)
    }

    /// The rules of one merchant's connections, with the switches of the database: both have to agree for a sale.
    #[must_use]
    pub fn rules_of(&self, merchant: &MerchantId, switches: &BTreeMap<ConnectionId, Switch>) -> Connections {
        let mine = self.connections.values().filter(|connection| &connection.merchant == merchant);
        mine.map(|connection| {
            let mut rules = connection.rules.clone();
            let on = switches.get(&connection.id).is_none_or(|switch| *switch == Switch::On);
            match &mut rules {
                ConnectionRules::Channel(channel) => channel.selling &= on,
                ConnectionRules::Supplier(supplier) => supplier.selling &= on,
            }
            (connection.id.clone(), rules)
        })
        .collect()
    }

    /// Every inbound path, one row for each application, scene and plugin.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for application in self.applications.values() {
            for (plugin, manifest) in &application.plugins {
                for scene in &manifest.scenes {
                    routes.push(Route {
                        application: application.id.clone(),
                        plugin: plugin.clone(),
                        scene: scene.name.clone(),
                        action: scene.action.clone(),
                        method: scene.method.clone(),
                        path: format!("/in/{}/{}", application.id, scene.path),
                    });
                }
            }
        }
        routes
    }
}

impl Application {
    /// The scenes at a path below this application, each with the plugin that takes it: several plugins of one family may
    /// take the same path, and each has its own name and limit for it.
    pub fn scenes<'a>(
        &'a self,
        method: &'a str,
        path: &'a str,
    ) -> impl Iterator<Item = (&'a PluginId, &'a Scene)> + 'a {
        self.plugins.iter().filter_map(move |(plugin, manifest)| {
            let scene = manifest.scenes.iter().find(|scene| scene.path == path && scene.method == method)?;
            Some((plugin, scene))
        })
    }
}
