//! Rust source as text: code without comments and strings, words, functions, names of plugins.
//!
//! No parser: a lexer that knows comments, strings and characters is enough for the rules, and it keeps
//! every line where it was, so that what is found can be named by its line.

/// The source with comments, strings and characters replaced by spaces; lines stay where they are.
pub fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match chars[at] {
            '/' if chars.get(at + 1) == Some(&'/') => line_end(&chars, at),
            '/' if chars.get(at + 1) == Some(&'*') => comment_end(&chars, at),
            '"' => string_end(&chars, at),
            '\'' => character_end(&chars, at),
            'r' | 'b' | 'c' if at == 0 || !is_word(chars[at - 1]) => prefixed_end(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn line_end(chars: &[char], start: usize) -> usize {
    let length = chars[start..].iter().position(|c| *c == '\n');
    length.map_or(chars.len(), |length| start + length)
}

/// Comments nest.
fn comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut at) = (0, start);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// A character, or no more than the quote of a lifetime.
fn character_end(chars: &[char], start: usize) -> usize {
    match (chars.get(start + 1), chars.get(start + 2)) {
        (Some('\\'), _) => {
            let close = chars.iter().skip(start + 3).position(|c| *c == '\'');
            close.map_or(start, |length| start + 3 + length + 1)
        }
        (Some(_), Some('\'')) => start + 3,
        _ => start,
    }
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `b'…'`, `c"…"`, or no literal at all.
fn prefixed_end(chars: &[char], start: usize) -> usize {
    let letters = chars[start..].iter().take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let raw = chars[start..start + letters].contains(&'r');
    let after = start + letters;
    let hashes = chars[after..].iter().take_while(|c| **c == '#').count();
    match chars.get(after + hashes) {
        Some('"') if raw && letters <= 2 => {
            let mut at = after + hashes + 1;
            while at < chars.len() {
                let closes =
                    chars[at] == '"' && chars[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
                if closes {
                    return at + 1 + hashes;
                }
                at += 1;
            }
            chars.len()
        }
        Some('"') if hashes == 0 && letters == 1 => string_end(chars, after),
        Some('\'') if hashes == 0 && chars[start..after] == ['b'] => character_end(chars, after),
        _ => start,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The 1-based line of a byte position.
pub fn line_of(text: &str, position: usize) -> usize {
    text[..position].matches('\n').count() + 1
}

/// The positions of a word in code (give it [`code_only`] text).
pub fn words(code: &str, word: &str) -> Vec<usize> {
    let found = code.match_indices(word).map(|(at, _)| at);
    let alone = |at: &usize| {
        !code[..*at].chars().next_back().is_some_and(is_word)
            && !code[*at + word.len()..].chars().next().is_some_and(is_word)
    };
    found.filter(alone).collect()
}

/// The lines where the lint is let off: `allow(… lint …)` or `expect(… lint …)`.
pub fn let_off(code: &str, lint: &str) -> Vec<usize> {
    let lets_off = |at: &usize| {
        let Some(open) = code[..*at].rfind('(') else {
            return false;
        };
        let before = code[..open].trim_end();
        before.ends_with("allow") || before.ends_with("expect")
    };
    words(code, lint).into_iter().filter(lets_off).map(|at| line_of(code, at)).collect()
}

/// The code with what stands under `#[cfg(test)]` replaced by spaces, and the source in the same way:
/// both keep their lines.
pub fn without_tests(source: &str) -> String {
    let code = code_only(source);
    let mut keep: Vec<bool> = vec![true; source.lines().count()];
    for (at, attribute) in code.match_indices("#[cfg(test)]") {
        let end = item_end(&code, at + attribute.len());
        let (first, last) = (line_of(&code, at), line_of(&code, end));
        for line in keep.iter_mut().take(last).skip(first - 1) {
            *line = false;
        }
    }
    let lines = source.lines().zip(keep).map(|(line, keep)| if keep { line } else { "" });
    lines.collect::<Vec<_>>().join("\n")
}

/// Where the item ends that begins at a position: at its `;`, or at the `}` that closes its first `{`.
fn item_end(code: &str, start: usize) -> usize {
    let (mut braces, mut others) = (0_i32, 0_i32);
    for (offset, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces <= 0 {
                    return start + offset;
                }
            }
            ';' if braces == 0 && others == 0 => return start + offset,
            _ => {}
        }
    }
    code.len().saturating_sub(1)
}

/// A function in a source.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`.
    pub line: usize,
    /// Its lines, first and last included.
    pub lines: usize,
}

/// The functions with a body, inner ones included.
pub fn functions(source: &str) -> Vec<Function> {
    let code = code_only(source);
    let mut functions = Vec::new();
    for at in words(&code, "fn") {
        let after = code[at + 2..].trim_start();
        let name: String = after.chars().take_while(|c| is_word(*c)).collect();
        // `fn(u8) -> u8` is a type, and `fn $name` stands in a macro.
        if name.is_empty() {
            continue;
        }
        let end = item_end(&code, at);
        let (line, last) = (line_of(&code, at), line_of(&code, end));
        if code[at..=end].ends_with('}') {
            functions.push(Function { name, line, lines: last - line + 1 });
        }
    }
    functions
}

/// The modules a crate's first file declares (`mod name;`), test modules left out.
pub fn declared_modules(source: &str) -> Vec<String> {
    let code = code_only(&without_tests(source));
    let declared = words(&code, "mod").into_iter().filter_map(|at| {
        let rest = code[at + 3..].trim_start();
        let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
        rest[name.len()..].trim_start().starts_with(';').then_some(name)
    });
    declared.collect()
}

/// The lines of a text that carry a plugin's name.
///
/// A name of several words is found as `simple-gate`, `simple_gate`, `SimpleGate` and `simple gate`;
/// part of a longer word is not: `octo` is not in `October`. With `exact`, only the name as written.
pub fn naming_lines(text: &str, name: &str, exact: bool) -> Vec<usize> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let lower = line.to_ascii_lowercase();
        let starts = lower.char_indices().map(|(at, _)| at);
        let named = starts
            .filter_map(|at| Some((at, name_end(&lower[at..], name, exact)? + at)))
            .any(|(start, end)| stands_alone(line, start, end));
        if named {
            lines.push(index + 1);
        }
    }
    lines
}

