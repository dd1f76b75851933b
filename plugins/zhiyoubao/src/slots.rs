//! Stock of time slots (分时库存, §6). The question was seen in client code, the layout of its answer nowhere: the names of its
//! elements are a setting, and without them nobody asks. No calendar of prices exists at the gateway.

use std::fmt;

use entrepot_sdk::contract::reading::{CalendarPage, Slot, SupplierCell, Vacancies};
use entrepot_sdk::prelude::*;
use entrepot_sdk::xml;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::answer::LIMITS;
use crate::settings::SlotLayout;
use crate::{Answer, Zhiyoubao};

/// Most days of one question (`inferred`: none is stated).
pub(crate) const DAYS_LIMIT: u16 = 31;
/// Where an element's own text stands among its children.
const TEXT: &str = "$text";

impl Zhiyoubao {
    /// The time slots of these dates. A slot is named by its begin and end, as a booking names it (§3).
    pub(crate) async fn slot_stock(
        &self,
        call: &Call<()>,
        goods: &str,
        (first, last): (VisitDate, VisitDate),
    ) -> Result<CalendarPage, Fault> {
        let Some(layout) = &self.settings.slot_stock else {
            return Err(Fault::unsupported("read_calendar: settings.slot_stock names no elements of the answer"));
        };
        let response = self
            .ask(call, "FS_STOCK_REQ", |envelope| {
                // Spelled so on the wire (§6).
                envelope.within("queryCondtion", |asked| {
                    asked.text("goodsCode", goods);
                    asked.text("startDate", &first.to_string());
                    asked.text("endDate", &last.to_string());
                });
            })
            .await?;
        let answer = Answer::read(&response, &["FS_STOCK_RES"])?;
        if !answer.accepted() {
            return Err(Fault::not_done(FaultKind::Refused, answer.refusal().text));
        }
        let root: Element = xml::read(&response.body, "PWBResponse", LIMITS)?;
        let list = root.find(&layout.list).ok_or_else(|| {
            let text = format!("the answer has no element {}: compare settings.slot_stock.list with it", layout.list);
            Fault::garbled(text)
        })?;
        let mut cells = Vec::new();
        for item in list.all(&layout.item) {
            let cell = cell(layout, item)?;
            if (first..=last).contains(&cell.date) {
                cells.push(cell);
            }
        }
        if let Some(twice) = repeated(&cells) {
            return Err(Fault::garbled(format!("the answer tells slot {twice} twice")));
        }
        Ok(CalendarPage { cells, next: None })
    }
}

fn cell(layout: &SlotLayout, item: &Element) -> Result<SupplierCell, Fault> {
    let text = |name: &str| {
        let found = item.children.iter().find(|(child, _)| child == name).and_then(|(_, child)| child.text());
        let missing = || Fault::garbled(format!("a slot has no {name}: compare settings.slot_stock with the answer"));
        found.map(str::trim).filter(|text| !text.is_empty()).ok_or_else(missing)
    };
    let date = text(&layout.date)?;
    let date = date.get(..10).unwrap_or(date).parse();
    let (starts, ends) = (minute(text(&layout.start)?)?, minute(text(&layout.end)?)?);
    let units =
        text(&layout.stock)?.parse().map_err(|_| Fault::garbled(format!("{} is no count of tickets", layout.stock)))?;
    Ok(SupplierCell {
        date: date.map_err(|_| Fault::garbled(format!("{} is no date", layout.date)))?,
        slot: Some(Slot { id: format!("{starts}-{ends}"), starts, ends }),
        open: units > 0,
        vacancies: Vacancies::Limited { units },
        cost: None,
        cutoff: None,
    })
}

/// `HH:mm`, also where seconds stand behind it.
fn minute(text: &str) -> Result<String, Fault> {
    let garbled = || Fault::garbled("a slot's begin or end is no HH:mm");
    let shown = text.get(..5).ok_or_else(garbled)?;
    let (hour, minute) = shown.split_once(':').ok_or_else(garbled)?;
    let number = |text: &str, limit: u8| text.len() == 2 && text.parse::<u8>().is_ok_and(|number| number < limit);
    // A day ends at 24:00.
    let real = number(hour, 24) && number(minute, 60) || shown == "24:00";
    if real { Ok(shown.to_owned()) } else { Err(garbled()) }
}

fn repeated(cells: &[SupplierCell]) -> Option<String> {
    let mut seen = std::collections::BTreeSet::new();
    let name = |cell: &SupplierCell| cell.slot.as_ref().map(|slot| format!("{} {}", cell.date, slot.id));
    cells.iter().filter_map(name).find(|name| !seen.insert(name.clone()))
}

/// An element whose children's names are not known before.
#[derive(Debug, Default)]
struct Element {
    children: Vec<(String, Element)>,
    own: Option<String>,
}

impl Element {
    fn text(&self) -> Option<&str> {
        self.own.as_deref()
    }

    /// The first element of that name, at any depth.
    fn find(&self, name: &str) -> Option<&Self> {
        let direct = self.children.iter().find(|(child, _)| child == name).map(|(_, child)| child);
        direct.or_else(|| self.children.iter().find_map(|(_, child)| child.find(name)))
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |(child, _)| child == name).map(|(_, child)| child)
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an element")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Element, E> {
                Ok(Element { own: Some(text.to_owned()), ..Element::default() })
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<Element, E> {
                Ok(Element::default())
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Element, M::Error> {
                let mut element = Element::default();
                while let Some(name) = map.next_key::<String>()? {
                    let child: Element = map.next_value()?;
                    if name == TEXT {
                        element.own = child.own;
                    } else {
                        element.children.push((name, child));
                    }
                }
                Ok(element)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_any_name_are_read() {
        let text = "<PWBResponse><code>0</code><a><slot><day>2026-10-01</day></slot><slot><day>2026-10-02</day></slot><empty/></a></PWBResponse>";
        let root: Element = xml::read(text, "PWBResponse", LIMITS).unwrap();
        let list = root.find("a").unwrap();
        let days: Vec<_> = list.all("slot").filter_map(|slot| slot.find("day")?.text()).collect();
        assert_eq!(days, ["2026-10-01", "2026-10-02"]);
        assert!(root.find("b").is_none() && list.find("empty").is_some());
    }

    #[test]
    fn minutes_are_of_a_day() {
        for (text, read) in [("09:30", Some("09:30")), ("09:30:00", Some("09:30")), ("24:00", Some("24:00"))] {
            assert_eq!(minute(text).ok().as_deref(), read);
        }
        for wrong in ["", "9:30", "25:00", "09:60", "上午"] {
            assert!(minute(wrong).is_err(), "{wrong}");
        }
    }
}
