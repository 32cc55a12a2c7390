//! Measures one workload after the other.

use std::collections::HashSet;

use towpath_engine::{Error, ErrorKind, Result};

use crate::args::Args;
use crate::contender::{Contender, Role, in_turn};
use crate::data::{DROP_EVENT_KIND, DataSet};
use crate::database::Databases;
use crate::fingerprint::{Fingerprint, compare};
use crate::process::{self, Usage};
use crate::record::{Measurement, Outcome, Record};
use crate::setting::Setting;
use crate::workload::Workload;

/// What the destination must hold: the source's table, the destination's, and the former's
/// fingerprint.
type Expected<'a> = Vec<(&'a str, &'a str, Fingerprint)>;

/// A run, as far as it has come.
pub(crate) struct Measuring<'a> {
    args: &'a Args,
    setting: &'a Setting,
    databases: &'a Databases,
    record: Record,
    /// What the source holds.
    loaded: Option<DataSet>,
}

impl<'a> Measuring<'a> {
    /// A run that has not begun.
    pub(crate) fn new(
        args: &'a Args,
        setting: &'a Setting,
        databases: &'a Databases,
        record: Record,
    ) -> Self {
        Self {
            args,
            setting,
            databases,
            record,
            loaded: None,
        }
    }

    /// What has been measured.
    pub(crate) fn finish(self) -> Record {
        self.record
    }

    /// Measures everyone of one workload, as often as each is to be measured.
    ///
    /// # Errors
    /// `Load`, `Read` or `Config`, if the measuring itself fails. What fails of a contender is
    /// recorded.
    pub(crate) async fn measure(&mut self, workload: &Workload) -> Result<()> {
        eprintln!("\n{}: {}", workload.name, workload.title);
        self.prepare(workload).await?;
        let expected = self.expected(workload).await?;
        let data = workload.data.describe(&self.databases.source).await?;
        self.record.describe(workload, self.setting, &data)?;
        // What is not counted creates the destination's log files, which are recycled afterwards.
        if let Some(first) = workload.contenders.first() {
            eprintln!("  warming up");
            self.reset(first).await?;
            let _ = first.run(self.setting);
        }
        let mut failed = HashSet::new();
        for repetition in 1..=self.args.repetitions * workload.factor {
            for contender in in_turn(&workload.contenders, repetition) {
                let is_over = contender.role == Role::Peer
                    && repetition > self.args.peer_repetitions.min(self.args.repetitions);
                if is_over || failed.contains(&contender.name) {
                    continue;
                }
                let measurement = self.measure_one(contender, &expected).await?;
                if let Outcome::Failed(_) = measurement.outcome {
                    failed.insert(contender.name.clone());
                }
                self.record.add(workload.name, repetition, measurement)?;
            }
        }
        self.record.summarize_quietly()
    }

    /// Loads the data, unless it is there from the workload before, and prepares both sides.
    async fn prepare(&mut self, workload: &Workload) -> Result<()> {
        let Databases {
            source,
            destination,
            ..
        } = self.databases;
        destination.clear().await?;
        for database in [source, destination] {
            let statement = "DROP SCHEMA IF EXISTS bench CASCADE";
            database.execute(statement).await?;
        }
        // pgcopydb brings types along that its tables do not use.
        destination.execute(DROP_EVENT_KIND).await?;
        if self.loaded != Some(workload.data) {
            eprintln!("  loading the source");
            self.loaded = None;
            source.clear().await?;
            source.execute(DROP_EVENT_KIND).await?;
            workload.data.load(source).await?;
            self.loaded = Some(workload.data);
        }
        let preparation = &workload.preparation;
        for statement in &preparation.source {
            source.execute(statement).await?;
        }
        for statement in &preparation.destination {
            destination.execute(statement).await?;
        }
        if !preparation.fill.is_empty() {
            process::run(&preparation.fill, Some(self.setting.limit))?;
        }
        Ok(())
    }

    async fn expected<'w>(&self, workload: &'w Workload) -> Result<Expected<'w>> {
        let mut expected = Vec::new();
        for (ours, theirs) in &workload.compared {
            let fingerprint = Fingerprint::of(&self.databases.source, ours).await?;
            let fingerprint = fingerprint.ok_or_else(|| {
                Error::new(
                    ErrorKind::Internal,
                    format!("the source has no table {ours}"),
                )
            })?;
            expected.push((&**ours, &**theirs, fingerprint));
        }
        Ok(expected)
    }

    /// Brings the destination to where `contender` starts from, with nothing left to write on
    /// either server.
    async fn reset(&self, contender: &Contender) -> Result<()> {
        let destination = &self.databases.destination;
        self.setting.clear_work()?;
        self.databases.end_sessions().await?;
        destination.clear().await?;
        for statement in &contender.start {
            destination.execute(statement).await?;
        }
        self.databases.checkpoint().await
    }

    async fn measure_one(
        &self,
        contender: &Contender,
        expected: &Expected<'_>,
    ) -> Result<Measurement> {
        eprintln!("  {}", contender.name);
        self.reset(contender).await?;
        let mut row_count = 0;
        let mut usage = Usage::default();
        let outcome = match contender.run(self.setting) {
            Err(err) => Outcome::Failed(self.setting.anonymous(&err.to_string())),
            Ok(used) => {
                usage = used;
                match contender.checked {
                    false => Outcome::Unchecked,
                    true => self.compare(expected, &mut row_count).await?,
                }
            }
        };
        Ok(Measurement {
            contender: contender.name.clone(),
            role: contender.role,
            goal: contender.goal,
            usage,
            row_count,
            outcome,
        })
    }

    /// Whether the destination holds what it must; `row_count` becomes the number of its rows. Of
    /// several tables, the outcome is that of the first one that is not equal.
    async fn compare(&self, expected: &Expected<'_>, row_count: &mut u64) -> Result<Outcome> {
        let Databases {
            source,
            destination,
            ..
        } = self.databases;
        let mut outcome = Outcome::Equal;
        for (ours, theirs, fingerprint) in expected {
            let one = match Fingerprint::of(destination, theirs).await? {
                None => Outcome::Different(format!("no table {theirs}")),
                Some(found) => {
                    *row_count += found.row_count;
                    compare((source, ours), fingerprint, (destination, theirs), &found).await?
                }
            };
            if !matches!(outcome, Outcome::Different(_)) && one != Outcome::Equal {
                outcome = one;
            }
        }
        Ok(outcome)
    }
}
