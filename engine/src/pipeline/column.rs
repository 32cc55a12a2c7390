//! One column of the result held against the destination's: what becomes of its values.

use std::collections::HashMap;

use super::plan::Refusal;
use super::stream::ColumnOptions;
use super::type_changes::TypeChanges;
use crate::encode::ColumnEncoding;
use crate::error::Result;
use crate::postgres::{Connection, catalog};
use crate::report::{ColumnReport, Fidelity};
use crate::sink::LoadColumn;
use crate::table::{Column, Table, ident};
use crate::transform::OutputColumn;
use crate::types::{Assignment, PgType, Representation, assign, oid, pg_type_of};

/// What becomes of one column of the result.
pub(super) enum Planned {
    /// It can be written.
    Into(Box<Accepted>),
    /// It cannot.
    Refused {
        /// Why, and the way out.
        refusal: Refusal,
        /// The destination's type, if there is one.
        to: String,
    },
}

/// A column that can be written.
pub(super) struct Accepted {
    pub(super) column: LoadColumn,
    assignment: Assignment,
}

/// Plans the columns of one stream.
pub(super) struct ColumnPlanner<'a> {
    destination: &'a Connection,
    /// The source's table.
    source: &'a Table,
    /// Whether types may be created.
    creates_types: bool,
    pub(super) changes: TypeChanges<'a>,
    /// The destination's types, by OID and modifier in the database with that number: wide tables
    /// have few.
    counterparts: HashMap<(usize, u32, i32), Option<PgType>>,
}

impl<'a> ColumnPlanner<'a> {
    /// A planner of the columns that `changes` may create types for; `source` is the table read.
    pub(super) fn new(
        destination: &'a Connection,
        source: &'a Table,
        changes: TypeChanges<'a>,
        creates_types: bool,
    ) -> Self {
        Self {
            destination,
            source,
            creates_types,
            changes,
            counterparts: HashMap::new(),
        }
    }

    /// What becomes of `column` in the `existing` table, or in one that is to be created.
    pub(super) async fn plan(
        &mut self,
        existing: Option<&Table>,
        column: &OutputColumn,
        options: ColumnOptions,
    ) -> Result<Planned> {
        match existing {
            Some(table) => Ok(self.plan_existing(table, column, options)),
            None => self.plan_created(column, options).await,
        }
    }

    fn plan_existing(
        &mut self,
        table: &Table,
        column: &OutputColumn,
        options: ColumnOptions,
    ) -> Planned {
        let name = &column.name;
        let there = match writable(table, column) {
            Ok(there) => there,
            Err(planned) => return planned,
        };
        let to = match self.with_labels(column, &there.pg_type) {
            Ok(to) => to,
            Err(refusal) => return in_table(table, name, refusal, &there.pg_type),
        };
        match plan_column(column, &to, options) {
            Ok((encoding, assignment)) => {
                let takes_fields = takes_fields(column, &encoding, &assignment);
                let column = LoadColumn {
                    name: name.clone(),
                    type_sql: to.sql.clone(),
                    collation: None,
                    not_null: !there.nullable,
                    equal_is_same: !there.nondeterministic && to.equal_is_same(),
                    takes_fields,
                    encoding,
                };
                Planned::Into(Box::new(Accepted { column, assignment }))
            }
            Err(refusal) => in_table(table, name, refusal, &there.pg_type),
        }
    }

