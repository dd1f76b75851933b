//! Where a new crate goes, and how it reaches the SDK from there: in the house by the workspace, elsewhere by a path or
//! a repository.

use std::path::{Component, Path, PathBuf};

use super::super::exit::Failure;
use super::name::Name;

/// What a checkout of Entrepot has, from its root.
const MARKS: &[&str] = &["Cargo.toml", "plugins/sdk/Cargo.toml", "tests/conformance/Cargo.toml"];

/// Where the SDK is said to be.
pub(super) enum Sdk {
    /// In a checkout, or its `plugins/sdk`.
    Path(PathBuf),
    /// In a repository.
    Git {
        /// Its URL.
        url: String,
        /// One commit of it.
        rev: Option<String>,
    },
}

/// A folder that does not exist yet.
pub(super) enum Place {
    /// Below `plugins/` of a checkout.
    House {
        /// The checkout.
        root: PathBuf,
        /// The crate's folder.
        folder: PathBuf,
    },
    /// Anywhere else, beside a checkout that has the SDK.
    Beside {
        /// The crate's folder.
        folder: PathBuf,
        /// The checkout.
        root: PathBuf,
        /// The same as the crate's manifest names it.
        shown: PathBuf,
    },
    /// Anywhere else, with the SDK from a repository.
    Alone {
        /// The crate's folder.
        folder: PathBuf,
        /// The repository.
        url: String,
        /// One commit of it.
        rev: Option<String>,
    },
}

impl Place {
    /// Decides by where the crate is to go.
    pub(super) fn find(here: &Path, path: Option<&Path>, sdk: Option<Sdk>, name: &Name) -> Result<Self, Failure> {
        let parent = match path {
            Some(path) => here.join(path),
            None => checkout_above(here).filter(|_| sdk.is_none()).map_or(here.to_owned(), |root| root.join("plugins")),
        };
        let parent = parent.canonicalize().ok().filter(|parent| parent.is_dir());
        let parent = parent.ok_or_else(|| {
            Failure::usage(format!("{} is no folder; make it, or say another --path", path.unwrap_or(here).display()))
        })?;
        let folder = parent.join(name.id());
        if folder.symlink_metadata().is_ok() {
            return Err(Failure::failed(format!(
                "{} is there already, and nothing of it is changed; take another id or --path",
                folder.display()
            )));
        }
        if let Some(root) = checkout_above(&parent) {
            return Self::in_house(root, folder, sdk.is_some());
        }
        match sdk {
            None => Err(Failure::usage(format!(
                "{} is in no checkout of Entrepot: say where the SDK is, with --sdk PATH of a checkout or --git URL",
                parent.display()
            ))),
            Some(Sdk::Git { url, rev }) => Ok(Self::Alone { folder, url, rev }),
            Some(Sdk::Path(given)) => {
                let root = checkout_of(&here.join(&given)).ok_or_else(|| {
                    let marks = MARKS.join(", ");
                    Failure::usage(format!("{} is no checkout of Entrepot, which has {marks}", given.display()))
                })?;
                // As it was given: a relative path goes along when both folders move.
                let shown = if given.is_absolute() { root.clone() } else { relative(&folder, &root) };
                Ok(Self::Beside { folder, root, shown })
            }
        }
    }

    fn in_house(root: PathBuf, folder: PathBuf, has_sdk: bool) -> Result<Self, Failure> {
        if has_sdk {
            return Err(Failure::usage(format!(
                "{} is in a checkout of Entrepot, whose own SDK is used: leave out --sdk and --git, or say a --path \
                 outside of {}",
                folder.display(),
                root.display()
            )));
        }
        if !folder.starts_with(root.join("plugins")) {
            let (root, plugins) = (root.display(), root.join("plugins"));
            return Err(Failure::usage(format!(
                "in the checkout {root} a plugin lives below {}; say such a --path, or one outside of the checkout",
                plugins.display()
            )));
        }
        Ok(Self::House { root, folder })
    }

    /// The crate's folder.
    pub(super) fn folder(&self) -> &Path {
        match self {
            Self::House { folder, .. } | Self::Beside { folder, .. } | Self::Alone { folder, .. } => folder,
        }
    }

    /// The lock file with the versions that the SDK was tested with; none where it is not at hand or not needed.
    pub(super) fn lock(&self) -> Option<PathBuf> {
        match self {
            Self::Beside { root, .. } => Some(root.join("Cargo.lock")).filter(|lock| lock.is_file()),
            Self::House { .. } | Self::Alone { .. } => None,
        }
    }

    /// Where a crate of Entrepot is, as an inline table of a manifest says it.
    pub(super) fn source(&self, folder: &str) -> String {
        let text = |value: &str| serde_json::Value::from(value).to_string();
        match self {
            Self::House { .. } => "workspace = true".to_owned(),
            Self::Beside { shown, .. } => format!("path = {}", text(&shown.join(folder).display().to_string())),
            Self::Alone { url, rev: None, .. } => format!("git = {}", text(url)),
            Self::Alone { url, rev: Some(rev), .. } => format!("git = {}, rev = {}", text(url), text(rev)),
        }
    }

    /// What its tests are run with.
    pub(super) fn test_command(&self, name: &Name) -> String {
        match self {
            Self::House { .. } => format!("cargo test -p {}", name.id()),
            Self::Beside { .. } | Self::Alone { .. } => "cargo test".to_owned(),
        }
    }

    /// What to do now. `shown` is the folder as the reader would type it.
    pub(super) fn next_steps(&self, name: &Name, shown: &str) -> Vec<String> {
        let (id, package, test) = (name.id(), name.package(), self.test_command(name));
        match self {
            Self::House { root, folder } => {
                let from_builtin = relative(&root.join("plugins/builtin"), folder);
                vec![
                    "next: build it in, with one line in each of two files".to_owned(),
                    format!("  plugins/builtin/Cargo.toml: {id} = {{ path = \"{}\" }}", from_builtin.display()),
                    format!("  plugins/builtin/src/lib.rs: {package}::plugin(),"),
                    format!("then: {test}; what to change is marked FILL IN"),
                ]
            }
            Self::Beside { .. } | Self::Alone { .. } => {
                vec![format!("next: cd {shown} && {test}; what to change is marked FILL IN")]
            }
        }
    }
}

/// The checkout that a folder is in.
fn checkout_above(folder: &Path) -> Option<PathBuf> {
    let folder = folder.canonicalize().ok()?;
    folder.ancestors().find(|folder| is_checkout(folder)).map(Path::to_owned)
}

/// A checkout by its root or its SDK.
fn checkout_of(given: &Path) -> Option<PathBuf> {
    let given = given.canonicalize().ok()?;
    let by_sdk = given.ends_with("plugins/sdk").then(|| given.ancestors().nth(2)).flatten();
    [Some(given.as_path()), by_sdk].into_iter().flatten().find(|folder| is_checkout(folder)).map(Path::to_owned)
}

fn is_checkout(folder: &Path) -> bool {
    MARKS.iter().all(|mark| folder.join(mark).is_file())
}

/// The way from one absolute folder to another.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(from, to)| from == to).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}
