//! Types that a stream needs and the destination lacks: what to run there, in order.

use std::collections::HashSet;

use super::SourceSession;
use super::plan::Refusal;
use crate::error::{Error, ErrorKind, Result};
use crate::postgres::catalog::{self, ExtensionState};
use crate::postgres::{Connection, server_error, statement};
use crate::types::{PgType, TypeKind};

/// The first version with multiranges.
const MULTIRANGES: u32 = 14;

/// The statements that give the destination the types of one stream.
pub(super) struct TypeChanges<'a> {
    /// The databases of the transform's tables, in their order.
    sessions: &'a [&'a SourceSession],
    destination: &'a Connection,
    has_multiranges: bool,
    /// In the order in which they must run, none twice.
    statements: Vec<String>,
    /// Types that have been looked at: the number of the database, and the OID there.
    visited: HashSet<(usize, u32)>,
}

impl<'a> TypeChanges<'a> {
    /// No changes yet.
    pub(super) fn new(sessions: &'a [&'a SourceSession], destination: &'a Connection) -> Self {
        Self {
            sessions,
            destination,
            has_multiranges: destination.server_version() >= MULTIRANGES,
            statements: Vec::new(),
            visited: HashSet::new(),
        }
    }

    /// All statements asked for, in order.
    pub(super) fn into_statements(self) -> Vec<String> {
        self.statements
    }

    /// Adds what creates `pg_type`, a type of the database with that number, and what it is made of,
    /// as far as the destination lacks them.
    ///
    /// # Errors
    /// `Read`, if a catalogue cannot be read. The inner error says why no statement can help.
    pub(super) async fn create(
        &mut self,
        input: usize,
        pg_type: &PgType,
    ) -> Result<Result<(), Refusal>> {
        for part in pg_type.parts() {
            if let Err(refusal) = Box::pin(self.create(input, part)).await? {
                return Ok(Err(refusal));
            }
        }
        let comes_with_another = matches!(
            pg_type.kind,
            TypeKind::Array(_) | TypeKind::Multirange(_) | TypeKind::Pseudo
        );
        if comes_with_another && pg_type.is_local() || !self.visited.insert((input, pg_type.oid)) {
            return Ok(Ok(()));
        }
        if catalog::counterpart(self.destination, pg_type)
            .await?
            .is_some()
        {
            return Ok(Ok(()));
        }
        if !pg_type.is_local() {
            return Ok(Err(unknown_to_version(pg_type)));
        }
        if let Some(extension) = &pg_type.extension {
            let (name, schema) = (&extension.name, &extension.schema);
            return match catalog::extension_state(self.destination, name).await? {
                ExtensionState::Unknown => Ok(Err(unknown_extension(pg_type, name))),
                ExtensionState::Installed => Ok(Err(lacking_in_extension(pg_type, name))),
                ExtensionState::Available => {
                    self.create_schema(schema).await?;
                    self.push(statement::create_extension(name, schema));
                    Ok(Ok(()))
                }
            };
        }
        let database = self.sessions[input];
        let definition = database.type_definition(pg_type, self.has_multiranges);
        match definition.await? {
            Some(definition) => {
                self.create_schema(&pg_type.schema).await?;
                self.push(definition);
                Ok(Ok(()))
            }
            None => Ok(Err(no_statement(pg_type))),
        }
    }

    /// Adds what gives the enums inside `there`, a type of the destination, the labels that those
    /// of `here` have; tells whether there are any.
    pub(super) fn add_labels(&mut self, here: &PgType, there: &PgType) -> bool {
        let mut are_missing = false;
        if let (TypeKind::Enum(wanted), TypeKind::Enum(labels)) = (&here.kind, &there.kind) {
            for statement in statement::add_labels(&there.sql, labels, wanted) {
                self.push(statement);
                are_missing = true;
            }
        }
        for (here, there) in here.parts().into_iter().zip(there.parts()) {
            are_missing |= self.add_labels(here, there);
        }
        are_missing
    }

    async fn create_schema(&mut self, schema: &str) -> Result<()> {
        if !catalog::has_schema(self.destination, schema).await? {
            self.push(statement::create_schema(schema));
        }
        Ok(())
    }

    fn push(&mut self, statement: String) {
        if !self.statements.contains(&statement) {
            self.statements.push(statement);
        }
    }
}

/// Runs `statements` in one transaction: labels that are added count only when it has committed.
///
/// # Errors
/// `Load`, if the destination refuses one of them; then none has run.
pub(super) async fn run(destination: &Connection, statements: &[String]) -> Result<()> {
    let script = format!("BEGIN; {}; COMMIT", statements.join("; "));
    let result = destination.batch_execute(&script).await;
    if let Err(err) = result {
        // The connection is used further; if it is broken, that is what the next statement says.
        let _ = destination.batch_execute("ROLLBACK").await;
        let message = "the destination does not create the types that are missing";
        return Err(
            server_error(ErrorKind::Load, message, err).with_hint(format!(
                "let somebody who may run there: {}",
                statements.join("; ")
            )),
        );
    }
    Ok(())
}

/// The error where types are missing although they have just been created.
pub(super) fn still_missing() -> Error {
    Error::new(
        ErrorKind::Load,
        "types are missing in the destination, which were created a moment ago",
    )
    .with_hint("somebody drops them at the same time: run again")
}

/// The way out for a column that is carried.
const AS_TEXT: &str = "take its text form (as: text)";

fn unknown_to_version(pg_type: &PgType) -> Refusal {
    Refusal {
        reason: format!("the destination's version of PostgreSQL has no type {pg_type}"),
        hint: format!("{AS_TEXT}, or leave it out"),
    }
}

fn unknown_extension(pg_type: &PgType, extension: &str) -> Refusal {
    Refusal {
        reason: format!(
            "type {pg_type} is of extension {extension}, which the destination's server does not have"
        ),
        hint: format!("install the extension's package on that server, or {AS_TEXT}"),
    }
}

fn lacking_in_extension(pg_type: &PgType, extension: &str) -> Refusal {
    Refusal {
        reason: format!("the destination's version of extension {extension} has no type {pg_type}"),
        hint: format!("run there: ALTER EXTENSION {extension} UPDATE; or {AS_TEXT}"),
    }
}

fn no_statement(pg_type: &PgType) -> Refusal {
    Refusal {
        reason: format!(
            "type {pg_type} is missing in the destination, and is made by code of its own"
        ),
        hint: format!("create it there as it was created here, or {AS_TEXT}"),
    }
}
