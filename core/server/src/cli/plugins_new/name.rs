//! The plugin's id and the names that follow from it. Found out here, an unfit one costs a sentence; found out by cargo
//! or the compiler, an hour.

use entrepot_contract::ids::PluginId;

/// Longest id that is taken, in bytes: it becomes a file's name.
const LIMIT_BYTES: usize = 64;

/// What no crate of a plugin may be called, with `_` for `-`: keywords, what cargo reserves, and what the crate itself
/// depends on.
const RESERVED: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "async_trait",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "fake",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "schemars",
    "sdk",
    "self",
    "serde",
    "serde_json",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// A fit name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    id: PluginId,
}

impl Name {
    /// A name of letters, digits and hyphens that is nobody's yet.
    pub(super) fn parse(text: &str, built_in: &[String]) -> Result<Self, String> {
        let id = PluginId::parse(text).map_err(|fault| fault.to_string())?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let parts = || text.split('-');
        let shaped = text.len() <= LIMIT_BYTES
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && parts().all(|part| !part.is_empty() && part.chars().all(plain));
        if !shaped {
            return Err(format!(
                "{text:?} cannot be the id of a plugin and its crate: at most {LIMIT_BYTES} lower-case letters, digits and \
                 single hyphens, a letter first; for example supplier-acme"
            ));
        }
        if built_in.iter().any(|id| id == text) {
            return Err(format!("{text} is a plugin of this house; take another id"));
        }
        let name = Self { id };
        let of_the_house = text == "entrepot" || text.starts_with("entrepot-");
        if RESERVED.contains(&name.package().as_str()) || of_the_house {
            return Err(format!(
                "no crate can be called {text}: Rust, cargo or Entrepot use that word; take another id"
            ));
        }
        Ok(name)
    }

    /// As configuration and cargo say it.
    pub(super) fn id(&self) -> &str {
        self.id.as_str()
    }

    /// As Rust says it.
    pub(super) fn package(&self) -> String {
        self.id().replace('-', "_")
    }

    /// The outside system: the id without the word that tells the kind.
    pub(super) fn family(&self) -> &str {
        let id = self.id();
        let without = |kind: &str| {
            let before = id.strip_prefix(kind).and_then(|rest| rest.strip_prefix('-'));
            before.or_else(|| id.strip_suffix(kind).and_then(|rest| rest.strip_suffix('-')))
        };
        let bare = without("supplier").or_else(|| without("channel")).unwrap_or(id);
        if bare.starts_with(|c: char| c.is_ascii_lowercase()) { bare } else { id }
    }

    /// The family with capitals, to begin the names of types.
    pub(super) fn of_types(&self) -> String {
        let capital =
            |part: &str| part.chars().take(1).map(|c| c.to_ascii_uppercase()).chain(part.chars().skip(1)).collect();
        self.family().split('-').map::<String, _>(capital).collect()
    }
}
