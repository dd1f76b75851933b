//! Where a value stands: `merchants.lakeside.channels.east.plugin`.

use std::fmt;

use serde_json::Value;

/// One step of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// A name in a table.
    Name(String),
    /// A place in a list.
    Index(usize),
}

/// The place of a value in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Key(Vec<Segment>);

impl Key {
    /// The whole configuration.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// A key of names only.
    #[must_use]
    pub fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|name| Segment::Name((*name).to_owned())).collect())
    }

    /// The value of this name below.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(Segment::Name(name.to_owned()));
        Self(segments)
    }

    /// The value at this place of the list.
    #[must_use]
    pub fn at(&self, index: usize) -> Self {
        let mut segments = self.0.clone();
        segments.push(Segment::Index(index));
        Self(segments)
    }

    /// The table or list it stands in; none for the whole configuration.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, before) = self.0.split_last()?;
        Some(Self(before.to_vec()))
    }

    /// The steps from the top.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The last step, where it is a name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self.0.last() {
            Some(Segment::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether it stands at or below `above`.
    #[must_use]
    pub fn is_below(&self, above: &Self) -> bool {
        self.0.starts_with(&above.0)
    }

    /// Goes on below with steps as they stand in texts; whether a number is a name or an index, `value` tells.
    #[must_use]
    pub(super) fn extend<'a>(&self, steps: impl IntoIterator<Item = impl ToString>, value: &'a Value) -> Self {
        let mut key = self.clone();
        let mut here: Option<&'a Value> = Some(value);
        for step in steps {
            let step = step.to_string();
            let index = here.filter(|value| value.is_array()).and_then(|_| step.parse::<usize>().ok());
            here = match index {
                Some(index) => here.and_then(|value| value.get(index)),
                None => here.and_then(|value| value.get(&step)),
            };
            key.0.push(index.map_or(Segment::Name(step), Segment::Index));
        }
        key
    }

    /// The value that stands here.
    #[must_use]
    pub fn find<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(value, |here, segment| match segment {
            Segment::Name(name) => here.get(name),
            Segment::Index(index) => here.get(*index),
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Name(name) => {
                    let dot = if n == 0 { "" } else { "." };
                    let bare = !name.is_empty() && name.chars().all(|c| c == '-' || c == '_' || (c.is_alphanumeric()));
                    if bare { write!(f, "{dot}{name}")? } else { write!(f, "{dot}{name:?}")? }
                }
            }
        }
        Ok(())
    }
}
