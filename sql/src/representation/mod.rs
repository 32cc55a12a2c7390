//! Which columns the SQL computes on, which it only carries, and how each travels for that.

mod lineage;
mod relay;
mod residue;
mod rows;
mod twin;

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{
    DataFusionError, Result, ScalarValue, internal_datafusion_err, internal_err,
};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::expr::{Alias, Cast, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::logical_plan::{TableScan, TableScanBuilder};
use datafusion::logical_expr::{Expr, LogicalPlan, Union};
use towpath_engine::source::{Scan, ScanColumn, Source};
use towpath_engine::table::Column;
use towpath_engine::transform::{Destination, OutputColumn};
use towpath_engine::types::{PgType, Representation, TypeKind, native_type, oid};
use towpath_engine::{Error, ErrorKind};

use crate::functions::types::{ENUM, OPAQUE};
use crate::functions::{declared, undeclared};
use crate::provider::{SourceTableProvider, downcast};
use crate::pushdown::{PlannedTable, Relation, condition};
use crate::template::{AT_SOURCE, duplicate, external, refuse};
use lineage::Lineage;
pub(crate) use rows::{RowWise, Slots};

/// An optimized plan whose scans say exactly what they read.
pub(crate) struct Represented {
    plan: LogicalPlan,
    /// The result's columns.
    pub(crate) columns: Vec<OutputColumn>,
    /// What is read, scan by scan.
    pub(crate) scans: Vec<Scan>,
    /// Bytes that each scan reads, about.
    pub(crate) sizes: Vec<Option<u64>>,
    /// Whether each row of the result comes from one row of the source, and no other does.
    pub(crate) keeps_rows_apart: bool,
}

/// A source column read by one of the plan's scans: the scan's number, and the column's name.
type Origin = (usize, String);

/// Decides how every column travels, and rewrites `plan` to it.
///
/// # Errors
/// `Config`, if the SQL computes on a column in a way that needs the source.
pub(crate) fn represent(plan: LogicalPlan, destination: &Destination) -> Result<Represented> {
    let (plan, scanned) = number_scans(plan)?;
    residue::check(&plan).map_err(external)?;
    let lineage = Lineage::of(&plan, &scanned)?;
    let outputs = lineage.outputs().to_vec();
    let names: Vec<String> = plan
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    if let Some(name) = repeated(&names) {
        return Err(external(duplicate(name)));
    }
    check_types(&plan, &outputs)?;
    let targets = Targets {
        destination,
        names: &names,
    };
    let twins = twin::wanted(&plan, &lineage, &scanned)?;
    let mut reads = Reads {
        chosen: choose(&lineage, &scanned, targets, &twins)?,
        twins: twin_representations(&twins, &scanned, targets)?,
        scanned,
    };
    let keeps_rows_apart = keeps_rows_apart(&plan);
    let types: Vec<Option<PgType>> = plan
        .schema()
        .fields()
        .iter()
        .map(|field| declared::pg_type(field))
        .collect();
    let plan = reads.rewrite(plan, &twins)?;
    let columns = output_columns(&plan, &outputs, types, (&reads, &twins))?;
    let scans = scans(&plan)?;
    let sizes = reads.scanned.0.iter().map(|relation| relation.size().bytes);
    Ok(Represented {
        plan,
        columns,
        scans,
        sizes: sizes.collect(),
        keeps_rows_apart,
    })
}

impl Represented {
    /// The plan, over no source.
    pub(crate) fn plan(&self) -> &LogicalPlan {
        &self.plan
    }

    /// The scan whose rows are the result; `None` if the plan does anything to them.
    pub(crate) fn relay(&self) -> Option<Scan> {
        relay::scan(&self.plan)
    }

    /// The plan, if it computes each row by itself.
    pub(crate) fn row_wise(&self) -> Option<RowWise<'_>> {
        RowWise::of(&self.plan)
    }

    /// The plan over `sources`, one for each table, or over none, to be explained.
    pub(crate) fn plan_over(&self, sources: Option<&[Arc<dyn Source>]>) -> Result<LogicalPlan> {
        let Some(sources) = sources else {
            return Ok(self.plan.clone());
        };
        map_scans(self.plan.clone(), |mut scan| {
            let provider = source_as_provider(&scan.source)?;
            if let Some(ours) = downcast(&*provider) {
                let Some(source) = sources.get(ours.scan_of().input) else {
                    return internal_err!("there is no source for a scan");
                };
                scan.source = provider_as_source(Arc::new(ours.over(Arc::clone(source))));
            }
            Ok(scan)
        })
    }
}