    /// A column of a table that is to be created gets the result's own type, or text.
    async fn plan_created(
        &mut self,
        column: &OutputColumn,
        options: ColumnOptions,
    ) -> Result<Planned> {
        let name = &column.name;
        if SYSTEM_COLUMNS.contains(&&**name) {
            let refusal = Refusal {
                reason: format!("no table can have a column {name:?}: PostgreSQL has its own"),
                hint: format!("rename it in the transform: {} AS …", ident(name)),
            };
            let to = String::new();
            return Ok(Planned::Refused { refusal, to });
        }
        let to = match options.as_text {
            true => Ok(PgType::builtin(oid::TEXT, "text", "text")),
            false => self.counterpart(column).await?,
        };
        let planned = to.and_then(|to| {
            let (encoding, assignment) = plan_column(column, &to, options)?;
            Ok((to, encoding, assignment))
        });
        let (to, encoding, assignment) = match planned {
            Ok(planned) => planned,
            Err(Refusal { reason, hint }) => {
                let reason = format!("column {name:?}: {reason}");
                return Ok(Planned::Refused {
                    refusal: Refusal { reason, hint },
                    to: String::new(),
                });
            }
        };
        let takes_fields = takes_fields(column, &encoding, &assignment);
        let source_column = column.source_column.as_ref();
        let source_column = source_column.and_then(|name| self.source.column(name));
        let collation = source_column.and_then(|column| column.collation.clone());
        let column = LoadColumn {
            name: name.clone(),
            type_sql: to.sql.clone(),
            collation: collation.filter(|_| !options.as_text),
            not_null: source_column.is_some() && !column.nullable,
            equal_is_same: to.equal_is_same(),
            takes_fields,
            encoding,
        };
        Ok(Planned::Into(Box::new(Accepted { column, assignment })))
    }

    /// The destination's type for a column to be created: where it is missing, as it will be.
    async fn counterpart(&mut self, column: &OutputColumn) -> Result<Result<PgType, Refusal>> {
        let pg_type = &column.pg_type;
        let key = (column.input, pg_type.oid, pg_type.typmod);
        let there = match self.counterparts.get(&key) {
            Some(there) => there.clone(),
            None => {
                let there = catalog::counterpart(self.destination, pg_type).await?;
                self.counterparts.insert(key, there.clone());
                there
            }
        };
        if let Some(there) = there {
            return Ok(self.with_labels(column, &there));
        }
        if let Err(refusal) = self.changes.create(column.input, pg_type).await? {
            return Ok(Err(refusal));
        }
        Ok(match self.creates_types {
            true => Ok(pg_type.clone()),
            false => Err(Refusal {
                reason: format!("type {pg_type} is missing in the destination"),
                hint: CREATE_TYPES.to_owned(),
            }),
        })
    }

    /// `there` with the labels that its enums lack, if they may be added.
    fn with_labels(&mut self, column: &OutputColumn, there: &PgType) -> Result<PgType, Refusal> {
        let here = &column.pg_type;
        if !here.is_same_type(there) || !self.changes.add_labels(here, there) {
            return Ok(there.clone());
        }
        match (self.creates_types, assign(here, there)) {
            (true, _) => Ok(there.with_labels_of(here)),
            (false, Assignment::Refused { reason, .. }) => Err(Refusal {
                reason,
                hint: CREATE_TYPES.to_owned(),
            }),
            (false, _) => Ok(there.clone()),
        }
    }
}

/// Columns that every table has.
///
/// Source: PostgreSQL documentation, "System Columns".
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// The way out where a type, or a label of one, is missing.
const CREATE_TYPES: &str = "let towpath create what is missing (--create-types, or create_types: \
     true), or take the column's text form (as: text)";

