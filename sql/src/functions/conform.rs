//! The rule over whole plans: every node's expressions, and what nodes themselves compare.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::logical_plan::{
    Aggregate, DistinctOn, Join, Projection, Sort, Values, Window,
};
use datafusion::logical_expr::utils::{merge_schema, split_conjunction};
use datafusion::logical_expr::{
    Distinct, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Union,
};
use datafusion::optimizer::AnalyzerRule;

use super::expression::{Now, conform};
use super::grouped::{OF_ANOTHER_ROW, key_of, sort_keys};
use super::marker::declared_as;
use super::types::{ENUM, Pg, chosen, name, pg};
use super::{declared, scale};
use crate::template::{AT_SOURCE, external, refuse};

/// Gives every expression PostgreSQL's types, or refuses the plan.
#[derive(Debug)]
pub(super) struct Conform;

impl AnalyzerRule for Conform {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = Now(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX));
        Ok(plan
            .transform_up_with_subqueries(|plan| Ok(Transformed::yes(node(plan, now)?)))?
            .data)
    }

    fn name(&self) -> &str {
        "conform"
    }
}

fn node(plan: LogicalPlan, now: Now) -> Result<LogicalPlan> {
    match plan {
        // Their expressions are counts of rows, which stay what DataFusion wants.
        LogicalPlan::Limit(_) | LogicalPlan::TableScan(_) => Ok(plan),
        LogicalPlan::Values(values) => conform_values(values, now),
        LogicalPlan::Union(union) => conform_union(union),
        plan => {
            let plan = expressions(plan, now)?;
            check_subqueries(&plan)?;
            match plan {
                LogicalPlan::Aggregate(aggregate) => keys(aggregate),
                LogicalPlan::Window(window) => window_results(window),
                LogicalPlan::Sort(sort) => {
                    let expr = sort_keys(sort.expr, sort.input.schema())?;
                    Ok(LogicalPlan::Sort(Sort { expr, ..sort }))
                }
                LogicalPlan::Join(join) => {
                    check_join(&join)?;
                    Ok(LogicalPlan::Join(join))
                }
                LogicalPlan::Distinct(Distinct::On(distinct)) => {
                    check_distinct(&distinct)?;
                    Ok(LogicalPlan::Distinct(Distinct::On(distinct)))
                }
                LogicalPlan::Distinct(Distinct::All(input)) => {
                    let input = distinct_keys(input)?;
                    Ok(LogicalPlan::Distinct(Distinct::All(input)))
                }
                plan => Ok(plan),
            }
        }
    }
}

/// Refuses subqueries that would become a join that means something else.
fn check_subqueries(plan: &LogicalPlan) -> Result<()> {
    for expr in plan.expressions() {
        let conjuncts = match plan {
            LogicalPlan::Filter(_) => split_conjunction(&expr),
            _ => vec![&expr],
        };
        for conjunct in conjuncts {
            let mut objection = None;
            conjunct.apply(|inner| {
                let is_whole =
                    std::ptr::eq(inner, conjunct) && matches!(plan, LogicalPlan::Filter(_));
                objection = objection.or_else(|| subquery_objection(inner, is_whole));
                Ok(TreeNodeRecursion::Continue)
            })?;
            if let Some(objection) = objection {
                return Err(external(refuse(None, objection).with_hint(AT_SOURCE)));
            }
        }
    }
    Ok(())
}

/// Why the planner would get `expr` wrong, if it is a subquery; `is_whole` says whether it is a whole
/// condition of WHERE.
fn subquery_objection(expr: &Expr, is_whole: bool) -> Option<&'static str> {
    let subquery = match expr {
        Expr::InSubquery(_) if !is_whole => {
            return Some("IN (a query) within another expression may be neither true nor false");
        }
        Expr::InSubquery(within) => {
            if within.negated && !within.subquery.outer_ref_columns.is_empty() {
                return Some("NOT IN (a query that depends on the row) is not supported");
            }
            &within.subquery
        }
        Expr::Exists(exists) => &exists.subquery,
        _ => return None,
    };
    let counts_rows = |node: &LogicalPlan| match node {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        node => matches!(node, LogicalPlan::Limit(_)),
    };
    let is_about_all = subquery.subquery.exists(|node| Ok(counts_rows(node)));
    (!subquery.outer_ref_columns.is_empty() && is_about_all.unwrap_or(true))
        .then_some("a query that depends on the row, and counts its rows, is not supported here")
}

/// Conforms the node's expressions over its inputs' columns; their names stay.
fn expressions(plan: LogicalPlan, now: Now) -> Result<LogicalPlan> {
    let schema = merge_schema(&plan.inputs());
    let names = NamePreserver::new(&plan);
    let remembers = matches!(
        plan,
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)
    );
    plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let conformed = conform(expr, &schema, now)?.update_data(|expr| name.restore(expr));
        Ok(match remembers {
            true => conformed.update_data(|expr| scale::remember(expr, &schema)),
            false => conformed,
        })
    })?
    .data
    .recompute_schema()
}