/// Replaces every scan of `plan`, those of subqueries too.
fn map_scans(
    plan: LogicalPlan,
    mut replace: impl FnMut(TableScan) -> Result<TableScan>,
) -> Result<LogicalPlan> {
    Ok(plan
        .transform_up_with_subqueries(|node| match node {
            LogicalPlan::TableScan(scan) => {
                Ok(Transformed::yes(LogicalPlan::TableScan(replace(scan)?)))
            }
            node => Ok(Transformed::no(node)),
        })?
        .data)
}

/// What the scans of a plan read, by their numbers.
pub(crate) struct Scanned(Vec<Arc<Relation>>);

impl Scanned {
    fn relation(&self, number: usize) -> Result<&Arc<Relation>> {
        let relation = self.0.get(number);
        relation.ok_or_else(|| internal_datafusion_err!("there is no scan number {number}"))
    }

    fn column(&self, (number, name): &Origin) -> Result<&Column> {
        self.relation(*number)?.column(name)
    }

    /// The column of the stream's table that is carried there; `None` if its server computes it, or
    /// if it is another table's.
    fn source_column(&self, (number, name): &Origin) -> Result<Option<String>> {
        let relation = self.relation(*number)?;
        let is_own = relation.input == 0 && !relation.computed.contains(name);
        Ok(is_own.then(|| name.clone()))
    }

    /// The number of the table that a column comes from.
    fn input(&self, (number, _): &Origin) -> Result<usize> {
        Ok(self.relation(*number)?.input)
    }
}

/// Gives each scan a number of its own.
fn number_scans(plan: LogicalPlan) -> Result<(LogicalPlan, Scanned)> {
    let mut relations = Vec::new();
    let plan = map_scans(plan, |mut scan| {
        let provider = source_as_provider(&scan.source)?;
        if let Some(table) = planned(&*provider) {
            let mut table = table.clone();
            table.number = relations.len();
            relations.push(table.relation.clone());
            scan.source = provider_as_source(Arc::new(table));
        }
        Ok(scan)
    })?;
    Ok((plan, Scanned(relations)))
}

fn planned(provider: &dyn datafusion::catalog::TableProvider) -> Option<&PlannedTable> {
    (provider as &dyn Any).downcast_ref()
}

/// The number of a scan.
fn scan_number(scan: &TableScan) -> Result<usize> {
    let provider = source_as_provider(&scan.source)?;
    planned(&*provider)
        .map(|table| table.number)
        .ok_or_else(|| DataFusionError::Plan("only the source table can be read".to_owned()))
}

/// Refuses results that are text here, and another type in PostgreSQL.
fn check_types(plan: &LogicalPlan, outputs: &[Option<Origin>]) -> Result<()> {
    for (field, origin) in plan.schema().fields().iter().zip(outputs) {
        if origin.is_none() && [ENUM, OPAQUE].contains(field.data_type()) {
            let message = format!(
                "column {:?} has a type that only the source knows",
                field.name()
            );
            let hint = "cast it to text, or let the source run it (on: source)";
            return Err(external(refuse(None, message).with_hint(hint)));
        }
    }
    Ok(())
}

fn repeated(names: &[String]) -> Option<&str> {
    let mut seen = std::collections::HashSet::new();
    names
        .iter()
        .find(|name| !seen.insert(*name))
        .map(|name| &**name)
}

fn keeps_rows_apart(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(scan) => source_as_provider(&scan.source).is_ok_and(|table| {
            planned(&*table).is_some_and(|table| table.relation.keeps_rows_apart)
        }),
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::SubqueryAlias(_) => {
            let mut subqueries = false;
            let _ = plan.apply_subqueries(|_| {
                subqueries = true;
                Ok(TreeNodeRecursion::Stop)
            });
            !subqueries && plan.inputs().iter().all(|input| keeps_rows_apart(input))
        }
        _ => false,
    }
}

/// How values of `pg_type` travel when the SQL computes on them.
fn computed(pg_type: &PgType) -> Representation {
    match native_type(pg_type) {
        Some(_) => Representation::Native,
        None => Representation::Text,
    }
}

/// Where the result's columns go.
#[derive(Clone, Copy)]
struct Targets<'a> {
    destination: &'a Destination,
    names: &'a [String],
}

impl Targets<'_> {
    /// How values of `from` travel when the plan only carries them into column `output`.
    fn carried(&self, from: &PgType, output: usize) -> Result<Representation> {
        let name = &self.names[output];
        let representation = self.destination.carry(name, from).ok_or_else(|| {
            unsupported(
                format!("values of type {from} are stored in no table"),
                "leave the column out, or cast it in the source's view",
            )
        })?;
        let to = self.destination.column_type(name);
        let same_type = to.is_none_or(|to| from.is_same_type(to));
        Ok(match representation {
            Representation::Wire if same_type && is_cheap(from) => Representation::Native,
            other => other,
        })
    }
}

