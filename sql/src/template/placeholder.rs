//! Placeholders: where they are in a user's text, and the tables they stand for.

use towpath_engine::source::SOURCE;
use towpath_engine::table::{TableName, ident};
use towpath_engine::transform::{Reference, ReferencedTable};
use towpath_engine::{Error, Result};

use super::mistake::{Place, nearest, refuse};
use super::opaque_length;

/// The name under which the table that is written is known to the planner.
const DESTINATION: &str = "destination";

/// How placeholders are written.
pub(super) const SPELLINGS: &str = "write {{ source }}, {{ source('schema.table') }}, {{ source('connection', 'schema.table') }} \
     or {{ destination }}";

/// Words that may come after a table in FROM and are no alias of it.
///
/// Source: PostgreSQL documentation, appendix "SQL Key Words": those that cannot be a column's name.
const AFTER_A_TABLE: [&str; 23] = [
    "cross",
    "except",
    "fetch",
    "for",
    "full",
    "group",
    "having",
    "inner",
    "intersect",
    "join",
    "left",
    "limit",
    "natural",
    "offset",
    "on",
    "order",
    "right",
    "tablesample",
    "union",
    "using",
    "where",
    "window",
    "returning",
];

/// A placeholder at the beginning of a text.
pub(super) struct Placeholder<'a> {
    name: &'a str,
    /// What is in its parentheses; `None` if it has none.
    arguments: Option<&'a str>,
    /// Its bytes, brackets included.
    pub(super) length: usize,
}

impl<'a> Placeholder<'a> {
    /// The placeholder that `rest` begins with.
    pub(super) fn at_start(rest: &'a str) -> Option<Self> {
        let close = match rest.get(..2)? {
            "{{" => "}}",
            "<<" => ">>",
            _ => return None,
        };
        let end = rest.find(close)?;
        let inner = rest[2..end].trim();
        let (name, arguments) = match inner.split_once('(') {
            Some((name, arguments)) => (name.trim_end(), Some(arguments.strip_suffix(')')?)),
            None => (inner, None),
        };
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        // `a << b >> c` is arithmetic, if anything: only the name itself makes it a placeholder.
        let is_placeholder = is_name && (close == "}}" || name.eq_ignore_ascii_case(SOURCE));
        is_placeholder.then_some(Self {
            name,
            arguments,
            length: end + 2,
        })
    }

    /// What it stands for; `None` if that is the stream's own table.
    ///
    /// # Errors
    /// `Config`, if there is no such placeholder, or it takes other arguments.
    pub(super) fn table(&self, place: Place) -> Result<Option<ReferencedTable>> {
        let malformed = |message: String| refuse(Some(place), message).with_hint(SPELLINGS);
        let Some(arguments) = self.arguments else {
            return match self.name {
                SOURCE => Ok(None),
                DESTINATION => Ok(Some(ReferencedTable::Destination)),
                _ => Err(self.unknown(place)),
            };
        };
        if self.name != SOURCE {
            return Err(match self.name {
                DESTINATION => {
                    malformed("{{ destination }} takes nothing in parentheses".to_owned())
                }
                _ => self.unknown(place),
            });
        }
        let Some(texts) = quoted_texts(arguments) else {
            let message = format!("source({arguments}) does not name a table in quotes");
            return Err(malformed(message));
        };
        let name = |text: &str| -> Result<TableName> {
            let name: Result<TableName> = text.parse();
            name.map_err(|err| malformed(err.to_string()))
        };
        Ok(Some(match &*texts {
            [table] => ReferencedTable::Source(name(table)?),
            [connection, table] => ReferencedTable::Other {
                connection: connection.trim().to_owned(),
                table: name(table)?,
            },
            _ => {
                return Err(malformed(format!(
                    "source({arguments}) takes one name, or two"
                )));
            }
        }))
    }

    fn unknown(&self, place: Place) -> Error {
        let error = refuse(
            Some(place),
            format!("there is no placeholder {:?}", self.name),
        );
        match nearest(&self.name.to_lowercase(), [SOURCE, DESTINATION]) {
            Some(near) => error.with_hint(format!("did you mean {{{{ {near} }}}}?")),
            None => error.with_hint(SPELLINGS),
        }
    }
}

/// The strings in `text`, which are separated by commas; `None` if there is anything else.
fn quoted_texts(text: &str) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    let mut rest = text.trim();
    loop {
        let quote = rest.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        let inner = &rest[1..];
        let end = inner.find(quote)?;
        texts.push(inner[..end].to_owned());
        rest = inner[end + 1..].trim_start();
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return rest.is_empty().then_some(texts),
        }
    }
}

/// The tables that a text refers to, each once.
#[derive(Debug, Default)]
pub(super) struct References(Vec<Reference>);

impl References {
    /// What stands in the place of a placeholder for `table` in `text`, before `after`: the name of
    /// its rows, and its own name as alias unless there is one.
    pub(super) fn replacement(
        &mut self,
        table: ReferencedTable,
        (text, after): (&str, &str),
    ) -> String {
        let alias = match &table {
            ReferencedTable::Source(name) | ReferencedTable::Other { table: name, .. } => {
                ident(&name.name)
            }
            ReferencedTable::Destination => DESTINATION.to_owned(),
        };
        if after.trim_start().starts_with('.') {
            return alias;
        }
        let name = self.name(table, text);
        match name == alias || has_alias(after) {
            true => name,
            false => format!("{name} AS {alias}"),
        }
    }

    /// The name of the rows of `table`: one that `text` does not hold.
    fn name(&mut self, table: ReferencedTable, text: &str) -> String {
        if let Some(known) = self.0.iter().find(|known| known.table == table) {
            return known.name.clone();
        }
        let is_free = |name: &String| {
            !text.contains(&**name) && self.0.iter().all(|other| other.name != *name)
        };
        let mut numbered = (2..).map(|number| format!("{SOURCE}_{number}"));
        let name = match table {
            ReferencedTable::Destination => DESTINATION.to_owned(),
            _ => numbered.find(is_free).unwrap_or_default(),
        };
        self.0.push(Reference {
            name: name.clone(),
            table,
        });
        name
    }

    /// All of them, in the order in which the text names them.
    pub(super) fn into_inner(self) -> Vec<Reference> {
        self.0
    }
}

/// Whether `after`, which is behind a table in FROM, begins with an alias.
fn has_alias(after: &str) -> bool {
    let mut rest = after.trim_start();
    while rest.starts_with("--") || rest.starts_with("/*") {
        // A comment that is not closed is refused when it is reached.
        let skipped = opaque_length(rest, rest, 0).unwrap_or(rest.len());
        rest = rest[skipped..].trim_start();
    }
    let is_in_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = rest.split(|c| !is_in_word(c)).next().unwrap_or_default();
    let is_number = word.starts_with(|c: char| c.is_ascii_digit());
    rest.starts_with('"')
        || !word.is_empty() && !is_number && !AFTER_A_TABLE.contains(&&*word.to_ascii_lowercase())
}
