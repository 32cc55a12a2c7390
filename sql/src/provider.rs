//! A source as DataFusion reads it: one table, whose partitions are the source's.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::StreamExt;
use towpath_engine::source::{Scan, Source};

use crate::template::external;

/// How much a scan reads, at most and about; `None` where nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Size {
    /// Rows.
    pub(crate) rows: Option<u64>,
    /// Bytes at the source.
    pub(crate) bytes: Option<u64>,
}

/// A table over one scan of a source; what is read is fixed, and nothing is pushed into it.
///
/// Without a source it can be planned, to be explained, and not run.
pub(crate) struct SourceTableProvider {
    scan: Scan,
    size: Size,
    schema: SchemaRef,
    source: Option<Arc<dyn Source>>,
}

impl SourceTableProvider {
    /// The table of `scan`, about of that size, over no source yet.
    pub(crate) fn new(scan: Scan, size: Size) -> Self {
        Self {
            schema: schema_of(&scan),
            scan,
            size,
            source: None,
        }
    }

    /// What it reads.
    pub(crate) fn scan_of(&self) -> &Scan {
        &self.scan
    }

    /// The same table over `source`.
    pub(crate) fn over(&self, source: Arc<dyn Source>) -> Self {
        Self {
            scan: self.scan.clone(),
            size: self.size,
            schema: Arc::clone(&self.schema),
            source: Some(source),
        }
    }
}

impl fmt::Debug for SourceTableProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceTableProvider")
            .field("scan", &self.scan)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for SourceTableProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if !filters.is_empty() {
            return internal_err!("filters are part of the scan already");
        }
        let mut scan = self.scan.clone();
        if let Some(projection) = projection {
            scan.columns = projection
                .iter()
                .map(|&at| self.scan.columns[at].clone())
                .collect();
        }
        let partitions = match &self.source {
            Some(source) => source.partition_count(&scan).max(1),
            None => state.config().target_partitions(),
        };
        let source = self.source.clone();
        Ok(Arc::new(SourceExec::new(
            (scan, self.size),
            source,
            partitions,
        )))
    }
}

/// Reads one scan; every execution of a partition reads it anew.
struct SourceExec {
    scan: Scan,
    size: Size,
    source: Option<Arc<dyn Source>>,
    properties: Arc<PlanProperties>,
}

impl SourceExec {
    fn new((scan, size): (Scan, Size), source: Option<Arc<dyn Source>>, partitions: usize) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema_of(&scan)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        )
        .with_scheduling_type(SchedulingType::Cooperative);
        Self {
            scan,
            size,
            source,
            properties: Arc::new(properties),
        }
    }
}

impl fmt::Debug for SourceExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceExec")
            .field("scan", &self.scan)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for SourceExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<String> = self
            .scan
            .columns
            .iter()
            .map(|column| format!("{} {}", column.column, column.representation))
            .collect();
        write!(f, "SourceExec: columns=[{}]", columns.join(", "))?;
        if !self.scan.filters.is_empty() {
            write!(f, ", filters=[{}]", self.scan.filters.join(" AND "))?;
        }
        match self.scan.limit {
            Some(limit) => write!(f, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for SourceExec {
    fn name(&self) -> &str {
        "SourceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("a source has no inputs"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("a source has no inputs"),
        }
    }

    fn statistics_from_inputs(
        &self,
        _: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        if args.partition().is_none() {
            let estimate = |size: Option<u64>| match size {
                Some(size) => Precision::Inexact(usize::try_from(size).unwrap_or(usize::MAX)),
                None => Precision::Absent,
            };
            statistics.num_rows = estimate(self.size.rows);
            statistics.total_byte_size = estimate(self.size.bytes);
        }
        Ok(Arc::new(statistics))
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(source) = &self.source else {
            return internal_err!("a plan without a source cannot run");
        };
        let schema = self.schema();
        let batches = source
            .read(&self.scan, partition)
            .map(move |batch| relabel(&batch.map_err(external)?, &schema))
            .boxed();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.schema(),
            batches,
        )))
    }
}

/// The schema of the scan's batches without metadata: operators of DataFusion merge metadata in
/// different ways, and then find that their plans disagree.
fn schema_of(scan: &Scan) -> SchemaRef {
    let fields = scan
        .columns
        .iter()
        .map(|column| column.field().with_metadata(HashMap::new()));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The same columns under `schema`.
fn relabel(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

/// The provider itself, if `provider` is one of ours.
pub(crate) fn downcast(provider: &dyn TableProvider) -> Option<&SourceTableProvider> {
    (provider as &dyn Any).downcast_ref()
}