/// Whether decoding costs nothing and loses nothing. Timestamps do not count: PostgreSQL's last ones
/// exceed Arrow's 64 bits of microseconds.
fn is_cheap(pg_type: &PgType) -> bool {
    matches!(pg_type.kind, TypeKind::Base)
        && matches!(
            pg_type.oid,
            oid::BOOL
                | oid::INT2
                | oid::INT4
                | oid::INT8
                | oid::FLOAT4
                | oid::FLOAT8
                | oid::TEXT
                | oid::VARCHAR
                | oid::BYTEA
                | oid::DATE
                | oid::TIME
        )
}

/// Chooses the representation of each column that is read, by scan and name.
fn choose(
    lineage: &Lineage,
    scanned: &Scanned,
    targets: Targets<'_>,
    twins: &[twin::Twin],
) -> Result<HashMap<Origin, Representation>> {
    let mut chosen = HashMap::new();
    for class in lineage.classes() {
        let pg_type = &scanned.column(&class.origins[0])?.pg_type;
        let representation = if class.as_text && class.computed && native_type(pg_type).is_some() {
            let name = &class.origins[0].1;
            let message = format!("column {name:?} is both computed on and cast to text");
            let hint = AT_SOURCE;
            return Err(external(refuse(None, message).with_hint(hint)));
        } else if class.as_text {
            Representation::Text
        } else if class.computed {
            computed(pg_type)
        } else {
            let mut wanted = class
                .outputs
                .iter()
                .filter(|output| twins.iter().all(|twin| twin.output != **output))
                .map(|output| targets.carried(pg_type, *output))
                .collect::<Result<Vec<_>>>()?;
            wanted.dedup();
            match *wanted {
                // What nobody wants can have any form.
                [] if pg_type.is_portable_in_binary() => Representation::Wire,
                [] => Representation::Text,
                [one] => one,
                // Two destination columns that want different forms: text is right for all.
                _ => Representation::Text,
            }
        };
        for origin in &class.origins {
            chosen.insert(origin.clone(), representation);
        }
    }
    Ok(chosen)
}

fn twin_representations(
    twins: &[twin::Twin],
    scanned: &Scanned,
    targets: Targets<'_>,
) -> Result<HashMap<String, Representation>> {
    twins
        .iter()
        .map(|twin| {
            let pg_type = &scanned.column(&twin.origin)?.pg_type;
            Ok((twin.field_name(), targets.carried(pg_type, twin.output)?))
        })
        .collect()
}

fn unsupported(message: String, hint: &str) -> DataFusionError {
    external(Error::new(ErrorKind::UnsupportedType, message).with_hint(hint))
}

/// What the plan's scans read, and how.
struct Reads {
    scanned: Scanned,
    chosen: HashMap<Origin, Representation>,
    twins: HashMap<String, Representation>,
}

impl Reads {
    /// The plan over the real scans: schemas are computed anew from them upwards.
    fn rewrite(&mut self, plan: LogicalPlan, twins: &[twin::Twin]) -> Result<LogicalPlan> {
        let rewritten = plan
            .transform_up_with_subqueries(|node| {
                let node = match node {
                    LogicalPlan::TableScan(scan) => self.real_scan(&scan, twins)?,
                    LogicalPlan::Union(union) => {
                        LogicalPlan::Union(Union::try_new_with_loose_types(union.inputs)?)
                    }
                    node => {
                        let names = NamePreserver::new(&node);
                        let node = node.map_expressions(|expr| {
                            let name = names.save(&expr);
                            Ok(settle(expr)?.update_data(|expr| name.restore(expr)))
                        })?;
                        let node = node.data;
                        twin::thread(node, twins)?.recompute_schema()?
                    }
                };
                Ok(Transformed::yes(node))
            })?
            .data;
        twin::select(rewritten, twins)
    }

