//! What differs between the two servers' versions: values, modifiers, binary forms of extensions.

use std::sync::Arc;

use async_trait::async_trait;

use super::plan::{LoadOutcome, Refusal};
use super::{InputTable, SourceSession, Stream};
use crate::error::Result;
use crate::postgres::{Connection, catalog, statement};
use crate::report::Fidelity;
use crate::source::SourceQuery;
use crate::table::{Column, Table, ident};
use crate::transform::{
    Destination, FunctionTraits, Input, OutputColumn, QueryRefusal, ResultColumn, SourceCatalog,
    TransformPlan,
};
use crate::types::{PgType, TypeKind, Versions, has_part};

/// Plans the stream's transform over `inputs`, whose types travel in forms that the servers on both
/// sides read alike.
///
/// # Errors
/// `Read`, if a catalogue cannot be read, and those of the transform.
pub(super) async fn plan_transform(
    stream: &Stream,
    inputs: &[InputTable<'_>],
    (destination, existing): (&Connection, Option<&Table>),
) -> Result<Arc<dyn TransformPlan>> {
    let servers = inputs.iter();
    let servers: Vec<Servers<'_>> = servers
        .map(|input| Servers::of(input.session, destination))
        .collect();
    let mut portable = Vec::with_capacity(inputs.len());
    for (servers, input) in servers.iter().zip(inputs) {
        portable.push(servers.portable(&input.table).await?);
    }
    let inputs: Vec<Input<'_>> = portable
        .iter()
        .zip(&servers)
        .map(|(table, catalog)| Input { table, catalog })
        .collect();
    let destination = Destination {
        table: existing.cloned(),
        as_text: stream.options.text_columns(),
    };
    stream.transform.plan(&inputs, &destination).await
}

/// Two servers, and the versions of PostgreSQL they run.
pub(super) struct Servers<'a> {
    source: &'a SourceSession,
    destination: &'a Connection,
    versions: Versions,
}

impl<'a> Servers<'a> {
    /// Both, with the versions that they gave when they were connected to.
    pub(super) fn of(source: &'a SourceSession, destination: &'a Connection) -> Self {
        let versions = Versions {
            source: source.server_version(),
            destination: destination.server_version(),
        };
        Self {
            source,
            destination,
            versions,
        }
    }

    /// `table`, whose types travel in forms that both versions read alike.
    async fn portable(&self, table: &Table) -> Result<Table> {
        let mut portable = table.clone();
        self.make_portable(portable.columns.iter_mut()).await?;
        Ok(portable)
    }

