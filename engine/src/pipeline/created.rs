//! What a created table gets from the source's beside columns and key, and what it does not get.

use super::Stream;
use crate::error::{ErrorKind, Result};
use crate::postgres::addition::{Advance, Filling};
use crate::postgres::catalog::{ColumnDefinition, Definition, IndexDefinition, Sequence};
use crate::postgres::{Connection, catalog, server_error};
use crate::sink::{LoadColumn, LoadPlan, WriteMode};
use crate::table::{Column, Identity, Table, ident};
use crate::transform::{OutputColumn, TransformPlan};

/// What is asked, and of whom.
pub(super) struct CreationInput<'a> {
    pub(super) stream: &'a Stream,
    /// The source's table.
    pub(super) table: &'a Table,
    pub(super) transform: &'a dyn TransformPlan,
    pub(super) source: &'a Connection,
    pub(super) destination: &'a Connection,
    /// Whether types are created first: then expressions may mean something that mean nothing yet,
    /// and the stream is planned again.
    pub(super) awaits_types: bool,
}

/// What there is to say of a created table.
#[derive(Default)]
pub(super) struct Told {
    /// What it does not get.
    pub(super) not_copied: Vec<String>,
    /// What it gets in another form.
    pub(super) notes: Vec<String>,
}

/// Plans what the table that `load` creates gets after its rows.
///
/// # Errors
/// `Read`, if a catalogue cannot be read.
pub(super) async fn plan_created(input: &CreationInput<'_>, load: &mut LoadPlan) -> Result<Told> {
    let definition = catalog::definition(input.source, input.table.oid).await?;
    let mut planner = Planner {
        input,
        definition: &definition,
        load,
        told: Told::default(),
    };
    for (at, output) in input.transform.columns().iter().enumerate() {
        planner.column(at, output).await?;
    }
    match (&definition.comment, input.transform.keeps_rows_apart()) {
        (Some(comment), true) => planner.load.additions.comment = Some(comment.clone()),
        (Some(_), false) => planner.leave_out("the comment: the SQL makes other rows"),
        (None, _) => {}
    }
    planner.indexes().await?;
    let mut told = planner.told;
    told.not_copied.extend(definition.rest);
    Ok(told)
}

struct Planner<'a> {
    input: &'a CreationInput<'a>,
    definition: &'a Definition,
    load: &'a mut LoadPlan,
    told: Told,
}

