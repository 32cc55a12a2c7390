//! The same SELECT through towpath and by PostgreSQL itself, compared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use towpath_engine::pipeline::{
    Duplicates, Pipeline, PipelineName, Run, Settings, Stream, StreamOptions, StreamPlan, SyncMode,
    WriteMode,
};
use towpath_engine::report::Progress;
use towpath_engine::table::TableName;
use towpath_engine::transform::Transform;
use towpath_engine::{Error, ErrorKind};
use towpath_sql::{SourceTransform, SqlTransform};

use super::Databases;
use super::compare::{difference, relation, relation_by_value};
use super::session::message;

/// Tables of values that are hard to compute with, and a run that reads them.
pub(crate) struct Oracle {
    /// Where the tables are, and where results go.
    pub(crate) databases: Databases,
    run: Run,
    settings: Settings,
    /// The ledger holds a stream of a run once: they are numbered.
    streams: AtomicUsize,
    /// Who runs SELECTs over `public.sample`.
    runs_on: RunsOn,
}

/// A SELECT over `{{ source }}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// The SELECT.
    pub(crate) select: &'a str,
    /// The table that `{{ source }}` is, in the schema `public`.
    pub(crate) table: &'a str,
    /// Who runs it.
    pub(crate) runs_on: RunsOn,
}

/// Who runs a SELECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunsOn {
    /// towpath's engine, which may leave what it does not compute to the source.
    Engine,
    /// towpath's engine, which may leave single rows to the source.
    EngineOnly,
    /// The source's server, all of it.
    Source,
}

