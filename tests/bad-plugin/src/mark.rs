//! A place in the compiled file that a test overwrites: many libraries from one build.

/// How the place begins. Tests look for it; the library itself never names it, so that it stands there once.
pub const PREFIX: &str = "entrepot-bad-plugin-mark:";

/// Bytes of the place, the prefix included.
pub const LENGTH: usize = 57;

#[used]
static MARK: [u8; LENGTH] = *b"entrepot-bad-plugin-mark:none                            ";

/// What this library was marked with; `none` as it was built.
#[must_use]
pub fn mark() -> &'static str {
    // The compiler must not know what stands there.
    let mark = std::hint::black_box(&MARK);
    std::str::from_utf8(&mark[25..]).map_or("", str::trim)
}

/// A copy of a library's bytes with another mark; none where there is no place for it.
#[must_use]
pub fn marked(library: &[u8], mark: &str) -> Option<Vec<u8>> {
    let room = LENGTH - PREFIX.len();
    let mark = format!("{mark:room$}");
    let at = library.windows(PREFIX.len()).position(|window| window == PREFIX.as_bytes())?;
    let mut copy = library.to_vec();
    copy.get_mut(at + PREFIX.len()..at + LENGTH)?.copy_from_slice(mark.as_bytes().get(..room)?);
    Some(copy)
}