impl Planner<'_> {
    fn leave_out(&mut self, what: impl Into<String>) {
        self.told.not_copied.push(what.into());
    }

    /// Plans what the column at `at` of the result gets, if the source's is carried.
    async fn column(&mut self, at: usize, output: &OutputColumn) -> Result<()> {
        let Some((there, definition)) = self.carried(output) else {
            return Ok(());
        };
        let name = &output.name;
        if let Some(comment) = &definition.comment {
            let comments = &mut self.load.additions.column_comments;
            comments.push((name.clone(), comment.clone()));
        }
        if let Some(sql) = &definition.generation {
            self.leave_out(format!(
                "generation expression of column {name:?}: {sql}; it holds the source's values"
            ));
        }
        self.collation(at).await?;
        let sequence = definition.sequence.filter(|sequence| sequence.fills_column);
        match (sequence, definition.default) {
            (Some(sequence), default) => self.identity(at, &there, sequence, default),
            (None, Some(sql)) => self.default(at, &there, sql).await?,
            (None, None) => {}
        }
        Ok(())
    }

    /// The source's column that `output` carries.
    fn carried(&self, output: &OutputColumn) -> Option<(Column, ColumnDefinition)> {
        let name = output.source_column.as_ref()?;
        let column = self.input.table.column(name)?;
        Some((column.clone(), self.definition.column(name)?.clone()))
    }

    /// Takes a collation back that the destination does not have, and tells if it is another one.
    async fn collation(&mut self, at: usize) -> Result<()> {
        let LoadColumn {
            name, collation, ..
        } = &self.load.columns[at];
        let (name, Some(collation)) = (name.clone(), collation.clone()) else {
            return Ok(());
        };
        let here = catalog::collation(self.input.source, &collation).await?;
        let Some(there) = catalog::collation(self.input.destination, &collation).await? else {
            self.load.columns[at].collation = None;
            self.leave_out(format!(
                "collation {collation} of column {name:?}: it is missing in the destination"
            ));
            return Ok(());
        };
        let differs = match here {
            Some(here) if here.is_deterministic && !there.is_deterministic => {
                "takes different strings for equal"
            }
            Some(here) if there.is_deterministic && !here.is_deterministic => {
                "tells strings apart that are equal at the source"
            }
            Some(here) if here.provider != there.provider => "is of another provider",
            _ => return Ok(()),
        };
        let note = format!("collation {collation} of column {name:?} {differs} there");
        self.told.notes.push(note);
        Ok(())
    }

    /// Plans the default `sql` of a column, if it can mean anything in the destination.
    async fn default(&mut self, at: usize, there: &Column, sql: String) -> Result<()> {
        let LoadColumn { name, type_sql, .. } = &self.load.columns[at];
        let name = name.clone();
        let reason = if *type_sql != there.pg_type.sql {
            Some(format!("the column is of type {type_sql} there"))
        } else {
            let probe = format!("SELECT WHERE (({sql})::{type_sql}) IS NULL");
            self.refusal(&probe).await?
        };
        match reason {
            None => {
                let fillings = &mut self.load.additions.fillings;
                fillings.push((name, Filling::Default(sql)));
            }
            Some(reason) => {
                self.leave_out(format!("default of column {name:?}: {sql} ({reason})"));
            }
        }
        Ok(())
    }

    /// Plans an identity for a column that a sequence fills, whose `default` draws from it unless
    /// it is an identity at the source.
    fn identity(&mut self, at: usize, there: &Column, sequence: Sequence, default: Option<String>) {
        let column = &self.load.columns[at];
        let name = column.name.clone();
        let what = match default {
            Some(sql) => format!("default of column {name:?}: {sql}"),
            None => format!("identity of column {name:?}"),
        };
        let in_key = self.load.key.contains(&name);
        let Some((least, greatest)) = integer_bounds(&column.type_sql) else {
            let reason = format!("an identity cannot be of type {}", column.type_sql);
            return self.leave_out(format!("{what} ({reason})"));
        };
        if !column.not_null && !in_key {
            return self.leave_out(format!("{what} (an identity cannot hold NULL)"));
        }
        let updates = self.load.write != WriteMode::Append && !in_key;
        let identity = match there.identity {
            Some(Identity::Always) if updates => {
                self.told.notes.push(format!(
                    "column {name:?} becomes GENERATED BY DEFAULT: what is GENERATED ALWAYS \
                     cannot be updated by later runs"
                ));
                Identity::ByDefault
            }
            Some(identity) => identity,
            None => {
                self.told.notes.push(format!(
                    "column {name:?} becomes GENERATED BY DEFAULT AS IDENTITY in place of a \
                     default of {}",
                    sequence.name
                ));
                Identity::ByDefault
            }
        };
        if !sequence.is_readable {
            self.told.notes.push(unreadable_position(&sequence));
        }
        let within = |value: i64| value.clamp(least, greatest);
        let sequence = Sequence {
            start: within(sequence.start),
            min: within(sequence.min),
            max: within(sequence.max),
            ..sequence
        };
        let additions = &mut self.load.additions;
        additions.advances.push(Advance {
            column: name.clone(),
            sequence: None,
            counts: sequence.clone(),
            source_value: sequence.last_value,
        });
        let filling = Filling::Identity(identity, sequence);
        additions.fillings.push((name, filling));
    }

    /// Plans the source's indexes that the created table does not have by its key.
    async fn indexes(&mut self) -> Result<()> {
        for index in &self.definition.indexes {
            let is_key = index.is_unique && !index.is_exclusion && index.is_valid;
            if is_key
                && self
                    .key_at_source()
                    .is_some_and(|key| index.key == Some(key))
            {
                continue;
            }
            if !self.input.stream.options.with_indexes {
                self.leave_out(index.describe());
                continue;
            }
            match self.refuse_index(index).await? {
                None => self.load.additions.indexes.push(index.clone()),
                Some(reason) => self.leave_out(format!("{} ({reason})", index.describe())),
            }
        }
        Ok(())
    }

    /// The created table's key under its names at the source.
    fn key_at_source(&self) -> Option<Vec<String>> {
        let columns = self.input.transform.columns();
        let source = |name: &String| {
            let column = columns.iter().find(|column| column.name == *name)?;
            column.source_column.clone()
        };
        let key: Option<Vec<String>> = self.load.key.iter().map(source).collect();
        key.filter(|key| !key.is_empty())
    }

    /// Why `index` cannot be built on the created table, as far as can be told.
    async fn refuse_index(&self, index: &IndexDefinition) -> Result<Option<String>> {
        if let Some(reason) = self.refuse_shape(index) {
            return Ok(Some(reason));
        }
        let destination = self.input.destination;
        if destination.server_version() < index.since_version {
            let reason = format!("it needs PostgreSQL {}", index.since_version);
            return Ok(Some(reason));
        }
        let missing = catalog::missing_for_index(destination, index).await?;
        if !missing.is_empty() {
            return Ok(Some(missing.join(", ")));
        }
        let expressions = index.expressions.iter();
        let expressions = expressions.map(|sql| format!("ROW({sql}) IS NULL"));
        let predicate = index.predicate.iter().map(|sql| format!("({sql})"));
        let conditions: Vec<String> = expressions.chain(predicate).collect();
        if conditions.is_empty() {
            return Ok(None);
        }
        let columns = self.load.columns.iter().map(|column| {
            let collation = column.collation.iter();
            let collation: String = collation.map(|name| format!(" COLLATE {name}")).collect();
            let name = ident(&column.name);
            format!("NULL::{}{collation} AS {name}", column.type_sql)
        });
        let columns: Vec<String> = columns.collect();
        let probe = format!(
            "SELECT FROM (SELECT {}) AS t WHERE {}",
            columns.join(", "),
            conditions.join(" AND ")
        );
        self.refusal(&probe).await
    }

    /// Why `sql` means nothing to the destination; `None` if it does, or may when there are types.
    async fn refusal(&self, sql: &str) -> Result<Option<String>> {
        let reason = refusal(self.input.destination, sql).await?;
        Ok(reason.filter(|_| !self.input.awaits_types))
    }

    /// Why an index of this kind, over these columns, is not one of the created table.
    fn refuse_shape(&self, index: &IndexDefinition) -> Option<String> {
        let is_rule = index.is_unique || index.is_exclusion;
        let reason = if !index.is_valid {
            "it is not valid at the source"
        } else if index.is_primary {
            "the created table has another key"
        } else if index.uses_whole_row {
            "it is about the row as a whole"
        } else if is_rule && !self.input.transform.keeps_rows_apart() {
            "the SQL may repeat rows"
        } else if is_rule && self.input.table.has_inheritors {
            "it does not hold for the tables that inherit"
        } else {
            let mut columns = index.columns.iter();
            return columns.find_map(|name| self.refuse_column(name));
        };
        Some(reason.to_owned())
    }

    /// Why an index on the source's column `name` cannot be one of the created table.
    fn refuse_column(&self, name: &String) -> Option<String> {
        let outputs = self.input.transform.columns().iter();
        let mut pairs = outputs.zip(&self.load.columns);
        let carried = pairs.find(|(output, _)| {
            output.name == *name && output.source_column.as_ref() == Some(name)
        });
        let Some((_, column)) = carried else {
            return Some(format!("column {name:?} is not carried under its name"));
        };
        let there = self.input.table.column(name)?;
        (there.pg_type.sql != column.type_sql)
            .then(|| format!("column {name:?} is of type {} there", column.type_sql))
    }
}