fn conform_values(values: Values, now: Now) -> Result<LogicalPlan> {
    let empty = DFSchema::empty();
    let rows = values
        .values
        .into_iter()
        .map(|row| {
            row.into_iter()
                .map(|expr| Ok(conform(expr, &empty, now)?.data))
                .collect::<Result<Vec<_>>>()
        })
        .collect::<Result<Vec<_>>>()?;
    let width = rows.first().map_or(0, Vec::len);
    for at in 0..width {
        let types = rows
            .iter()
            .map(|row| row[at].get_type(&empty))
            .collect::<Result<Vec<_>>>()?;
        let first = types.iter().find(|data_type| **data_type != DataType::Null);
        if types
            .iter()
            .any(|data_type| *data_type != DataType::Null && Some(data_type) != first)
        {
            return Err(external(
                refuse(None, format!("column {} of VALUES mixes types", at + 1))
                    .with_hint("cast its values to one type"),
            ));
        }
    }
    LogicalPlanBuilder::values(rows)?.build()
}

/// Branches of a union get the type that PostgreSQL chooses for all of them.
fn conform_union(union: Union) -> Result<LogicalPlan> {
    let width = union.schema.fields().len();
    let mut wide = Vec::with_capacity(width);
    for at in 0..width {
        let types: Vec<&DataType> = union
            .inputs
            .iter()
            .map(|input| input.schema().field(at).data_type())
            .collect();
        let shared = chosen(types.iter().copied()).ok_or_else(|| {
            let types: Vec<String> = types.iter().map(|data_type| name(data_type)).collect();
            external(
                refuse(
                    None,
                    format!("column {} of a UNION is {}", at + 1, types.join(" and ")),
                )
                .with_hint("cast it to one type in every branch"),
            )
        })?;
        wide.push(match shared {
            DataType::Null => DataType::Utf8,
            shared => shared,
        });
    }
    let inputs = union
        .inputs
        .into_iter()
        .map(|input| widen(input, &wide))
        .collect::<Result<Vec<_>>>()?;
    let shared: Vec<Option<String>> = (0..width)
        .map(|at| {
            let declared = inputs
                .iter()
                .map(|input| declared::of(input.schema().field(at)).map(ToOwned::to_owned));
            declared::shared(&declared.collect::<Vec<_>>())
        })
        .collect();
    let inputs = inputs
        .into_iter()
        .map(|input| declare(input, &shared))
        .collect::<Result<Vec<_>>>()?;
    Ok(LogicalPlan::Union(Union::try_new(inputs)?))
}

/// `input`, whose columns have the precision or length that all branches share.
fn declare(input: Arc<LogicalPlan>, shared: &[Option<String>]) -> Result<Arc<LogicalPlan>> {
    let differs = |at: usize| declared::of(input.schema().field(at)) != shared[at].as_deref();
    if !(0..shared.len()).any(differs) {
        return Ok(input);
    }
    let columns = input.schema().iter().enumerate();
    let exprs = columns.map(|(at, (qualifier, field))| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        match differs(at) {
            true => declared_as(column, shared[at].clone())
                .alias_qualified(qualifier.cloned(), field.name()),
            false => column,
        }
    });
    let exprs = exprs.collect();
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(
        exprs, input,
    )?)))
}

/// `input` with its columns in the types of `wide`.
pub(super) fn widen(input: Arc<LogicalPlan>, wide: &[DataType]) -> Result<Arc<LogicalPlan>> {
    let same = input
        .schema()
        .fields()
        .iter()
        .zip(wide)
        .all(|(field, wide)| field.data_type() == wide);
    if same {
        return Ok(input);
    }
    let exprs = input
        .schema()
        .iter()
        .zip(wide)
        .map(|((qualifier, field), wide)| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            if field.data_type() == wide {
                return column;
            }
            let widens = pg(field.data_type()).is_some_and(|from| {
                from.is_integer() || from == Pg::Numeric && pg(wide) == Some(Pg::Numeric)
            });
            let cast = match widens {
                true => Expr::Cast(Cast::new(Box::new(column), wide.clone())),
                false => super::cast::cast(column, super::cast::Target::of(wide.clone())),
            };
            cast.alias_qualified(qualifier.cloned(), field.name())
        })
        .collect();
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(
        exprs, input,
    )?)))
}

/// Groups are keyed by what PostgreSQL finds equal; the columns keep their names.
fn keys(aggregate: Aggregate) -> Result<LogicalPlan> {
    let schema = Arc::clone(aggregate.input.schema());
    let names = NamePreserver::new_for_projection();
    let group_expr = aggregate
        .group_expr
        .into_iter()
        .map(|key| {
            let name = names.save(&key);
            Ok(name.restore(key_of(key, &schema)?))
        })
        .collect::<Result<Vec<_>>>()?;
    let keys = group_expr.len();
    let aggregate = Aggregate::try_new(aggregate.input, group_expr, aggregate.aggr_expr)?;
    texts(LogicalPlan::Aggregate(aggregate), keys)
}