/// A verdict, and what else there is to say of a result that is the same.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Numerics are compared by value.
    pub(crate) verdict: Verdict,
    /// How texts differ, though values do not: in zeros at the end of numerics.
    pub(crate) zeros: Option<String>,
    /// What the plan says that the source does beyond reading, and why.
    pub(crate) left_to_source: Option<String>,
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
            connections: BTreeMap::new(),
            settings: settings.clone(),
        };
        let run = Box::pin(Run::open(pipeline)).await.unwrap();
        Self {
            databases,
            run,
            settings,
            streams: AtomicUsize::new(0),
            runs_on: RunsOn::Engine,
        }
    }

    /// The same, where towpath's engine runs what is judged.
    pub(crate) fn engine_only(self) -> Self {
        let runs_on = RunsOn::EngineOnly;
        Self { runs_on, ..self }
    }

    /// `select` over `public.sample`.
    fn of_sample<'a>(&self, select: &'a str) -> Question<'a> {
        Question {
            select,
            table: "sample",
            runs_on: self.runs_on,
        }
    }

    /// Runs `select`, which reads `{{ source }}`, over `public.sample` both ways.
    pub(crate) async fn judge(&self, select: &str) -> Verdict {
        let mut verdict = self.answer(self.of_sample(select)).await.verdict;
        if let Verdict::Refused(text) | Verdict::Failed(text) | Verdict::Different(text) =
            &mut verdict
        {
            *text = format!("{select}\n    {text}");
        }
        verdict
    }

    /// Runs `select`, on which PostgreSQL fails, through towpath only.
    pub(crate) async fn judge_refusal(&self, select: &str) -> Verdict {
        match self.load_only(self.of_sample(select)).await {
            Verdict::Refused(text) | Verdict::Failed(text) => {
                Verdict::Refused(format!("{select}\n    {text}"))
            }
            verdict => verdict,
        }
    }

    /// Runs the SELECT of `question` both ways.
    pub(crate) async fn answer(&self, question: Question<'_>) -> Answer {
        let answer = match self.load(question).await {
            Ok(left_to_source) => Answer {
                left_to_source,
                ..self.compared(question).await
            },
            Err(verdict) => Answer::new(verdict, None),
        };
        self.drop_result().await;
        answer
    }

    /// Runs the SELECT of `question` through towpath only; `Same` means that it was loaded, and a
    /// table that is there though it was not is `Different`.
    pub(crate) async fn load_only(&self, question: Question<'_>) -> Verdict {
        let loaded = self.load(question).await;
        let exists = "SELECT pg_catalog.to_regclass('public.result') IS NOT NULL";
        let is_there = self.databases.destination.value(exists).await == "t";
        self.drop_result().await;
        match loaded {
            Ok(_) => Verdict::Same,
            Err(verdict) if is_there => {
                Verdict::Different(format!("the table is there in spite of {verdict:?}"))
            }
            Err(verdict) => verdict,
        }
    }

    async fn drop_result(&self) {
        let gone = "DROP TABLE IF EXISTS public.result CASCADE";
        self.databases.destination.run(gone).await;
    }

    /// What was loaded, compared with what PostgreSQL gives.
    async fn compared(&self, question: Question<'_>) -> Answer {
        let by_postgresql = question.by_postgresql();
        let answer = self.compared_with(&by_postgresql).await;
        let may_be_newer =
            self.databases.versions.source < 14 && question.runs_on != RunsOn::Source;
        match answer.verdict {
            Verdict::Different(_) if may_be_newer => {
                self.compared_with(&as_of_14(&by_postgresql)).await
            }
            _ => answer,
        }
    }

    async fn compared_with(&self, by_postgresql: &str) -> Answer {
        let (source, destination) = (&self.databases.source, &self.databases.destination);
        let loaded = "SELECT * FROM public.result";
        let expected = relation(source, by_postgresql).await;
        let found = relation(destination, loaded).await;
        let Some(zeros) = difference(&expected, &found) else {
            return Answer::new(Verdict::Same, None);
        };
        let expected = relation_by_value(source, by_postgresql).await;
        let found = relation_by_value(destination, loaded).await;
        match difference(&expected, &found) {
            None => Answer::new(Verdict::Same, Some(zeros)),
            Some(text) => Answer::new(Verdict::Different(text), None),
        }
    }

    /// Runs the SELECT of `question` through towpath into `public.result`; gives what the plan says
    /// that the source does for it, or why nothing is loaded.
    async fn load(&self, question: Question<'_>) -> Result<Option<String>, Verdict> {
        let plan = self.plan(question).await;
        let plan = plan.and_then(|plan| plan.refusal().map_or(Ok(plan), Err));
        let plan = plan.map_err(|error| match error.kind() {
            ErrorKind::Config | ErrorKind::Schema | ErrorKind::UnsupportedType => {
                Verdict::Refused(told(&error))
            }
            _ => Verdict::Failed(told(&error)),
        })?;
        let mut notes = plan.report().notes.iter();
        let left_to_source = notes.find(|note| note.starts_with("the source ")).cloned();
        let progress = Arc::new(Progress::default());
        match Box::pin(self.run.execute(plan, progress)).await {
            Ok(_) => Ok(left_to_source),
            Err(error) => Err(Verdict::Failed(told(&error))),
        }
    }

    async fn plan(&self, question: Question<'_>) -> Result<StreamPlan, Error> {
        let select = question.select;
        let transform: Arc<dyn Transform> = match question.runs_on {
            RunsOn::Engine => Arc::new(SqlTransform::new(select, &self.settings)?),
            RunsOn::EngineOnly => {
                Arc::new(SqlTransform::new(select, &self.settings)?.engine_only()?)
            }
            RunsOn::Source => Arc::new(SourceTransform::new(select)?),
        };
        let stream = Stream {
            name: format!("question {}", self.streams.fetch_add(1, Ordering::Relaxed)),
            table: TableName::new("public", question.table),
            into: TableName::new("public", "result"),
            write: WriteMode::Replace,
            key: Vec::new(),
            duplicates: Duplicates::Refuse,
            sync: SyncMode::Full,
            options: StreamOptions::default(),
            transform,
        };
        Box::pin(self.run.plan(&stream)).await
    }

    /// Whether the source is asked for PostgreSQL's text form of a column that `select` reads.
    pub(crate) async fn reads_text(&self, select: &str) -> bool {
        let plan = self.plan(self.of_sample(select)).await.unwrap();
        plan.report().reads.concat().contains("::pg_catalog.text")
    }

    /// Whether PostgreSQL itself fails on `select`.
    pub(crate) async fn postgresql_fails(&self, select: &str) -> bool {
        let failure = self.postgresql_failure(self.of_sample(select));
        failure.await.is_some()
    }

    /// What PostgreSQL itself says against the SELECT of `question`; `None` if it answers.
    pub(crate) async fn postgresql_failure(&self, question: Question<'_>) -> Option<String> {
        let select = question.by_postgresql();
        let answer = self.databases.source.simple_query(&select).await;
        answer.err().map(|err| message(&err))
    }
}

impl Answer {
    fn new(verdict: Verdict, zeros: Option<String>) -> Self {
        Self {
            verdict,
            zeros,
            left_to_source: None,
        }
    }
}

impl Question<'_> {
    /// The SELECT for PostgreSQL itself.
    fn by_postgresql(self) -> String {
        let table = TableName::new("public", self.table).to_string();
        let select = self.select.replace("{{ source }}", &table);
        // What is in the placeholder is the table's name.
        select.replace("{{ source('", "").replace("') }}", "")
    }
}

/// `select` for version 13, giving what it gives from 14 on, which is what towpath's SQL means:
/// `extract` became numeric, and its column is called so.
fn as_of_14(select: &str) -> String {
    let mut parts = select.split("extract(");
    let mut rewritten = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (arguments, rest) = part.split_at(end_of_call(part));
        let rest = rest.strip_prefix(')').unwrap_or(rest);
        let name = match rest.starts_with(',') {
            true => " AS extract",
            false => "",
        };
        // The shortest text that is the same double has the digits of the number.
        rewritten += &format!("extract({arguments})::text::numeric{name}{rest}");
    }
    rewritten
}

/// Where in `text`, which begins behind a parenthesis, that is closed.
fn end_of_call(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return at,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
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