/// Plans what becomes of the sequences of `existing`, a table that is written.
///
/// # Errors
/// `Read`, if a catalogue cannot be read.
pub(super) async fn plan_sequences(
    input: &CreationInput<'_>,
    existing: &Table,
    load: &mut LoadPlan,
) -> Result<Vec<String>> {
    let columns = catalog::column_definitions(input.destination, existing.oid).await?;
    let written = |column: &ColumnDefinition| load.columns.iter().any(|c| c.name == column.name);
    let owners = columns.into_iter().filter(written).filter_map(|column| {
        let sequence = column.sequence.clone()?;
        Some((column.name, sequence))
    });
    let owners: Vec<(String, Sequence)> = owners.collect();
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    if !input.stream.options.advance_sequences {
        let names: Vec<&str> = owners.iter().map(|(_, s)| &*s.name).collect();
        return Ok(vec![format!(
            "sequences stay where they are, and may give values that the rows have: {}; \
             --advance-sequences (sequences: advance) moves them on",
            names.join(", ")
        )]);
    }
    let sources = catalog::column_definitions(input.source, input.table.oid).await?;
    let mut notes = Vec::new();
    for (name, counts) in owners {
        let is_integer = existing
            .column(&name)
            .is_some_and(|column| integer_bounds(&column.pg_type.without_domains().sql).is_some());
        if !is_integer {
            notes.push(format!(
                "sequence {} stays where it is: column {name:?} is no integer",
                counts.name
            ));
            continue;
        }
        let carrier = input.transform.columns().iter().find(|c| c.name == name);
        let source = carrier.and_then(|carrier| carrier.source_column.as_ref());
        let source = sources.iter().find(|column| Some(&column.name) == source);
        let source = source.and_then(|column| column.sequence.as_ref());
        let same_way = |s: &&Sequence| (s.increment < 0) == (counts.increment < 0);
        let source = source.filter(same_way);
        notes.extend(source.filter(|s| !s.is_readable).map(unreadable_position));
        load.additions.advances.push(Advance {
            column: name,
            sequence: Some(counts.name.clone()),
            source_value: source.and_then(|sequence| sequence.last_value),
            counts,
        });
    }
    Ok(notes)
}

fn unreadable_position(sequence: &Sequence) -> String {
    format!(
        "sequence {} of the source may not be read: only the rows' values move the destination's \
         on",
        sequence.name
    )
}

/// Least and greatest value of an integer type; `None` if `type_sql` is another one.
fn integer_bounds(type_sql: &str) -> Option<(i64, i64)> {
    match type_sql {
        "smallint" => Some((i16::MIN.into(), i16::MAX.into())),
        "integer" => Some((i32::MIN.into(), i32::MAX.into())),
        "bigint" => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

/// Why `sql` means nothing to the server, which analyses it and does not execute it; `None` if it
/// does mean something. A prepared statement is one statement, whatever the text holds.
async fn refusal(connection: &Connection, sql: &str) -> Result<Option<String>> {
    match connection.prepare(sql).await {
        Ok(_) => Ok(None),
        Err(err) => match err.as_db_error() {
            Some(db) => Ok(Some(db.message().to_owned())),
            None => Err(server_error(
                ErrorKind::Read,
                "cannot ask the destination what an expression means",
                err,
            )),
        },
    }
}
