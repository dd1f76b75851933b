//! Frames: four bytes with the length, most significant first, then so many bytes of JSON. The same both ways.
//!
//! A frame is a thin envelope around a message of the C table ([`entrepot_contract::abi`]): what kind of message it is,
//! of which instance, under which number.

use std::fmt;

use entrepot_contract::abi::MESSAGE_LIMIT_BYTES;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt};

/// What the envelope may take besides its message, in bytes.
const ENVELOPE_LIMIT_BYTES: usize = 1_024;

/// Longest frame either way, in bytes, without its length.
pub(super) const FRAME_LIMIT_BYTES: usize = MESSAGE_LIMIT_BYTES + ENVELOPE_LIMIT_BYTES;

/// What the host says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Give your manifest.
    Manifest,
    /// Open an instance.
    Open,
    /// A call.
    Call,
    /// A heartbeat.
    Beat,
    /// Stop a call.
    Cancel,
    /// The answer to a service request.
    Deliver,
    /// Stop an instance.
    Close,
}

impl Told {
    const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Open => "open",
            Self::Call => "call",
            Self::Beat => "beat",
            Self::Cancel => "cancel",
            Self::Deliver => "deliver",
            Self::Close => "close",
        }
    }
}

/// What the plugin says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// Its manifest.
    Manifest,
    /// The answer to a call or a heartbeat, or to the opening with call 0.
    Reply,
    /// A service request.
    Request,
    /// A log line.
    Log,
    /// The instance has stopped.
    Closed,
    /// Something added after this build; it is passed over.
    #[serde(other)]
    Unknown,
}

/// A frame of the plugin.
#[derive(Debug, Deserialize)]
pub(super) struct Heard<'a> {
    pub(super) kind: Said,
    #[serde(default)]
    pub(super) instance: u64,
    #[serde(default)]
    pub(super) call: u64,
    #[serde(default, borrow)]
    pub(super) message: Option<&'a RawValue>,
}

impl Heard<'_> {
    /// The message's bytes; none at all is an empty message, one that is too long is none.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        let bytes = self.message.map_or(&[] as &[u8], |message| message.get().as_bytes());
        (bytes.len() <= MESSAGE_LIMIT_BYTES).then_some(bytes)
    }
}

/// A frame of the host, with its length. `message` is JSON already, or empty.
pub(super) fn written(told: Told, instance: u64, call: u64, message: &[u8]) -> Vec<u8> {
    let head = format!("{{\"kind\":\"{}\",\"instance\":{instance},\"call\":{call}", told.name());
    let field: &[u8] = if message.is_empty() { b"" } else { b",\"message\":" };
    let length = head.len() + field.len() + message.len() + 1;
    let mut frame = Vec::with_capacity(length + 4);
    frame.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    for part in [head.as_bytes(), field, message, b"}"] {
        frame.extend_from_slice(part);
    }
    frame
}

/// Why no frame can be read any more. It follows "its process".
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Its announced length.
    TooLong(u32),
    /// The stream ended within one.
    Cut,
    /// No frame can be so long.
    Unreadable(String),
    /// The stream failed.
    Stream(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => {
                write!(f, "announced a frame of {length} bytes, at most {FRAME_LIMIT_BYTES} are read")?;
                let letters = length.to_be_bytes();
                if letters.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
                    f.write_str("; it looks like text: nothing but frames may go to its standard output")?;
                }
                Ok(())
            }
            Self::Cut => f.write_str("closed its standard output within a frame"),
            Self::Unreadable(why) => write!(f, "sent a frame that cannot be read: {why}"),
            Self::Stream(why) => write!(f, "cannot be read from: {why}"),
        }
    }
}

/// Reads one frame's bytes; none when the stream has ended between two frames.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<Vec<u8>>, Broken> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Broken::Cut,
        _ => Broken::Stream(error.to_string()),
    };
    let mut length = [0; 4];
    if stream.read(&mut length[..1]).await.map_err(failed)? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut length[1..]).await.map_err(failed)?;
    let length = u32::from_be_bytes(length);
    if length as usize > FRAME_LIMIT_BYTES {
        return Err(Broken::TooLong(length));
    }
    let mut bytes = vec![0; length as usize];
    stream.read_exact(&mut bytes).await.map_err(failed)?;
    Ok(Some(bytes))
}

/// The envelope of a frame.
pub(super) fn parsed(bytes: &[u8]) -> Result<Heard<'_>, Broken> {
    serde_json::from_slice(bytes).map_err(|error| Broken::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(text: &str) -> Vec<u8> {
        let mut bytes = u32::try_from(text.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    #[tokio::test]
    async fn what_is_written_is_read() {
        let mut bytes = written(Told::Call, 7, 9, b"{\"a\":1}");
        bytes.extend(written(Told::Beat, 7, 10, b""));
        let mut stream = bytes.as_slice();
        let first = read(&mut stream).await.unwrap().unwrap();
        assert_eq!(first, b"{\"kind\":\"call\",\"instance\":7,\"call\":9,\"message\":{\"a\":1}}");
        assert_eq!(read(&mut stream).await.unwrap().unwrap(), b"{\"kind\":\"beat\",\"instance\":7,\"call\":10}");
        assert_eq!(read(&mut stream).await, Ok(None));
    }

    #[test]
    fn an_envelope_may_say_little_and_more_than_is_known() {
        let heard =
            parsed(b"{\"kind\":\"reply\",\"instance\":3,\"call\":4,\"message\":{\"Ok\":1},\"new\":[]}").unwrap();
        assert_eq!((heard.kind, heard.instance, heard.call), (Said::Reply, 3, 4));
        assert_eq!(heard.bytes(), Some(b"{\"Ok\":1}".as_slice()));
        let bare = parsed(b"{\"kind\":\"something_new\"}").unwrap();
        assert_eq!((bare.kind, bare.instance, bare.bytes()), (Said::Unknown, 0, Some(b"".as_slice())));
        assert!(matches!(parsed(b"{\"instance\":3}"), Err(Broken::Unreadable(_))));
        assert!(matches!(parsed(b"[1]"), Err(Broken::Unreadable(_))));
    }

    #[tokio::test]
    async fn what_is_no_frame_is_told() {
        let told = async |bytes: &[u8]| read(&mut &*bytes).await.unwrap_err().to_string();
        assert!(told(&100_000_000_u32.to_be_bytes()).await.contains("100000000 bytes, at most"));
        assert!(told(b"Hello, world").await.contains("nothing but frames"));
        assert_eq!(read(&mut framed("{}")[..5].as_ref()).await, Err(Broken::Cut));
        assert_eq!(read(&mut [0_u8, 0].as_slice()).await, Err(Broken::Cut));
    }
}
