//! Which snapshot a stream is read under.

use std::collections::{BTreeSet, HashMap};
use std::ptr;
use std::sync::PoisonError;
use std::time::Instant;

use tracing::info;

use super::Run;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::{SourceSession, StreamPlan};
use crate::postgres::catalog::Relation;
use crate::table::{Table, TableName};

/// How many snapshots are taken for one stream before it is given up.
const SNAPSHOTS: usize = 5;

/// Why a snapshot does not do for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// An earlier stream has written a table since.
    Written,
    /// The snapshot does not read what there is.
    Altered,
    /// The stream was planned for another table than the snapshot shows.
    Planned,
}

/// A relation that makes a newer snapshot necessary, by its name for people.
type Outdated = (Reason, String);

/// What a stream reads of one database, locked, and as it was then.
pub(super) struct Locked<'a> {
    session: &'a SourceSession,
    relations: Vec<Relation>,
}

impl Run {
    /// The plan once the destination has its types, and the snapshots show its tables as they are:
    /// under newer ones than earlier streams, if it must be, and `newer_snapshot` says why. The tables
    /// are locked then.
    pub(super) async fn with_snapshots(
        &self,
        mut plan: StreamPlan,
        newer_snapshot: &mut Option<String>,
    ) -> Result<(StreamPlan, Vec<Locked<'_>>)> {
        for number in 1..=SNAPSHOTS {
            plan = self.with_types(plan).await?;
            self.databases.end_planning().await;
            let (locked, outdated) = self.lock_and_compare(&plan).await?;
            if outdated.is_empty() {
                return Ok((plan, locked));
            }
            if number == SNAPSHOTS {
                break;
            }
            self.databases.renew_snapshots(Instant::now()).await;
            let note = newer_snapshot_note(&outdated);
            info!(table = %plan.stream.into, "{note}");
            if self.has_published() {
                *newer_snapshot = Some(note);
            }
            plan = self.plan_again(&plan.stream).await?;
        }
        let message = format!("{} changes again and again", plan.table().name);
        Err(Error::new(ErrorKind::Schema, message).with_hint("nothing was published: run again"))
    }