    /// Takes the binary form from types of the source's whose bytes the destination would not take,
    /// or not for what they are.
    async fn make_portable<'c>(&self, columns: impl Iterator<Item = &'c mut Column>) -> Result<()> {
        let mut columns: Vec<&mut Column> = columns.collect();
        let mut foreign = Vec::new();
        for column in &columns {
            collect_local_bases(&column.pg_type, &mut foreign);
        }
        let foreign = self.with_another_binary_form(foreign).await?;
        for column in &mut columns {
            let pg_type = &mut column.pg_type;
            let is_foreign = has_part(pg_type, &|part| foreign.contains(&part.oid));
            if is_foreign || self.versions.may_misread(pg_type) {
                pg_type.has_binary = false;
            }
        }
        Ok(())
    }

    /// Of base types that are not built in, those whose bytes the destination's may not take: their
    /// extension has another version there, or they have no receive function.
    async fn with_another_binary_form(&self, types: Vec<PgType>) -> Result<Vec<u32>> {
        let mut differing = Vec::new();
        for here in types {
            let there = catalog::counterpart(self.destination, &here).await?;
            let is_same = there.is_none_or(|there| {
                let version = |pg_type: &PgType| Some(pg_type.extension.as_ref()?.version.clone());
                there.has_binary && version(&here) == version(&there)
            });
            if !is_same {
                differing.push(here.oid);
            }
        }
        Ok(differing)
    }

    /// Refuses columns of `outcome` that hold a value, or need a type, which only the source's
    /// version knows; the source is asked whether such values are there.
    ///
    /// # Errors
    /// `Read`, if the source refuses the question.
    pub(super) async fn refuse_what_is_unknown(
        &self,
        (table, transform): (&Table, &dyn TransformPlan),
        condition: Option<&str>,
        outcome: &mut LoadOutcome,
    ) -> Result<()> {
        let Some(load) = &outcome.load else {
            return Ok(()); // It is refused already.
        };
        let is_created = load.existing.is_none();
        for (at, column) in transform.columns().iter().enumerate() {
            if outcome.columns[at].fidelity != Fidelity::Exact {
                continue; // It becomes another type.
            }
            let refusal = match is_created && self.versions.lacks_modifier(&column.pg_type) {
                true => Some(self.unknown_modifier(column)),
                false => {
                    let scan = (table, transform);
                    self.unknown_value(scan, condition, column).await?
                }
            };
            if let Some(refusal) = refusal {
                outcome.refuse(at, refusal);
            }
        }
        Ok(())
    }

    fn unknown_modifier(&self, column: &OutputColumn) -> Refusal {
        Refusal {
            reason: format!(
                "column {:?} is {}, which PostgreSQL {} does not know",
                column.name, column.pg_type, self.versions.destination
            ),
            hint: "create the table there with numeric without precision, or cast it in the \
                   transform"
                .to_owned(),
        }
    }

    /// The refusal of a carried column that holds what the destination does not know.
    async fn unknown_value(
        &self,
        (table, transform): (&Table, &dyn TransformPlan),
        condition: Option<&str>,
        column: &OutputColumn,
    ) -> Result<Option<Refusal>> {
        let Some(name) = &column.source_column else {
            return Ok(None);
        };
        for gap in self.versions.unknown_values(&column.pg_type, &ident(name)) {
            let mut conditions = vec![gap.condition];
            conditions.extend(condition.map(str::to_owned));
            // Filters of a query are about its own columns, and those of one scan not about another.
            if let [scan] = transform.scans()
                && scan.query.is_none()
            {
                conditions.extend(scan.filters.iter().cloned());
            }
            let rows = statement::select(&table.name, &[], &conditions, None);
            if self.source.exists(&rows).await? {
                return Ok(Some(Refusal {
                    reason: format!(
                        "column {name:?} of {} holds {}, which PostgreSQL {} does not know",
                        table.name, gap.what, self.versions.destination
                    ),
                    hint: format!(
                        "leave such rows out in the transform, or cast it to text there: {}::text",
                        ident(name)
                    ),
                }));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl SourceCatalog for Servers<'_> {
    fn runs_sql(&self) -> bool {
        true
    }

    async fn describe(
        &self,
        table: &Table,
        query: &SourceQuery,
    ) -> Result<Result<Vec<ResultColumn>, QueryRefusal>> {
        let mut described = self.source.describe(table, query).await?;
        if let Ok(columns) = &mut described {
            let columns = columns.iter_mut().map(|result| &mut result.column);
            self.make_portable(columns).await?;
        }
        Ok(described)
    }

    async fn functions(&self, names: &[String]) -> Result<Vec<FunctionTraits>> {
        self.source.functions(names).await
    }
}

impl LoadOutcome {
    /// Refuses a column that had been accepted.
    fn refuse(&mut self, at: usize, refusal: Refusal) {
        let column = &mut self.columns[at];
        column.fidelity = Fidelity::Refused;
        column.note = Some(format!("{}; {}", refusal.reason, refusal.hint));
        self.refusals.push(refusal);
        self.load = None;
    }
}

/// Adds the base types that `pg_type` is made of and that are not built in, each once.
fn collect_local_bases(pg_type: &PgType, found: &mut Vec<PgType>) {
    let known = found.iter().any(|other| other.oid == pg_type.oid);
    if matches!(pg_type.kind, TypeKind::Base) && pg_type.is_local() && !known {
        found.push(pg_type.clone());
    }
    for part in pg_type.parts() {
        collect_local_bases(part, found);
    }
}