/// The column of `table` that `column` goes into, if it can be written.
fn writable<'a>(table: &'a Table, column: &OutputColumn) -> Result<&'a Column, Planned> {
    let name = &column.name;
    let refused = |reason: String, hint: String, to: &str| Planned::Refused {
        refusal: Refusal { reason, hint },
        to: to.to_owned(),
    };
    if table.unreadable.contains(name) {
        let reason = format!("column {name:?} of {} may not be read", table.name);
        let hint = format!(
            "let its owner run there: GRANT SELECT ON {} TO the role",
            table.name
        );
        return Err(refused(reason, hint, ""));
    }
    let Some(there) = table.column(name) else {
        let same = table
            .columns
            .iter()
            .find(|there| there.name.eq_ignore_ascii_case(name));
        let hint = match same {
            Some(there) => format!(
                "did you mean {:?}? rename it in the transform with AS",
                there.name
            ),
            None => format!(
                "leave it out of the SELECT, or run there: ALTER TABLE {} ADD COLUMN {} {}",
                table.name,
                ident(name),
                column.pg_type
            ),
        };
        let reason = format!("{} has no column {name:?}", table.name);
        return Err(refused(reason, hint, ""));
    };
    match there.generated {
        false => Ok(there),
        true => {
            let reason = format!("column {name:?} of {} is generated there", table.name);
            let hint = "leave it out of the SELECT".to_owned();
            Err(refused(reason, hint, &there.pg_type.sql))
        }
    }
}

fn in_table(table: &Table, name: &str, refusal: Refusal, to: &PgType) -> Planned {
    let reason = format!("column {name:?} of {}: {}", table.name, refusal.reason);
    Planned::Refused {
        refusal: Refusal { reason, ..refusal },
        to: to.sql.clone(),
    }
}

/// The encoding of a column's values for type `to`, if every value is safe there, or may be lost.
fn plan_column(
    column: &OutputColumn,
    to: &PgType,
    options: ColumnOptions,
) -> Result<(ColumnEncoding, Assignment), Refusal> {
    // The type of a computed column says less than its Arrow type, which bounds the digits.
    let computed = match column.is_carried {
        false => pg_type_of(&column.data_type),
        true => None,
    };
    let from = computed.as_ref().unwrap_or(&column.pg_type);
    let assignment = match assign(from, to) {
        Assignment::Refused { reason, hint } => return Err(Refusal { reason, hint }),
        Assignment::Lossy { how, reason, hint } => {
            return match (options.allow_lossy, column.representation) {
                (false, _) => Err(Refusal { reason, hint }),
                (true, Representation::Text) => Ok((
                    ColumnEncoding::cast_from_text(&column.name),
                    Assignment::Converted {
                        how: format!("{how}, as allowed"),
                        through_text: true,
                    },
                )),
                (true, _) => Err(Refusal {
                    reason,
                    hint: format!("the SQL computes on it: cast it there to {to}"),
                }),
            };
        }
        assignment => assignment,
    };
    let values = (&column.pg_type, column.representation, &column.data_type);
    let encoding = ColumnEncoding::new(&column.name, values, to).map_err(|err| Refusal {
        reason: err.to_string(),
        hint: err.hint().unwrap_or_default().to_owned(),
    })?;
    Ok((encoding, assignment))
}

/// Whether `encoding` gives the bytes that the source sends for a carried `column`.
fn takes_fields(column: &OutputColumn, encoding: &ColumnEncoding, assignment: &Assignment) -> bool {
    let is_decoded = column.representation == Representation::Native;
    let same = *assignment == Assignment::Exact { same_binary: true };
    column.is_carried && (encoding.is_verbatim() || is_decoded && same)
}

/// How one column travels, for people.
pub(super) fn report_column(column: &OutputColumn, planned: &Planned) -> ColumnReport {
    let (destination_type, fidelity, note) = match planned {
        Planned::Refused { refusal, to } => {
            let note = format!("{}; {}", refusal.reason, refusal.hint);
            (to.clone(), Fidelity::Refused, Some(note))
        }
        Planned::Into(accepted) => {
            let to = accepted.column.type_sql.clone();
            match &accepted.assignment {
                Assignment::Converted { how, .. } => (to, Fidelity::Converted, Some(how.clone())),
                _ => (to, Fidelity::Exact, None),
            }
        }
    };
    ColumnReport {
        name: column.name.clone(),
        source_type: column.pg_type.sql.clone(),
        representation: column.representation.to_string(),
        destination_type,
        fidelity,
        note,
    }
}
