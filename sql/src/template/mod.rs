//! The user's text: its placeholder, the one SELECT it must be, and how its results are called.

mod aliases;
mod clauses;
mod grammar;
mod lowering;
mod mistake;
mod naming;
mod placeholder;
mod statement;

use datafusion::sql::sqlparser::ast::Statement;
use towpath_engine::Result;
use towpath_engine::transform::Reference;

pub(crate) use lowering::COLLATE_C;
pub(crate) use statement::{checked, folded, may_fail, names_collations, parsed};

pub(crate) use aliases::bare_order;
pub(crate) use naming::{name_results, result_name};

pub(crate) use mistake::{
    AT_SOURCE, Place, Refusal, duplicate, external, find, nearest, refuse, value_error,
};

pub(crate) use towpath_engine::source::SOURCE;

use placeholder::{Placeholder, References, SPELLINGS};

/// A user's SELECT whose placeholders are replaced.
///
/// A replacement is as wide as its placeholder, so every position in it is one in the user's own
/// text.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    sql: String,
    references: Vec<Reference>,
    /// Where `==` stands, which the parser takes for `=`, and PostgreSQL does not.
    double_equals: Option<Place>,
}

impl Template {
    /// Reads `text`.
    ///
    /// # Errors
    /// `Config`, if there is no placeholder, an unknown one, or a quote that is not closed.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let mut sql = String::with_capacity(text.len());
        let mut references = References::default();
        let mut double_equals = None;
        let mut found = false;
        let mut at = 0;
        check_first_word(text)?;
        while at < text.len() {
            let rest = &text[at..];
            let skipped = opaque_length(rest, text, at)?;
            if skipped > 0 {
                sql.push_str(&rest[..skipped]);
                at += skipped;
                continue;
            }
            if let Some(placeholder) = Placeholder::at_start(rest) {
                let (own, after) = rest.split_at(placeholder.length);
                let replacement = match placeholder.table(Place::of_offset(text, at))? {
                    Some(table) => references.replacement(table, (text, after)),
                    None => {
                        found = true;
                        SOURCE.to_owned()
                    }
                };
                push_replacement(&mut sql, own, &replacement);
                at += own.len();
                continue;
            }
            let Some(next) = rest.chars().next() else {
                break;
            };
            if rest.starts_with("{{") {
                let place = Place::of_offset(text, at);
                return Err(refuse(Some(place), "{{ begins no placeholder").with_hint(SPELLINGS));
            }
            if rest.starts_with("==") {
                double_equals.get_or_insert(Place::of_offset(text, at));
            }
            sql.push(next);
            at += next.len_utf8();
        }
        if !found {
            return Err(
                refuse(None, "the SQL does not say where its rows come from")
                    .with_hint("write {{ source }} where the table's name would be"),
            );
        }
        Ok(Self {
            sql,
            references: references.into_inner(),
            double_equals,
        })
    }

    /// The tables that it reads beside the source, and what it calls them.
    pub(crate) fn references(&self) -> &[Reference] {
        &self.references
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

    /// The SELECT as it is written.
    ///
    /// # Errors
    /// `Config`, if it is not one SELECT.
    pub(crate) fn parsed(&self) -> Result<Statement> {
        if self.double_equals.is_some() {
            let message = "operator == does not exist";
            return Err(refuse(self.double_equals, message).with_hint("write ="));
        }
        statement::parse(&self.sql)
    }
}

/// Words that begin statements which are no SELECT.
const OTHER_STATEMENTS: [&str; 13] = [
    "alter", "call", "copy", "create", "delete", "do", "drop", "explain", "insert", "merge", "set",
    "truncate", "update",
];