    /// Unlocks what a stream has read, before it is published.
    ///
    /// # Errors
    /// `Schema`, if it is not what was locked: some changes need no lock on what they change; `Connect`, if
    /// it was not locked to the end.
    pub(super) async fn vouch_and_unlock(&self, locked: &[Locked<'_>]) -> Result<()> {
        for Locked { session, relations } in locked {
            let now = session.relations(&oids(relations)).await?;
            let known = children(relations);
            let attached: Vec<u32> = children(&now).difference(&known).copied().collect();
            let new = match attached.is_empty() {
                true => BTreeSet::new(),
                false => new_to(&session.relations_in_snapshot(&attached).await?),
            };
            let is_read = |now: &&Relation| {
                let mut before = relations.iter().filter(|before| before.oid == now.oid);
                before.any(|before| reads(before, now, &new))
            };
            let changed = now.iter().filter(|now| !is_read(now));
            if let Some(state) = changed.filter_map(|now| now.state.as_ref()).next() {
                let message = format!("{} changed while it was read", state.readable);
                return Err(Error::new(ErrorKind::Schema, message)
                    .with_hint("its partitions or its name: nothing was published, run again"));
            }
            let mut states = relations.iter().filter_map(|now| now.state.as_ref());
            if states.any(|state| state.is_foreign) {
                // The other server's snapshot lasts as long as the transaction that reads there.
                session.snapshot().end_readers().await;
            }
            session.snapshot().vouch_and_unlock().await?;
        }
        Ok(())
    }

    /// Whether a stream that has locked this reads the database that it writes.
    pub(super) async fn any_is_destination(&self, locked: &[Locked<'_>]) -> Result<bool> {
        for Locked { session, .. } in locked {
            if self.reads_destination(session).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an earlier stream has read anything that counts.
    fn has_published(&self) -> bool {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        !written.is_empty()
    }

    /// Remembers that a stream has written `table`.
    pub(super) fn note_written(&self, table: &TableName) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.push((table.clone(), Instant::now()));
    }

    /// Locks what `plan` reads, in each database, and finds what its snapshot does not show as it is.
    async fn lock_and_compare(
        &self,
        plan: &StreamPlan,
    ) -> Result<(Vec<Locked<'_>>, BTreeSet<Outdated>)> {
        let references = plan.stream.transform.references();
        let sessions = self.databases.sessions(references).await?;
        let mut tables: Vec<(&SourceSession, Vec<&Table>)> = Vec::new();
        for (session, table) in sessions.into_iter().zip(&plan.tables) {
            match tables.iter_mut().find(|(of, _)| ptr::eq(*of, session)) {
                Some((_, tables)) => tables.push(table),
                None => tables.push((session, vec![table])),
            }
        }
        let (mut locked, mut outdated) = (Vec::new(), BTreeSet::new());
        for (session, tables) in tables {
            if !locked.is_empty() {
                session.give_up_locks().await?;
            }
            for table in &tables {
                let found = session.table_in_snapshot(&table.name).await?;
                if !is_as_planned(found, table) {
                    outdated.insert((Reason::Planned, table.name.to_string()));
                }
            }
            // What was planned for may not be there.
            if !outdated.is_empty() {
                continue;
            }
            let seen = match session.lock(&tables).await {
                Ok(seen) => seen,
                Err(err) if err.is_blocked() => return Err(err),
                Err(err) => {
                    // The server looks names up in the catalogue as it is.
                    for table in &tables {
                        if !is_as_planned(session.table_now(&table.name).await?, table) {
                            outdated.insert((Reason::Planned, table.name.to_string()));
                        }
                    }
                    match outdated.is_empty() {
                        true => return Err(err),
                        false => continue,
                    }
                }
            };
            let relations = session.relations(&oids(&seen)).await?;
            let written = self.written_since_snapshot(session).await?;
            outdated.extend(compare(&seen, &relations, &written));
            let is_locked = |table: &&Table| {
                table.oid < FIRST_OID || relations.iter().any(|relation| relation.oid == table.oid)
            };
            if outdated.is_empty() {
                // Their names mean others by now, which are locked.
                let others = tables.iter().filter(|table| !is_locked(table));
                outdated.extend(others.map(|table| (Reason::Altered, table.name.to_string())));
            }
            locked.push(Locked { session, relations });
        }
        Ok((locked, outdated))
    }

    /// Tables of the database of `session` that streams have written since its snapshot was taken.
    async fn written_since_snapshot(&self, session: &SourceSession) -> Result<Vec<TableName>> {
        let written: Vec<TableName> = {
            let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            let since = written.iter();
            let since = since.filter(|(_, at)| session.snapshot_is_before(*at));
            since.map(|(table, _)| table.clone()).collect()
        };
        match !written.is_empty() && self.reads_destination(session).await? {
            true => Ok(written),
            false => Ok(Vec::new()),
        }
    }
}

/// The least OID of what is not the system's own.
///
/// Source: PostgreSQL documentation, "System Catalog Initial Data", "OID Assignment".
const FIRST_OID: u32 = 16384;

/// Whether the table that was `found` is the one that was `planned` for.
fn is_as_planned(found: Option<Table>, planned: &Table) -> bool {
    found.is_some_and(|found| {
        found.oid == planned.oid
            && found.columns == planned.columns
            && found.unique_indexes == planned.unique_indexes
            && found.has_inheritors == planned.has_inheritors
    })
}

fn oids(relations: &[Relation]) -> Vec<u32> {
    relations.iter().map(|relation| relation.oid).collect()
}

fn children(relations: &[Relation]) -> BTreeSet<u32> {
    let states = relations
        .iter()
        .filter_map(|relation| relation.state.as_ref());
    states
        .flat_map(|state| state.children.iter().copied())
        .collect()
}

/// Those of `relations`, as a snapshot shows them, that were created after it.
fn new_to(relations: &[Relation]) -> BTreeSet<u32> {
    let new = relations.iter().filter(|relation| relation.state.is_none());
    new.map(|relation| relation.oid).collect()
}

/// Whether a snapshot that shows a relation as it was `before`, and to which others are `new`, reads the
/// rows that it has `now`.
fn reads(before: &Relation, now: &Relation, new: &BTreeSet<u32>) -> bool {
    match (&before.state, &now.state) {
        (Some(before), Some(now)) => before.reads(now, |child| new.contains(&child)),
        _ => false,
    }
}

/// Those of the relations `now` that a snapshot does not read, which has `seen` them, or that are
/// `written`.
fn compare(seen: &[Relation], now: &[Relation], written: &[TableName]) -> Vec<Outdated> {
    let (new, children) = (new_to(seen), children(now));
    let seen: HashMap<u32, &Relation> = seen.iter().map(|seen| (seen.oid, seen)).collect();
    let reason = |relation: &Relation| {
        let state = relation.state.as_ref()?;
        // Another server's rows may be older than the table here.
        let is_new_child =
            new.contains(&relation.oid) && children.contains(&relation.oid) && !state.is_foreign;
        let before = seen.get(&relation.oid);
        let is_read = before.is_some_and(|before| reads(before, relation, &new));
        let reason = match written.contains(&state.name) {
            true => Reason::Written,
            false if is_new_child || is_read => return None,
            false => Reason::Altered,
        };
        Some((reason, state.readable.clone()))
    };
    now.iter().filter_map(reason).collect()
}

/// Why a stream is read under a newer snapshot.
fn newer_snapshot_note(outdated: &BTreeSet<Outdated>) -> String {
    let reasons = [
        (Reason::Written, "was written by an earlier stream"),
        (
            Reason::Altered,
            "was emptied, rewritten, altered or put in place since the run's snapshot",
        ),
        (Reason::Planned, "changed since it was planned"),
    ];
    let why = reasons.iter().filter_map(|(reason, what)| {
        let names = outdated.iter().filter(|(of, _)| of == reason);
        let names: Vec<&str> = names.map(|(_, name)| &**name).collect();
        (!names.is_empty()).then(|| format!("{} {what}", names.join(", ")))
    });
    let why: Vec<String> = why.collect();
    format!(
        "read under a newer snapshot than earlier streams: {}",
        why.join("; ")
    )
}