/// Aggregated text is DataFusion's large string, which stands for enums here: cast above.
fn texts(plan: LogicalPlan, keys: usize) -> Result<LogicalPlan> {
    let is_large = |at: usize, field: &Field| at >= keys && *field.data_type() == ENUM;
    let fields = plan.schema().fields().iter().enumerate();
    if !fields.clone().any(|(at, field)| is_large(at, field)) {
        return Ok(plan);
    }
    let exprs = plan
        .schema()
        .iter()
        .enumerate()
        .map(|(at, (qualifier, field))| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            match is_large(at, field) {
                true => Expr::Cast(Cast::new(Box::new(column), DataType::Utf8))
                    .alias_qualified(qualifier.cloned(), field.name()),
                false => column,
            }
        })
        .collect();
    Ok(LogicalPlan::Projection(Projection::try_new(
        exprs,
        Arc::new(plan),
    )?))
}

/// Gives the results of `window` PostgreSQL's types, above it: row numbers and ranks are bigint, ntile is
/// integer, and a value of another row keeps its type, without modifier.
fn window_results(window: Window) -> Result<LogicalPlan> {
    let input = Arc::clone(window.input.schema());
    let before = input.fields().len();
    let plan = LogicalPlan::Window(window);
    let LogicalPlan::Window(window) = &plan else {
        return Ok(plan);
    };
    let mut is_same = true;
    let columns = plan.schema().iter().enumerate();
    let exprs = columns.map(|(at, (qualifier, field))| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let call = at
            .checked_sub(before)
            .and_then(|at| window.window_expr.get(at));
        let typed = match call.map(|call| call.clone().unalias()) {
            Some(Expr::WindowFunction(call)) => window_result(&call, field, &input),
            _ => None,
        };
        match typed {
            Some(typed) => {
                is_same = false;
                typed(column).alias_qualified(qualifier.cloned(), field.name())
            }
            None => column,
        }
    });
    let exprs = exprs.collect();
    if is_same {
        return Ok(plan);
    }
    Ok(LogicalPlan::Projection(Projection::try_new(
        exprs,
        Arc::new(plan),
    )?))
}

/// What makes the result of `call`, which is `field`, one of PostgreSQL's type; `None` if it is.
fn window_result(
    call: &WindowFunction,
    field: &Field,
    input: &DFSchema,
) -> Option<fn(Expr) -> Expr> {
    if *field.data_type() == DataType::UInt64 {
        return Some(match call.fun.name() {
            "ntile" => |column| Expr::Cast(Cast::new(Box::new(column), DataType::Int32)),
            _ => |column| Expr::Cast(Cast::new(Box::new(column), DataType::Int64)),
        });
    }
    let value = call.params.args.first();
    let value = value.filter(|_| OF_ANOTHER_ROW.contains(&call.fun.name()))?;
    let (_, value) = value.to_field(input).ok()?;
    declared::without_modifier(declared::of(&value)?)?;
    Some(|column| declared_as(column, Some(declared::VARCHAR.to_owned())))
}

/// Columns that USING, INTERSECT and EXCEPT compare have one type on both sides.
fn check_join(join: &Join) -> Result<()> {
    for (left, right) in &join.on {
        let left_type = left.get_type(join.left.schema())?;
        let right_type = right.get_type(join.right.schema())?;
        let comparable = match pg(&left_type) {
            Some(known) => {
                !known.is_float() && !matches!(known, Pg::Opaque | Pg::Array | Pg::Interval)
            }
            None => false,
        };
        if left_type != right_type || !comparable {
            let message = format!(
                "rows cannot be matched by {} and {}",
                name(&left_type),
                name(&right_type)
            );
            return Err(external(
                refuse(super::expression::place(left), message)
                    .with_hint("cast both to one type, and write JOIN … ON"),
            ));
        }
    }
    Ok(())
}

/// DISTINCT ON keeps its keys as they are, so they must compare as they are.
fn check_distinct(distinct: &DistinctOn) -> Result<()> {
    for key in &distinct.on_expr {
        if key_of(key.clone(), distinct.input.schema())? != *key {
            return Err(external(
                refuse(
                    super::expression::place(key),
                    "DISTINCT ON a floating-point number is not supported",
                )
                .with_hint("cast it to numeric(p,s)"),
            ));
        }
    }
    Ok(())
}

fn distinct_keys(input: Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
    let schema = Arc::clone(input.schema());
    let mut changed = false;
    let mut exprs = Vec::with_capacity(schema.fields().len());
    for (qualifier, field) in schema.iter() {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        let key = key_of(column.clone(), &schema)?;
        changed |= key != column;
        exprs.push(match key == column {
            true => column,
            false => key.alias_qualified(qualifier.cloned(), field.name()),
        });
    }
    if !changed {
        return Ok(input);
    }
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(
        exprs, input,
    )?)))
}