/// Checks that `text` does not begin as another statement than a SELECT.
///
/// # Errors
/// `Config`, with the word that it begins with.
fn check_first_word(text: &str) -> Result<()> {
    let mut rest = text;
    while let Some(next) = rest.chars().next().filter(|next| !next.is_alphabetic()) {
        let is_comment = rest.starts_with("--") || rest.starts_with("/*");
        let skipped = match (is_comment, next) {
            (true, _) => opaque_length(rest, text, text.len() - rest.len())?,
            (false, '(') => 1,
            (false, next) if next.is_whitespace() => next.len_utf8(),
            _ => return Ok(()),
        };
        rest = &rest[skipped..];
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    let word = &rest[..end.unwrap_or(rest.len())];
    let mut others = OTHER_STATEMENTS.iter();
    if !others.any(|other| other.eq_ignore_ascii_case(word)) {
        return Ok(());
    }
    let place = Place::of_offset(text, text.len() - rest.len());
    let message = format!("a transform is a SELECT, not {}", word.to_uppercase());
    Err(refuse(Some(place), message)
        .with_hint("the write mode says what becomes of its rows: upsert, append, replace, mirror"))
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

/// Appends what stands for the placeholder in its own place: as wide as it was if that is possible,
/// with as many lines.
fn push_replacement(sql: &mut String, placeholder: &str, replacement: &str) {
    let blank = |c: char| if c == '\n' { c } else { ' ' };
    let own: Vec<char> = placeholder.chars().map(blank).collect();
    let width = replacement.chars().count();
    let inner = placeholder[2..].trim_start();
    let before = placeholder.chars().count() - inner.chars().count();
    let before = if before + width <= own.len() {
        before
    } else {
        0
    };
    let behind = own.len().min(before + width);
    sql.extend(&own[..before]);
    sql.push_str(replacement);
    sql.extend(own[before..behind].iter().filter(|c| **c == '\n'));
    sql.extend(&own[behind..]);
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
    fn a_placeholder_that_is_not_closed_is_refused_where_it_is() {
        for sql in [
            "SELECT {{ source('x' }}",
            "SELECT {{ source",
            "SELECT {{ source('x }}",
        ] {
            let err = Template::new(sql).unwrap_err().to_string();
            assert_eq!(
                err, "{{ begins no placeholder, at line 1, column 8",
                "{sql}"
            );
        }
    }

    #[test]
    fn what_is_no_select_is_refused_by_its_first_word() {
        for sql in [
            "delete FROM {{ source }}",
            "-- SELECT\n /* all */ delete FROM {{ source }}",
        ] {
            let err = Template::new(sql).unwrap_err().to_string();
            let (found, _) = err.split_once(", at line").unwrap();
            assert_eq!(found, "a transform is a SELECT, not DELETE", "{sql}");
        }
        check(
            "((VALUES (1), ({{source}})))",
            "((VALUES (1), (  source  )))",
        );
        check(
            " -- delete\nTABLE {{source}}",
            " -- delete\nTABLE   source  ",
        );
    }

    #[test]
    fn other_tables_have_names_of_their_own_and_keep_theirs_as_alias() {
        check(
            "SELECT * FROM {{ source }} s, {{ source('shop.customers') }}",
            r#"SELECT * FROM    source    s,    source_2 AS "customers"    "#,
        );
        check(
            "SELECT * FROM {{source}} JOIN {{source('t')}} ON true",
            r#"SELECT * FROM   source   JOIN source_2 AS "t" ON true"#,
        );
        for alias in ["c", "AS c", "\"C\"", "-- it\nc"] {
            check(
                &format!("SELECT * FROM {{{{source}}}}, {{{{ source('crm', 'a.b') }}}} {alias}"),
                &format!("SELECT * FROM   source  ,    source_2                {alias}"),
            );
        }
        check(
            "SELECT {{ source('a.b') }}.x FROM {{source}}, {{ source('a.b') }}",
            r#"SELECT    "b"             .x FROM   source  ,    source_2 AS "b" "#,
        );
        check(
            "SELECT * FROM {{source}} WHERE a NOT IN (SELECT a FROM {{ destination }})",
            "SELECT * FROM   source   WHERE a NOT IN (SELECT a FROM    destination   )",
        );
    }

    #[test]
    fn references_are_told_once_in_their_order() {
        let sql = "SELECT source_2 FROM {{source}}, {{ source('b') }}, {{source(\"x\", 'A.\"B\"')}}, \
                   {{ source('public.b') }}, {{ destination }}";
        let template = Template::new(sql).unwrap();
        let names: Vec<String> = template
            .references()
            .iter()
            .map(|reference| format!("{} {:?}", reference.name, reference.table))
            .collect();
        insta::assert_snapshot!(names.join("\n"), @r#"
        source_3 Source(TableName { schema: "public", name: "b" })
        source_4 Other { connection: "x", table: TableName { schema: "a", name: "B" } }
        destination Destination
        "#);
    }

    #[test]
    fn a_placeholder_that_names_no_table_is_refused_where_it_is() {
        for (placeholder, message) in [
            ("{{ source() }}", "source() does not name a table in quotes"),
            (
                "{{ source(a) }}",
                "source(a) does not name a table in quotes",
            ),
            (
                "{{ source('a' 'b') }}",
                "source('a' 'b') does not name a table in quotes",
            ),
            (
                "{{ source('a', 'b', 'c') }}",
                "source('a', 'b', 'c') takes one name, or two",
            ),
            (
                "{{ destination('a') }}",
                "{{ destination }} takes nothing in parentheses",
            ),
            ("{{ ref('a') }}", "there is no placeholder \"ref\""),
        ] {
            let err = Template::new(&format!("SELECT * FROM {{{{source}}}}, {placeholder}"));
            let expected = format!("{message}, at line 1, column 27");
            assert_eq!(err.unwrap_err().to_string(), expected);
        }
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
