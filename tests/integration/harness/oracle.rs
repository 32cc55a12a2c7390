//! The same SELECT through towpath and by PostgreSQL itself, compared.

use std::sync::Arc;

use towpath_engine::pipeline::{
    Duplicates, Pipeline, PipelineName, Run, Settings, Stream, StreamOptions, StreamPlan, SyncMode,
    WriteMode,
};
use towpath_engine::report::Progress;
use towpath_engine::table::TableName;
use towpath_engine::{Error, ErrorKind};
use towpath_sql::SqlTransform;

use super::Databases;
use super::compare::{difference, relation_by_value};

/// A table of values that are hard to compute with, and a run that reads it.
pub(crate) struct Oracle {
    databases: Databases,
    run: Run,
    settings: Settings,
}

/// What became of a SELECT.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The same names, types and rows as PostgreSQL's.
    Same,
    /// It was refused before any row moved.
    Refused(String),
    /// It failed while rows moved.
    Failed(String),
    /// Something differs.
    Different(String),
}

impl Oracle {
    /// Databases whose source holds `setup`, and a run between them.
    pub(crate) async fn over(setup: &str) -> Self {
        Self::between(Databases::with(setup, "").await).await
    }

    /// A run between `databases`, whose source holds the table.
    pub(crate) async fn between(databases: Databases) -> Self {
        let settings = Settings {
            connections: 2,
            batch_rows: 7,
            ..Settings::default()
        };
        let pipeline = Pipeline {
            name: PipelineName("oracle".to_owned()),
            source: databases.source_url.parse().unwrap(),
            destination: databases.destination_url.parse().unwrap(),
            settings: settings.clone(),
        };
        let run = Box::pin(Run::open(pipeline)).await.unwrap();
        Self {
            databases,
            run,
            settings,
        }
    }

    /// Runs `select`, which reads `{{ source }}`, over `public.sample` both ways.
    pub(crate) async fn judge(&self, select: &str) -> Verdict {
        let mut verdict = self.judge_only(select).await;
        self.databases
            .destination
            .run("DROP TABLE IF EXISTS public.result CASCADE")
            .await;
        if let Verdict::Refused(text) | Verdict::Failed(text) | Verdict::Different(text) =
            &mut verdict
        {
            *text = format!("{select}\n    {text}");
        }
        verdict
    }

    /// Runs `select`, on which PostgreSQL fails, through towpath only.
    pub(crate) async fn judge_refusal(&self, select: &str) -> Verdict {
        let verdict = match self.load(select).await {
            Ok(()) => Verdict::Same,
            Err(error) => Verdict::Refused(format!("{select}\n    {}", told(&error))),
        };
        let gone = "DROP TABLE IF EXISTS public.result CASCADE";
        self.databases.destination.run(gone).await;
        verdict
    }

    async fn judge_only(&self, select: &str) -> Verdict {
        if let Err(error) = self.load(select).await {
            return match error.kind() {
                ErrorKind::Config | ErrorKind::Schema | ErrorKind::UnsupportedType => {
                    Verdict::Refused(told(&error))
                }
                _ => Verdict::Failed(told(&error)),
            };
        }
        let mut by_postgresql = select.replace("{{ source }}", "public.sample");
        if self.databases.versions.source < 14 {
            by_postgresql = as_of_14(&by_postgresql);
        }
        let expected = relation_by_value(&self.databases.source, &by_postgresql).await;
        let found =
            relation_by_value(&self.databases.destination, "SELECT * FROM public.result").await;
        match difference(&expected, &found) {
            None => Verdict::Same,
            Some(text) => Verdict::Different(text),
        }
    }

    /// Runs `select` through towpath into `public.result`.
    async fn load(&self, select: &str) -> Result<(), Error> {
        let plan = self.plan(select).await?;
        if let Some(refusal) = plan.refusal() {
            return Err(refusal);
        }
        let progress = Arc::new(Progress::default());
        Box::pin(self.run.execute(plan, progress)).await.map(drop)
    }

    async fn plan(&self, select: &str) -> Result<StreamPlan, Error> {
        let stream = Stream {
            // The ledger holds a stream of a run once.
            name: select.to_owned(),
            table: TableName::new("public", "sample"),
            into: TableName::new("public", "result"),
            write: WriteMode::Replace,
            key: Vec::new(),
            duplicates: Duplicates::Refuse,
            sync: SyncMode::Full,
            options: StreamOptions::default(),
            transform: Arc::new(SqlTransform::new(select, &self.settings)?),
        };
        Box::pin(self.run.plan(&stream)).await
    }

    /// Whether the source is asked for PostgreSQL's text form of a column that `select` reads.
    pub(crate) async fn reads_text(&self, select: &str) -> bool {
        let plan = self.plan(select).await.unwrap();
        plan.report().reads.concat().contains("::pg_catalog.text")
    }

    /// Whether PostgreSQL itself fails on `select`.
    pub(crate) async fn postgresql_fails(&self, select: &str) -> bool {
        let by_postgresql = select.replace("{{ source }}", "public.sample");
        self.databases
            .source
            .simple_query(&by_postgresql)
            .await
            .is_err()
    }
}

/// `select` for version 13, giving what it gives from 14 on, which is what towpath's SQL means:
/// `extract` became numeric, and its column is called so.
fn as_of_14(select: &str) -> String {
    let mut parts = select.split("extract(");
    let mut rewritten = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (arguments, rest) = part.split_once(')').unwrap_or((part, ""));
        let name = match rest.starts_with(',') {
            true => " AS extract",
            false => "",
        };
        // The shortest text that is the same double has the digits of the number.
        rewritten += &format!("extract({arguments})::text::numeric{name}{rest}");
    }
    rewritten
}

/// The error with its causes, in one line.
fn told(error: &Error) -> String {
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        line.push_str(&format!(": {next}"));
        cause = next.source();
    }
    line
}
