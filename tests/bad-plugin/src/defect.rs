//! The defects, as settings.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// What the plugin is opened with.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What is wrong with it.
    #[serde(default)]
    pub defect: Defect,
    /// What holds a thread does so until this file is there. Beside it stands a file for each call that began.
    #[serde(default)]
    pub until: Option<PathBuf>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// Nothing.
    #[default]
    None,
    /// It panics while it opens.
    PanicInOpen,
    /// It never opens.
    NeverOpens,
    /// It brings ready answers for a scene that its card does not name.
    StrayAnswers,
    /// It panics in a call.
    PanicInCall,
    /// It panics in a call with a value that panics when it is dropped.
    PanicTwice,
    /// What a call leaves behind panics when it is dropped, and so does the instance.
    PanicInDrop,
    /// It panics while it closes.
    PanicInClose,
    /// It never ends closing.
    NeverCloses,
    /// It sleeps on a worker.
    Block,
    /// It computes on a worker without end.
    Spin,
    /// It never answers.
    Hang,
    /// It answers with megabytes.
    Huge,
    /// It answers with a text that is longer than one may be, in a message that is not.
    Longwinded,
    /// It answers another call than it was asked.
    OtherAnswer,
    /// It declares that it inquires, and does not.
    Lie,
    /// It keeps everything that it is given, and logs long after the call.
    Leak,
}
