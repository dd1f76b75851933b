//! Which column of a file holds what: by the usual names in two languages, or as a person says, by heading or letter.

use std::collections::BTreeMap;

use entrepot_engine::flows::import_codes::ImportRow;

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Code,
    Password,
    ValidFrom,
    ValidTo,
    Batch,
    FaceValue,
    FaceMinor,
    Currency,
}

/// All fields with their names; the first is the one that a map uses.
const FIELDS: &[(Field, &[&str])] = &[
    (Field::Code, &["code", "码", "券码", "卡号", "串码", "兑换码"]),
    (Field::Password, &["password", "密码", "卡密"]),
    (Field::ValidFrom, &["valid_from", "有效期开始", "开始日期", "生效日期"]),
    (Field::ValidTo, &["valid_to", "有效期", "有效期至", "有效期结束", "截止日期", "失效日期"]),
    (Field::Batch, &["batch", "批次"]),
    (Field::FaceValue, &["face_value", "面值"]),
    (Field::FaceMinor, &["face_minor", "面值（分）", "面值(分)"]),
    (Field::Currency, &["currency", "币种"]),
];

impl Field {
    pub(crate) fn name(self) -> &'static str {
        FIELDS.iter().find(|(field, _)| *field == self).and_then(|(_, names)| names.first()).copied().unwrap_or("?")
    }

    /// Puts a cell's text in its place; an empty one is left out.
    pub(super) fn put(self, row: &mut ImportRow, text: String) {
        let place = match self {
            Self::Code => {
                row.code = text;
                return;
            }
            Self::Password => &mut row.password,
            Self::ValidFrom => &mut row.valid_from,
            Self::ValidTo => &mut row.valid_to,
            Self::Batch => &mut row.batch,
            Self::FaceValue => &mut row.face_value,
            Self::FaceMinor => &mut row.face_minor,
            Self::Currency => &mut row.currency,
        };
        *place = Some(text).filter(|text| !text.is_empty());
    }
}

/// Where each field stands.
pub(super) type Places = Vec<(Field, usize)>;

/// How a file's columns are found.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// Headings or letters by field; empty: the usual names.
    named: BTreeMap<Field, String>,
    /// Whether the first line holds headings.
    pub(crate) header: bool,
}

impl Default for Columns {
    fn default() -> Self {
        Self { named: BTreeMap::new(), header: true }
    }
}

impl Columns {
    /// Reads `code=A,password=Secret`: a field, and the heading or the letter of its column.
    pub(crate) fn parse(text: &str, header: bool) -> Result<Self, String> {
        let known = || FIELDS.iter().filter_map(|(_, names)| names.first().copied()).collect::<Vec<_>>().join(", ");
        let mut named = BTreeMap::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let (name, column) = part
                .split_once('=')
                .ok_or_else(|| "columns: expected field=column, as code=A,password=B".to_owned())?;
            let field = FIELDS.iter().find(|(_, names)| names.first() == Some(&name.trim())).map(|(field, _)| *field);
            let field = field.ok_or_else(|| format!("columns: there is no field {:.40}; fields: {}", name, known()))?;
            if named.insert(field, column.trim().to_owned()).is_some() {
                return Err(format!("columns: {} is named twice", field.name()));
            }
        }
        if !named.is_empty() && !named.contains_key(&Field::Code) {
            return Err("columns: name the column of the code, as code=A".to_owned());
        }
        Ok(Self { named, header })
    }

    /// Where each field stands, and the headings that nobody asked for.
    pub(super) fn places(&self, names: &[String]) -> Result<(Places, Vec<String>), String> {
        let heading = |wanted: &str| names.iter().position(|name| self.header && name.eq_ignore_ascii_case(wanted));
        let mut places = Vec::new();
        if self.named.is_empty() {
            for (field, known) in FIELDS {
                let found = known.iter().find_map(|name| heading(name));
                places.extend(found.map(|place| (*field, place)));
            }
            // Without headings the first column is the code.
            if !self.header {
                places.push((Field::Code, 0));
            }
        }
        for (field, column) in &self.named {
            let place = heading(column).or_else(|| letter(column).filter(|place| *place < names.len()));
            let place = place.ok_or_else(|| format!("the file has no column {column:.40} for {}", field.name()))?;
            places.push((*field, place));
        }
        if places.iter().all(|(field, _)| *field != Field::Code) {
            return Err(
                "the header row names no column `code` (码, 券码, 卡号); the first line holds the columns' names, or map \
                 them, as code=A"
                    .to_owned(),
            );
        }
        let free = names.iter().enumerate().filter(|(at, _)| places.iter().all(|(_, place)| place != at));
        let ignored = free.map(|(_, name)| name.chars().take(80).collect()).collect();
        Ok((places, ignored))
    }
}

/// `A` is the first column, `AA` the twenty-seventh.
fn letter(text: &str) -> Option<usize> {
    if text.is_empty() || text.len() > 2 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let number = text.bytes().fold(0, |sum, byte| sum * 26 + usize::from(byte.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}
