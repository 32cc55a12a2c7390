//! The user's text: its placeholder, the one SELECT it must be, and how its results are called.

mod aliases;
mod clauses;
mod lowering;
mod mistake;
mod naming;
mod reduced;
mod statement;

use datafusion::sql::sqlparser::ast::Statement;
use towpath_engine::{Error, Result};

pub(crate) use lowering::COLLATE_C;
pub(crate) use statement::{checked, folded, parsed};

pub(crate) use aliases::bare_order;
pub(crate) use naming::{name_results, result_name};

pub(crate) use mistake::{Place, Refusal, duplicate, external, find, nearest, refuse, value_error};

/// The name under which the source table is known to the planner.
pub(crate) const SOURCE: &str = "source";

/// A user's SELECT whose placeholders are replaced.
///
/// The replacement is as wide as the placeholder, so every position in it is one in the user's
/// own text.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    sql: String,
}

impl Template {
    /// Reads `text`.
    ///
    /// # Errors
    /// `Config`, if there is no placeholder, an unknown one, or a quote that is not closed.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let mut sql = String::with_capacity(text.len());
        let mut found = false;
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let skipped = opaque_length(rest, text, at)?;
            if skipped > 0 {
                sql.push_str(&rest[..skipped]);
                at += skipped;
                continue;
            }
            if let Some((name, length)) = placeholder(rest) {
                if name != SOURCE {
                    return Err(unknown_placeholder(name, Place::of_offset(text, at)));
                }
                push_replacement(&mut sql, &rest[..length]);
                found = true;
                at += length;
                continue;
            }
            let Some(next) = rest.chars().next() else {
                break;
            };
            sql.push(next);
            at += next.len_utf8();
        }
        if !found {
            return Err(
                refuse(None, "the SQL does not say where its rows come from")
                    .with_hint("write {{ source }} where the table's name would be"),
            );
        }
        Ok(Self { sql })
    }

    /// The SELECT over `source` in the user's own words, without the semicolon behind it.
    pub(crate) fn select(&self) -> &str {
        let mut at = 0;
        while let Some(next) = self.sql[at..].chars().next() {
            // A quote that is not closed was refused when the template was read.
            let skipped = opaque_length(&self.sql[at..], &self.sql, at).unwrap_or(0);
            if next == ';' {
                return &self.sql[..at];
            }
            at += skipped.max(next.len_utf8());
        }
        &self.sql
    }

    /// Checks that nothing comes after the SELECT.
    ///
    /// # Errors
    /// `Config`, if there is a second statement.
    pub(crate) fn check_end(&self) -> Result<()> {
        let mut rest = &self.sql[self.select().len()..];
        while let Some(next) = rest.chars().next() {
            let is_comment = rest.starts_with("--") || rest.starts_with("/*");
            let skipped = match is_comment {
                true => opaque_length(rest, rest, 0)?,
                false => next.len_utf8(),
            };
            if !is_comment && next != ';' && !next.is_whitespace() {
                let place = Place::of_offset(&self.sql, self.sql.len() - rest.len());
                return Err(refuse(Some(place), "a transform is exactly one SELECT")
                    .with_hint("join several into one with WITH or UNION ALL"));
            }
            rest = &rest[skipped..];
        }
        Ok(())
    }

    /// The SELECT of only these of its columns, for the same rows; `None` if there is none.
    pub(crate) fn select_of(&self, columns: &[String]) -> Option<String> {
        reduced::select_of(self.select(), columns)
    }

    /// The SELECT as it is written.
    ///
    /// # Errors
    /// `Config`, if it is not one SELECT.
    pub(crate) fn parsed(&self) -> Result<Statement> {
        statement::parse(&self.sql)
    }
}

/// Bytes of the literal, quoted identifier, comment or dollar quote that `rest` begins with.
fn opaque_length(rest: &str, text: &str, at: usize) -> Result<usize> {
    let unclosed = |what: &str| {
        refuse(
            Some(Place::of_offset(text, at)),
            format!("{what} is not closed"),
        )
    };
    if rest.starts_with('\'') {
        let escapes = text[..at].ends_with(['e', 'E']) && !is_in_word(&text[..at]);
        return quoted_length(rest, '\'', escapes).ok_or_else(|| unclosed("a string"));
    }
    if rest.starts_with('"') {
        return quoted_length(rest, '"', false).ok_or_else(|| unclosed("a quoted name"));
    }
    if rest.starts_with("--") {
        return Ok(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return comment_length(rest).ok_or_else(|| unclosed("a comment"));
    }
    if rest.starts_with('$')
        && !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
        && let Some(tag) = dollar_tag(rest)
    {
        return match rest[tag.len()..].find(tag) {
            Some(end) => Ok(end + 2 * tag.len()),
            None => Err(unclosed("a dollar-quoted string")),
        };
    }
    Ok(0)
}

/// Whether the `e` at the end of `before` ends a longer word.
fn is_in_word(before: &str) -> bool {
    let mut chars = before.chars().rev().skip(1);
    chars
        .next()
        .is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

fn quoted_length(rest: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if *next == quote => {
                    chars.next();
                }
                _ => return Some(at + quote.len_utf8()),
            }
        }
    }
    None
}