/// Where the name ends in a text that begins with it.
fn name_end(text: &str, name: &str, exact: bool) -> Option<usize> {
    if exact {
        return text.starts_with(name).then_some(name.len());
    }
    let mut rest = text;
    for (index, part) in name.split('-').enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(['-', '_', ' ']).unwrap_or(rest);
        }
        rest = rest.strip_prefix(part)?;
    }
    Some(text.len() - rest.len())
}

/// Between other letters a name stands alone only where the case changes: `myOcto`, `OctoChannel`.
fn stands_alone(line: &str, start: usize, end: usize) -> bool {
    let first_upper = line[start..].starts_with(|c: char| c.is_ascii_uppercase());
    let begins = match line[..start].chars().next_back() {
        Some(before) if before.is_alphanumeric() => first_upper && before.is_lowercase(),
        _ => true,
    };
    let ends = match line[end..].chars().next() {
        Some(after) if after.is_alphanumeric() => {
            let last_lower = line[..end].ends_with(|c: char| c.is_ascii_lowercase());
            after.is_ascii_digit() || (last_lower && after.is_uppercase())
        }
        _ => true,
    };
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds_unsafe(source: &str) -> bool {
        !words(&code_only(source), "unsafe").is_empty()
    }

    #[test]
    fn a_planted_unsafe_is_found() {
        assert!(finds_unsafe("fn f() { unsafe { g() } }"));
        assert!(finds_unsafe("#[unsafe(no_mangle)]\nfn f() {}"));
        assert!(finds_unsafe("fn f<'a>(x: &'a str) { unsafe {} } // 'a"));
        assert!(finds_unsafe("let q = '\"'; unsafe {} let r = '\\'';"));
        assert!(finds_unsafe("let s = r#\"a \" b\"#; unsafe {}"));
        assert!(finds_unsafe("let s = \"\\\\\"; unsafe {}"));
    }

    #[test]
    fn unsafe_in_a_comment_a_string_or_a_longer_word_is_not() {
        assert!(!finds_unsafe("// unsafe\n/* unsafe /* unsafe */ unsafe */ //! unsafe"));
        assert!(!finds_unsafe("let s = \"unsafe \\\" unsafe\"; let r = r#\"\" unsafe \"#;"));
        assert!(!finds_unsafe("let b = b\"unsafe\"; let c = c\"unsafe\"; let d = br##\"unsafe\"##;"));
        assert!(!finds_unsafe("#![deny(unsafe_code)] fn not_unsafe() {}"));
    }

    #[test]
    fn lines_stay_where_they_are() {
        let source = "/* a\nb */ \"c\nd\" // 漢\nfn f() {}";
        assert_eq!(code_only(source).lines().count(), source.lines().count());
        assert_eq!(code_only(source).lines().nth(3), Some("fn f() {}"));
    }

    #[test]
    fn a_lint_let_off_is_found_and_a_lint_set_is_not() {
        assert_eq!(let_off("\n#![allow(dead_code, unsafe_code)]", "unsafe_code"), [2]);
        assert_eq!(let_off("#[expect(unsafe_code, reason = x)]", "unsafe_code"), [1]);
        assert!(let_off("#![forbid(unsafe_code)]", "unsafe_code").is_empty());
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let source = "fn a(\n    x: [u8; 4],\n) -> u8\nwhere\n    u8: Copy,\n{\n    let s = \"}\"; // }\n    x[0]\n}\n\
                      trait T {\n    fn no_body(&self, f: fn(u8) -> u8);\n    fn one(&self) {}\n}\n";
        let found: Vec<(String, usize, usize)> =
            functions(source).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, [("a".to_owned(), 1, 9), ("one".to_owned(), 12, 1)]);
    }

    #[test]
    fn a_long_function_is_seen_to_be_long() {
        let source = format!("pub async fn long() {{\n{}}}\n", "    step();\n".repeat(80));
        assert_eq!(functions(&source)[0].lines, 82);
    }

    #[test]
    fn what_is_for_tests_is_left_out_and_lines_stay() {
        let source =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}";
        let names: Vec<(String, usize)> =
            functions(&without_tests(source)).into_iter().map(|f| (f.name, f.line)).collect();
        assert_eq!(names, [("a".to_owned(), 1), ("c".to_owned(), 6), ("d".to_owned(), 9)]);
    }

    #[test]
    fn declared_modules_are_those_in_files_of_their_own() {
        let source = "//! mod no;\npub mod a;\nmod b;\nmod inner { fn f() {} }\n#[cfg(test)]\nmod tests;";
        assert_eq!(declared_modules(source), ["a", "b"]);
    }

    #[test]
    fn a_plugin_is_found_however_it_is_written() {
        for text in ["use simple_gate::X;", "SimpleGate", "\"simple-gate\"", "// the simple gate", "SIMPLE_GATE_URL"] {
            assert_eq!(naming_lines(text, "simple-gate", false), [1], "{text}");
        }
        for text in ["struct OctoChannel;", "octo_channel", "myOcto", "octo2"] {
            assert_eq!(naming_lines(text, "octo", false), [1], "{text}");
        }
    }

    #[test]
    fn a_longer_word_names_no_plugin() {
        for text in ["October", "octopus", "proctor", "doctor"] {
            assert!(naming_lines(text, "octo", false).is_empty(), "{text}");
        }
        assert!(naming_lines("CodePool code_pool code-pools", "code-pool", true).is_empty());
        assert_eq!(naming_lines("\n\"code-pool\"", "code-pool", true), [2]);
    }
}
