//! Where each column of an optimized plan comes from, and what happens to it on the way.

use std::collections::HashMap;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column as Reference, DFSchema, JoinType, Result};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::logical_plan::{Aggregate, Join, Projection, Union, Window};
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::{Origin, Scanned, scan_number};
use crate::functions::is_source_text;
use crate::template::{AT_SOURCE, external, refuse};

/// Source columns whose values end up in the same places, so that they travel alike.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// The columns; there is more than one only under UNION ALL.
    pub(super) origins: Vec<Origin>,
    /// Whether an expression, a key or a sort looks at the values.
    pub(super) computed: bool,
    /// Whether an expression asks for the text that the source makes of them.
    pub(super) as_text: bool,
    /// Which columns of the result they are.
    pub(super) outputs: Vec<usize>,
}

/// The lineage of one plan.
pub(super) struct Lineage {
    classes: Vec<Class>,
    outputs: Vec<Option<Origin>>,
}

impl Lineage {
    /// Traces `plan`, whose scans read `scanned`.
    pub(super) fn of(plan: &LogicalPlan, scanned: &Scanned) -> Result<Self> {
        let mut tracer = Tracer {
            scanned,
            classes: Vec::new(),
            by_origin: HashMap::new(),
        };
        let outputs = tracer.trace(plan)?;
        for (at, class) in outputs.iter().enumerate() {
            if let Some(class) = class {
                let class = tracer.root(*class);
                tracer.classes[class].1.outputs.push(at);
            }
        }
        let origins = outputs
            .iter()
            .map(|class| class.map(|class| tracer.classes[tracer.root(class)].1.origins[0].clone()))
            .collect();
        let classes = tracer.classes.into_iter().enumerate();
        Ok(Self {
            classes: classes
                .filter(|(at, (parent, _))| at == parent)
                .map(|(_, (_, class))| class)
                .collect(),
            outputs: origins,
        })
    }

    /// All columns that are read, by what they share.
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// For each column of the result, the source column it is, if it is one.
    pub(super) fn outputs(&self) -> &[Option<Origin>] {
        &self.outputs
    }

    /// Whether an expression looks at the values of `origin`.
    pub(super) fn is_computed(&self, origin: &Origin) -> bool {
        self.classes
            .iter()
            .any(|class| class.computed && class.origins.contains(origin))
    }
}

/// Classes in a union-find forest: each with its parent's index, its own if it is a root.
struct Tracer<'a> {
    scanned: &'a Scanned,
    classes: Vec<(usize, Class)>,
    by_origin: HashMap<Origin, usize>,
}

/// For each column of a node's output: the class of the source column it is, if it is one.
type Columns = Vec<Option<usize>>;

