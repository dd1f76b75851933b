//! Notes and differences in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use entrepot_contract::ids::{ConnectionId, MerchantId, OrderId};
use entrepot_contract::time::Timestamp;
use entrepot_domain::difference::{Difference, DifferenceKind};
use serde_json::Value;

use super::MemoryStorage;
use crate::notes::{
    ComparedDay, DifferenceFilter, DifferenceName, MadeOrder, Note, NoteKind, Notes, ORDERS_PAGE, StandingDifference,
};
use crate::storage::StorageFault;

/// All notes and differences.
#[derive(Default)]
pub(super) struct NoteTables {
    notes: BTreeMap<(String, &'static str, String), (Value, Timestamp)>,
    differences: BTreeMap<(ComparedDay, DifferenceKind, String), StandingDifference>,
}

impl NoteTables {
    fn found(&mut self, of: &ComparedDay, found: Vec<Difference>, at: Timestamp) {
        let mut again = Vec::new();
        for difference in found {
            let key = (of.clone(), difference.kind, difference.subject.clone());
            again.push(key.clone());
            let standing = self.differences.remove(&key).filter(|known| known.settled_at.is_none());
            let found_at = standing.map_or(at, |known| known.found_at);
            let standing = StandingDifference {
                connection: of.connection.clone(),
                day: of.day,
                difference,
                found_at,
                seen_at: at,
                settled_at: None,
                settled_by: None,
            };
            self.differences.insert(key, standing);
        }
        for (key, known) in &mut self.differences {
            if key.0 == *of && known.settled_at.is_none() && !again.contains(key) {
                known.settled_at = Some(at);
                known.settled_by = Some("gone".to_owned());
            }
        }
    }
}

#[async_trait]
impl Notes for MemoryStorage {
    async fn notes(&self, scope: &str, kind: NoteKind) -> Result<Vec<Note>, StorageFault> {
        self.shared.enter("notes")?;
        let tables = self.shared.tables();
        let mine = tables.notes.notes.iter().filter(|((of, name, _), _)| of == scope && *name == kind.name());
        Ok(mine
            .map(|((_, _, subject), (body, at))| Note { subject: subject.clone(), body: body.clone(), at: *at })
            .collect())
    }

    async fn note(
        &self,
        scope: &str,
        kind: NoteKind,
        changes: Vec<(String, Option<Value>)>,
        at: Timestamp,
    ) -> Result<(), StorageFault> {
        self.shared.enter("note")?;
        let mut tables = self.shared.tables();
        for (subject, body) in changes {
            let key = (scope.to_owned(), kind.name(), subject);
            match body {
                Some(body) => drop(tables.notes.notes.insert(key, (body, at))),
                None => drop(tables.notes.notes.remove(&key)),
            }
        }
        Ok(())
    }

    async fn first_note(
        &self,
        scope: &str,
        kind: NoteKind,
        subject: &str,
        since: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StorageFault> {
        self.shared.enter("first_note")?;
        let key = (scope.to_owned(), kind.name(), subject.to_owned());
        let mut tables = self.shared.tables();
        let first = tables.notes.notes.get(&key).is_none_or(|(_, noted)| *noted < since);
        if first {
            tables.notes.notes.insert(key, (Value::Null, at));
        }
        Ok(first)
    }

    async fn forget_notes(&self, kind: NoteKind, before: Timestamp) -> Result<(), StorageFault> {
        self.shared.enter("forget_notes")?;
        self.shared.tables().notes.notes.retain(|(_, name, _), (_, at)| *name != kind.name() || *at >= before);
        Ok(())
    }

    async fn orders_made(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        (from, to): (Timestamp, Timestamp),
        after: Option<&OrderId>,
    ) -> Result<Vec<MadeOrder>, StorageFault> {
        self.shared.enter("orders_made")?;
        Ok(self.shared.read(merchant, |rows| {
            let made = rows.orders.values().filter(|order| {
                let within = order.created_at >= from && order.created_at < to;
                order.connection == *connection && within && after.is_none_or(|after| order.id > *after)
            });
            let with = |order: &entrepot_contract::order::Order| MadeOrder {
                order: order.clone(),
                refunds: rows.refunds_of(&order.id).cloned().collect(),
            };
            made.take(usize::try_from(ORDERS_PAGE).unwrap_or(usize::MAX)).map(with).collect()
        }))
    }

    async fn found(&self, of: &ComparedDay, found: Vec<Difference>, at: Timestamp) -> Result<(), StorageFault> {
        self.shared.enter("found")?;
        self.shared.tables().notes.found(of, found, at);
        Ok(())
    }

    async fn settle(&self, which: &DifferenceName, by: &str, at: Timestamp) -> Result<bool, StorageFault> {
        self.shared.enter("settle")?;
        let key = (which.of.clone(), which.kind, which.subject.clone());
        let mut tables = self.shared.tables();
        let Some(known) = tables.notes.differences.get_mut(&key).filter(|known| known.settled_at.is_none()) else {
            return Ok(false);
        };
        known.settled_at = Some(at);
        known.settled_by = Some(by.to_owned());
        Ok(true)
    }

    async fn differences(
        &self,
        merchant: &MerchantId,
        filter: &DifferenceFilter,
    ) -> Result<Vec<StandingDifference>, StorageFault> {
        self.shared.enter("differences")?;
        let tables = self.shared.tables();
        let mine = tables.notes.differences.iter().filter(|((of, _, _), known)| {
            of.merchant == *merchant
                && filter.connection.as_ref().is_none_or(|connection| *connection == of.connection)
                && filter.day.is_none_or(|day| day == of.day)
                && (filter.settled || known.settled_at.is_none())
        });
        let mut found: Vec<StandingDifference> = mine.map(|(_, known)| known.clone()).collect();
        found.sort_by_key(|known| std::cmp::Reverse(known.day));
        found.truncate(usize::try_from(filter.most()).unwrap_or(usize::MAX));
        Ok(found)
    }
}
