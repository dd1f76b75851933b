//! The commands and files of the guide, read from the page itself, so that page and test cannot drift apart.

use std::fs;

use crate::checkout;

/// The part of the page that is followed.
const CHAPTER: &str = "## From nothing to a supplier that passes";

/// What the page tells its reader to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Type this.
    Command(String),
    /// Write this file; its name is the first line, as a comment.
    File {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
    },
}

/// The steps of the chapter, in order.
///
/// # Panics
/// When the page or the chapter is not there.
pub fn steps() -> Vec<Step> {
    let page = fs::read_to_string(checkout::here().join("docs/plugin-guide.md")).unwrap();
    let (_, chapter) = page.split_once(CHAPTER).unwrap_or_else(|| panic!("docs/plugin-guide.md has no {CHAPTER:?}"));
    let chapter = chapter.split_once("\n## ").map_or(chapter, |(chapter, _)| chapter);
    let mut steps = Vec::new();
    let mut lines = chapter.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match language {
            "sh" => steps.extend(block.iter().map(|line| Step::Command((*line).to_owned()))),
            "toml" => {
                let name = block.first().and_then(|line| line.strip_prefix("# "));
                let name = name.unwrap_or_else(|| panic!("a block of the guide says no file's name: {block:?}"));
                steps.push(Step::File { name: name.to_owned(), text: block.join("\n") });
            }
            other => panic!("the guide has a block of {other:?}: nobody knows what its reader does with it"),
        }
    }
    steps
}