impl Tracer<'_> {
    fn root(&self, mut class: usize) -> usize {
        while self.classes[class].0 != class {
            class = self.classes[class].0;
        }
        class
    }

    fn class_of(&mut self, origin: Origin) -> usize {
        let next = self.classes.len();
        let class = *self.by_origin.entry(origin.clone()).or_insert(next);
        if class == next {
            let class = Class {
                origins: vec![origin],
                computed: false,
                as_text: false,
                outputs: Vec::new(),
            };
            self.classes.push((next, class));
        }
        class
    }

    fn merge(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        if left != right {
            let moved = self.classes[right].1.clone();
            self.classes[right].0 = left;
            let kept = &mut self.classes[left].1;
            kept.origins.extend(moved.origins);
            kept.computed |= moved.computed;
            kept.as_text |= moved.as_text;
        }
    }

    fn mark(&mut self, class: Option<usize>) {
        if let Some(class) = class {
            let root = self.root(class);
            self.classes[root].1.computed = true;
        }
    }

    fn mark_as_text(&mut self, class: Option<usize>, column: &Reference) -> Result<()> {
        let Some(class) = class else {
            let message = format!("the text of {:?} is made by the source only", column.name);
            return Err(external(
                refuse(None, message).with_hint("cast the column itself, not what is computed"),
            ));
        };
        let root = self.root(class);
        self.classes[root].1.as_text = true;
        Ok(())
    }

    fn trace(&mut self, plan: &LogicalPlan) -> Result<Columns> {
        match plan {
            LogicalPlan::TableScan(scan) => {
                let number = scan_number(scan)?;
                let fields = scan.projected_schema.fields();
                Ok(fields
                    .iter()
                    .map(|field| Some(self.class_of((number, field.name().clone()))))
                    .collect())
            }
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => {
                let input = self.trace(&filter.input)?;
                self.mark_in(&filter.predicate, filter.input.schema(), &input)?;
                Ok(input)
            }
            LogicalPlan::Sort(sort) => {
                let input = self.trace(&sort.input)?;
                for key in &sort.expr {
                    self.mark_in(&key.expr, sort.input.schema(), &input)?;
                }
                Ok(input)
            }
            LogicalPlan::Limit(limit) => self.trace(&limit.input),
            LogicalPlan::SubqueryAlias(alias) => self.trace(&alias.input),
            LogicalPlan::Repartition(repartition) => self.trace(&repartition.input),
            LogicalPlan::Join(join) => self.join(join),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Window(window) => self.window(window),
            LogicalPlan::Union(union) => self.union(union),
            LogicalPlan::EmptyRelation(_) | LogicalPlan::Values(_) => {
                Ok(vec![None; plan.schema().fields().len()])
            }
            LogicalPlan::Subquery(subquery) => self.trace(&subquery.subquery),
            other => Err(external(
                refuse(
                    None,
                    format!("this SQL cannot be planned: {}", other.display()),
                )
                .with_hint(AT_SOURCE),
            )),
        }
    }

    fn projection(&mut self, projection: &Projection) -> Result<Columns> {
        let input = self.trace(&projection.input)?;
        let schema = projection.input.schema();
        self.pass(&projection.expr, schema, &input)
    }

    /// Expressions one by one: a plain column passes, everything else is computed.
    fn pass(&mut self, exprs: &[Expr], schema: &DFSchema, input: &Columns) -> Result<Columns> {
        let mut output = Vec::with_capacity(exprs.len());
        for expr in exprs {
            match plain_column(expr) {
                Some(column) => output.push(input[index(schema, column)?]),
                None => {
                    self.mark_in(expr, schema, input)?;
                    output.push(None);
                }
            }
        }
        Ok(output)
    }

    fn join(&mut self, join: &Join) -> Result<Columns> {
        let left = self.trace(&join.left)?;
        let right = self.trace(&join.right)?;
        for (left_key, right_key) in &join.on {
            self.mark_in(left_key, join.left.schema(), &left)?;
            self.mark_in(right_key, join.right.schema(), &right)?;
        }
        if let Some(filter) = &join.filter {
            let schema = join.left.schema().join(join.right.schema());
            let both: Columns = left.iter().chain(&right).copied().collect();
            self.mark_in(filter, &schema?, &both)?;
        }
        let width = join.schema.fields().len();
        let mut output = match join.join_type {
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right,
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => left,
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => {
                left.into_iter().chain(right).collect()
            }
        };
        output.resize(width, None);
        Ok(output)
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Columns> {
        let input = self.trace(&aggregate.input)?;
        let schema = aggregate.input.schema();
        for expr in aggregate.group_expr.iter().chain(&aggregate.aggr_expr) {
            self.mark_in(expr, schema, &input)?;
        }
        let grouping_sets = matches!(&*aggregate.group_expr, [Expr::GroupingSet(_)]);
        let mut output = match grouping_sets {
            true => Vec::new(),
            false => self.pass(&aggregate.group_expr, schema, &input)?,
        };
        output.resize(aggregate.schema.fields().len(), None);
        Ok(output)
    }

    fn window(&mut self, window: &Window) -> Result<Columns> {
        let mut output = self.trace(&window.input)?;
        let input = output.clone();
        for expr in &window.window_expr {
            self.mark_in(expr, window.input.schema(), &input)?;
        }
        output.resize(window.schema.fields().len(), None);
        Ok(output)
    }

    /// Branches that all carry a column of one type carry it together.
    fn union(&mut self, union: &Union) -> Result<Columns> {
        let inputs = union
            .inputs
            .iter()
            .map(|input| self.trace(input))
            .collect::<Result<Vec<_>>>()?;
        let width = union.schema.fields().len();
        let mut output = Vec::with_capacity(width);
        for at in 0..width {
            let branches: Columns = inputs.iter().map(|input| input[at]).collect();
            output.push(self.union_column(&branches));
        }
        Ok(output)
    }

    fn union_column(&mut self, branches: &[Option<usize>]) -> Option<usize> {
        let types: Vec<_> = branches
            .iter()
            .map(|class| {
                let origin = &self.classes[self.root((*class)?)].1.origins[0];
                let column = self.scanned.column(origin).ok()?;
                Some(&column.pg_type)
            })
            .collect();
        let same = types.windows(2).all(|pair| pair[0] == pair[1]);
        match (branches, same && types.iter().all(Option::is_some)) {
            ([Some(first), rest @ ..], true) => {
                for class in rest.iter().flatten() {
                    self.merge(*first, *class);
                }
                Some(*first)
            }
            _ => {
                for class in branches {
                    self.mark(*class);
                }
                None
            }
        }
    }

    /// Marks every column that `expr` looks at as computed.
    ///
    /// Whether a value is NULL is the same in every representation: asking that, or counting,
    /// does not look at it.
    fn mark_in(&mut self, expr: &Expr, schema: &DFSchema, input: &Columns) -> Result<()> {
        let mut seen = Vec::new();
        let mut texts = Vec::new();
        let mut subqueries = Vec::new();
        let _ = expr.apply(|expr| {
            Ok(match expr {
                Expr::IsNull(inner) | Expr::IsNotNull(inner)
                    if matches!(**inner, Expr::Column(_)) =>
                {
                    TreeNodeRecursion::Jump
                }
                Expr::AggregateFunction(call) if counts_a_column(call) => TreeNodeRecursion::Jump,
                Expr::ScalarFunction(call) if is_source_text(call) => {
                    texts.extend(call.args.iter().filter_map(plain_column).cloned());
                    TreeNodeRecursion::Jump
                }
                Expr::Column(column) => {
                    seen.push(column.clone());
                    TreeNodeRecursion::Continue
                }
                Expr::ScalarSubquery(subquery) => {
                    subqueries.push(subquery.clone());
                    TreeNodeRecursion::Continue
                }
                Expr::Exists(exists) => {
                    subqueries.push(exists.subquery.clone());
                    TreeNodeRecursion::Continue
                }
                Expr::InSubquery(within) => {
                    subqueries.push(within.subquery.clone());
                    TreeNodeRecursion::Continue
                }
                _ => TreeNodeRecursion::Continue,
            })
        });
        for column in seen {
            let class = input[index(schema, &column)?];
            self.mark(class);
        }
        for column in texts {
            self.mark_as_text(input[index(schema, &column)?], &column)?;
        }
        for subquery in subqueries {
            for class in self.trace(&subquery.subquery)? {
                self.mark(class);
            }
            for outer in &subquery.outer_ref_columns {
                if let Expr::OuterReferenceColumn(_, column) = outer
                    && let Ok(at) = schema.index_of_column(column)
                {
                    self.mark(input[at]);
                }
            }
        }
        Ok(())
    }
}

/// The column that `expr` is, under aliases.
pub(super) fn plain_column(expr: &Expr) -> Option<&Reference> {
    match expr {
        Expr::Column(column) => Some(column),
        Expr::Alias(alias) => plain_column(&alias.expr),
        _ => None,
    }
}

fn counts_a_column(call: &AggregateFunction) -> bool {
    call.func.name() == "count"
        && !call.params.distinct
        && call.params.filter.is_none()
        && call.params.order_by.is_empty()
        && call
            .params
            .args
            .iter()
            .all(|arg| matches!(arg, Expr::Column(_) | Expr::Literal(..)))
}

fn index(schema: &DFSchema, column: &Reference) -> Result<usize> {
    schema.index_of_column(column)
}