/// Comments nest in PostgreSQL.
fn comment_length(rest: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = 0;
    loop {
        let tail = &rest[at..];
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += tail.chars().next()?.len_utf8();
        }
    }
}

fn dollar_tag(rest: &str) -> Option<&str> {
    let end = rest[1..].find('$')? + 1;
    let name = &rest[1..end];
    let is_tag = name
        .chars()
        .enumerate()
        .all(|(at, c)| c == '_' || c.is_alphabetic() || (at > 0 && c.is_ascii_digit()));
    is_tag.then(|| &rest[..=end])
}

/// The name in the placeholder that `rest` begins with, and the placeholder's bytes.
fn placeholder(rest: &str) -> Option<(&str, usize)> {
    let close = match rest.get(..2)? {
        "{{" => "}}",
        "<<" => ">>",
        _ => return None,
    };
    let end = rest.find(close)?;
    let name = rest[2..end].trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    // `a << b >> c` is arithmetic, if anything: only the name itself makes it a placeholder.
    let is_placeholder = is_name && (close == "}}" || name.eq_ignore_ascii_case(SOURCE));
    is_placeholder.then_some((name, end + 2))
}

/// Appends the identifier in the placeholder's own place: blanks for brackets, lines kept.
fn push_replacement(sql: &mut String, placeholder: &str) {
    let inner = &placeholder[2..placeholder.len() - 2];
    sql.push_str("  ");
    sql.push_str(&inner.replace(inner.trim(), SOURCE));
    sql.push_str("  ");
}

fn unknown_placeholder(name: &str, place: Place) -> Error {
    let error = refuse(Some(place), format!("there is no placeholder {name:?}"));
    match nearest(&name.to_lowercase(), [SOURCE]) {
        Some(_) => error.with_hint("did you mean {{ source }}?"),
        None => error.with_hint("the only placeholder is {{ source }}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_replaced_in_place() {
        check(
            "SELECT a FROM {{ source }} s",
            "SELECT a FROM    source    s",
        );
        check("SELECT a FROM {{source}}", "SELECT a FROM   source  ");
        check("SELECT a FROM << source >>", "SELECT a FROM    source   ");
    }

    #[test]
    fn quotes_and_comments_are_left_alone() {
        for quoted in [
            "'{{ source }}'",
            "'it''s {{ x }}'",
            r"E'\'{{ x }}'",
            "\"{{ x }}\"",
            "/* {{ x }} /* {{ y }} */ */",
            "$$ {{ x }} $$",
            "$t$ {{ x }} $t$",
        ] {
            check(
                &format!("SELECT {quoted} a FROM {{{{source}}}}"),
                &format!("SELECT {quoted} a FROM   source  "),
            );
        }
        check(
            "SELECT 1 -- {{ x }}\nFROM {{source}}",
            "SELECT 1 -- {{ x }}\nFROM   source  ",
        );
    }

    #[test]
    fn the_select_ends_before_its_semicolon() {
        let template = Template::new("SELECT ';' -- ;\n FROM {{ source }} ; -- all").unwrap();
        assert_eq!(template.select().trim(), "SELECT ';' -- ;\n FROM    source");
    }

    #[test]
    fn an_unknown_placeholder_is_refused_where_it_is() {
        let err = Template::new("SELECT *\n FROM {{ sorce }}").unwrap_err();
        insta::assert_snapshot!(err, @r#"there is no placeholder "sorce", at line 2, column 7"#);
        assert_eq!(err.hint(), Some("did you mean {{ source }}?"));
    }

    #[test]
    fn a_text_without_placeholder_is_refused() {
        let err = Template::new("SELECT 1").unwrap_err();
        insta::assert_snapshot!(err, @"the SQL does not say where its rows come from");
    }

    #[test]
    fn an_open_quote_is_refused_where_it_begins() {
        let err = Template::new("SELECT 'a FROM {{ source }}").unwrap_err();
        insta::assert_snapshot!(err, @"a string is not closed, at line 1, column 8");
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(Template::new(text).unwrap().sql, expected);
    }
}