    fn real_scan(&self, scan: &TableScan, twins: &[twin::Twin]) -> Result<LogicalPlan> {
        let number = scan_number(scan)?;
        let mut columns = Vec::new();
        for field in scan.projected_schema.fields() {
            let origin = (number, field.name().clone());
            let representation = self.chosen.get(&origin);
            columns.push(self.scan_column(&origin, field.name(), representation)?);
        }
        for twin in twins.iter().filter(|twin| twin.origin.0 == number) {
            let name = twin.field_name();
            let representation = self.twins.get(&name);
            columns.push(self.scan_column(&twin.origin, &name, representation)?);
        }
        let filters = scan
            .filters
            .iter()
            .map(|filter| {
                condition(filter).ok_or_else(|| {
                    DataFusionError::Internal(format!("{filter} cannot be left to the source"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let relation = self.scanned.relation(number)?;
        let scan_of = Scan {
            columns,
            filters,
            limit: scan.fetch.map(|limit| limit as u64),
            query: relation.query.clone(),
            input: relation.input,
            ..Scan::default()
        };
        let provider = SourceTableProvider::new(scan_of, relation.size());
        let source = provider_as_source(Arc::new(provider));
        let table = TableScanBuilder::new(scan.table_name.clone(), source);
        Ok(LogicalPlan::TableScan(table.build()?))
    }

    fn scan_column(
        &self,
        origin: &Origin,
        field_name: &str,
        representation: Option<&Representation>,
    ) -> Result<ScanColumn> {
        let column = self.scanned.column(origin)?;
        Ok(ScanColumn {
            column: column.name.clone(),
            field_name: field_name.to_owned(),
            pg_type: column.pg_type.clone(),
            representation: representation
                .copied()
                .unwrap_or_else(|| computed(&column.pg_type)),
            nullable: column.nullable,
        })
    }
}

/// Constants of the types that only the planner knows become the text that the columns are, and
/// what only planning needs goes.
fn settle(expr: Expr) -> Result<Transformed<Expr>> {
    expr.transform_up(|expr| {
        Ok(match expr {
            Expr::Literal(ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text), metadata) => {
                Transformed::yes(Expr::Literal(ScalarValue::Utf8(text), metadata))
            }
            Expr::Cast(cast) if [ENUM, OPAQUE].contains(cast.field.data_type()) => {
                Transformed::yes(Expr::Cast(Cast::new(cast.expr, DataType::Utf8)))
            }
            Expr::ScalarFunction(call) => match undeclared(&call) {
                Some(expr) => Transformed::yes(expr),
                None => Transformed::no(Expr::ScalarFunction(call)),
            },
            Expr::Alias(alias) if alias.metadata.is_some() => {
                Transformed::yes(Expr::Alias(Alias {
                    metadata: None,
                    ..alias
                }))
            }
            Expr::WindowFunction(call) => {
                Transformed::yes(Expr::WindowFunction(Box::new(with_bare_keys(*call))))
            }
            expr => Transformed::no(expr),
        })
    })
}

/// `call` by keys without names. An optimizer rule names those of some windows of one plan node, and
/// the planner then takes them for others.
fn with_bare_keys(mut call: WindowFunction) -> WindowFunction {
    let params = &mut call.params;
    let partition_by = std::mem::take(&mut params.partition_by);
    params.partition_by = partition_by.into_iter().map(Expr::unalias).collect();
    for key in &mut params.order_by {
        key.expr = std::mem::take(&mut key.expr).unalias();
    }
    call
}

fn output_columns(
    plan: &LogicalPlan,
    outputs: &[Option<Origin>],
    types: Vec<Option<PgType>>,
    (reads, twins): (&Reads, &[twin::Twin]),
) -> Result<Vec<OutputColumn>> {
    let fields = plan.schema().fields().iter().enumerate();
    fields
        .zip(types)
        .map(|((at, field), computed_type)| {
            let twin = twins.iter().find(|twin| twin.output == at);
            let representation = match (twin, &outputs[at]) {
                (Some(twin), _) => reads.twins.get(&twin.field_name()),
                (None, Some(origin)) => reads.chosen.get(origin),
                (None, None) => None,
            };
            let origin = outputs[at].as_ref();
            let pg_type = match origin {
                Some(origin) => reads.scanned.column(origin)?.pg_type.clone(),
                None => computed_type.ok_or_else(|| {
                    unsupported(
                        format!(
                            "column {:?} of the result has no type in PostgreSQL",
                            field.name()
                        ),
                        "cast it in the transform",
                    )
                })?,
            };
            Ok(OutputColumn {
                name: field.name().clone(),
                pg_type,
                representation: representation.copied().unwrap_or(Representation::Native),
                data_type: field.data_type().clone(),
                nullable: field.is_nullable(),
                is_carried: origin.is_some(),
                source_column: match origin {
                    Some(origin) => reads.scanned.source_column(origin)?,
                    None => None,
                },
                input: match origin {
                    Some(origin) => reads.scanned.input(origin)?,
                    None => 0,
                },
            })
        })
        .collect()
}

/// All scans of the plan, those of subqueries too.
fn scans(plan: &LogicalPlan) -> Result<Vec<Scan>> {
    let mut scans: Vec<Scan> = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            scans.extend(downcast(&*provider).map(|ours| ours.scan_of().clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(scans)
}
