//! Aggregates and window functions: the types of their arguments, and keys of groups.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Case, WindowFunction};
use datafusion::logical_expr::{
    AggregateUDF, Expr, ExprSchemable, SortExpr, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowFunctionDefinition,
};

use super::expression::{Scope, place};
use super::extreme::float_extreme;
use super::marker::{declared_as, float_key};
use super::types::{Pg, as_decimal, name, pg};
use super::{aggregate, declared};
use crate::template::{AT_SOURCE, external, refuse};

/// An aggregate call in PostgreSQL's types.
///
/// # Errors
/// `Config`, if the aggregate would differ.
pub(super) fn aggregate_call(mut call: AggregateFunction, scope: &Scope<'_>) -> Result<Expr> {
    let args = std::mem::take(&mut call.params.args);
    let types = args
        .iter()
        .map(|arg| scope.type_of(arg))
        .collect::<Result<Vec<_>>>()?;
    let name_of_call = call.func.name().to_owned();
    let refused = |what: &str| {
        let types = args.iter().zip(&types);
        let types: Vec<String> = types
            .map(|(arg, data_type)| scope.source_type(arg).unwrap_or_else(|| name(data_type)))
            .collect();
        external(
            refuse(
                args.first().and_then(place),
                format!("{name_of_call}({}) {what}", types.join(", ")),
            )
            .with_hint("cast the argument, or let the source run it (on: source)"),
        )
    };
    let wanted = aggregate_types(&name_of_call, &types, call.params.distinct)
        .ok_or_else(|| refused("is not supported"))?;
    if name_of_call == "string_agg" && call.params.order_by.is_empty() {
        let refused = refuse(
            args.first().and_then(place),
            "string_agg without ORDER BY gives another text each time",
        );
        return Err(external(refused.with_hint(
            "write string_agg(value, delimiter ORDER BY …), or let the source run it (on: source)",
        )));
    }
    if name_of_call == "avg" {
        for (arg, data_type) in args.iter().zip(&types) {
            scope.check_scale(arg, data_type)?;
        }
    }
    call.params.args = args
        .into_iter()
        .zip(types.iter().zip(&wanted))
        .map(|(arg, (from, to))| scope.coerce(arg, from, to))
        .collect::<Result<Vec<_>>>()?;
    if call.params.distinct && wanted.first().and_then(pg).is_some_and(Pg::is_float) {
        call.params.args = call.params.args.into_iter().map(float_key).collect();
    }
    if let Some(own) = own_aggregate(&name_of_call, &wanted) {
        call.func = own;
    }
    if let Some(filter) = call.params.filter.take() {
        let filter = scope.boolean(*filter)?;
        call.params.args = guarded(call.params.args, &filter);
        call.params.filter = Some(Box::new(filter));
    }
    Ok(Expr::AggregateFunction(call))
}

/// The aggregate that is computed in DataFusion's place over arguments of the types `wanted`.
fn own_aggregate(name: &str, wanted: &[DataType]) -> Option<Arc<AggregateUDF>> {
    match (name, wanted.first().and_then(pg)?) {
        ("avg", Pg::Numeric) => Some(aggregate::numeric_avg()),
        ("min" | "max", known) if known.is_float() => Some(float_extreme(name)),
        _ => None,
    }
}

/// `args` computed only for rows that pass `filter`, as those of other rows may not be computable.
fn guarded(args: Vec<Expr>, filter: &Expr) -> Vec<Expr> {
    let guard = |arg: Expr| match arg {
        Expr::Column(_) | Expr::Literal(..) => arg,
        arg => {
            let when = vec![(Box::new(filter.clone()), Box::new(arg))];
            Expr::Case(Case::new(None, when, None))
        }
    };
    args.into_iter().map(guard).collect()
}

/// The types in which an aggregate takes its arguments; `None` if it would differ.
fn aggregate_types(function: &str, types: &[DataType], distinct: bool) -> Option<Vec<DataType>> {
    let first = types.first();
    let known = first.and_then(pg);
    let one = |data_type: DataType| Some(vec![data_type]);
    match function {
        "count" => match known {
            Some(Pg::Opaque | Pg::Array | Pg::Interval) if distinct => None,
            _ => (types.len() == 1).then(|| types.to_vec()),
        },
        "sum" => match known? {
            Pg::Int2 | Pg::Int4 | Pg::Float8 => one(first?.clone()),
            Pg::Int8 => one(DataType::Decimal128(19, 0)),
            // DataFusion's sum adds 10 digits and wraps: 38 must be enough for any table.
            Pg::Numeric => match first? {
                DataType::Decimal128(precision, scale) if *precision > 28 => {
                    one(DataType::Decimal256(*precision, *scale))
                }
                data_type => one(data_type.clone()),
            },
            _ => None,
        },
        "avg" => match known? {
            Pg::Int2 | Pg::Int4 | Pg::Int8 | Pg::Numeric if distinct => None,
            Pg::Int2 | Pg::Int4 | Pg::Int8 | Pg::Numeric => one(as_decimal(first?)?),
            Pg::Float4 | Pg::Float8 => one(DataType::Float64),
            _ => None,
        },
        "min" | "max" => match known? {
            known if known.is_number() => one(first?.clone()),
            Pg::Text | Pg::Date | Pg::Time | Pg::Timestamp | Pg::TimestampTz => one(first?.clone()),
            _ => None,
        },
        "bool_and" | "bool_or" | "every" => match known? {
            Pg::Bool | Pg::Unknown => one(DataType::Boolean),
            _ => None,
        },
        "string_agg" => match (known?, types.get(1).and_then(pg)?) {
            (Pg::Text, Pg::Text | Pg::Unknown) => Some(vec![DataType::Utf8; 2]),
            _ => None,
        },
        _ => None,
    }
}

/// Window functions that give a value of another row.
pub(super) const OF_ANOTHER_ROW: [&str; 5] =
    ["first_value", "lag", "last_value", "lead", "nth_value"];

/// A window call in PostgreSQL's types.
///
/// # Errors
/// `Config`, if the function would differ.
pub(super) fn window_call(mut call: WindowFunction, scope: &Scope<'_>) -> Result<Expr> {
    let function = call.fun.name().to_owned();
    check_frame(&call.params.window_frame)?;
    let args = std::mem::take(&mut call.params.args);
    let types = args
        .iter()
        .map(|arg| scope.type_of(arg))
        .collect::<Result<Vec<_>>>()?;
    if matches!(call.fun, WindowFunctionDefinition::WindowUDF(_)) {
        check_offset(&function, &args)?;
    }
    let wanted = match &call.fun {
        WindowFunctionDefinition::AggregateUDF(_) => {
            aggregate_types(&function, &types, call.params.distinct)
                .filter(|wanted| is_windowed(&call, wanted))
                .ok_or_else(|| {
                    let message = format!("{function} over this window is not supported");
                    external(refuse(None, message).with_hint(AT_SOURCE))
                })?
        }
        WindowFunctionDefinition::WindowUDF(_) => window_types(&types),
    };
    call.params.args = args
        .into_iter()
        .zip(types.iter().zip(&wanted))
        .map(|(arg, (from, to))| scope.coerce(arg, from, to))
        .collect::<Result<Vec<_>>>()?;
    if matches!(call.fun, WindowFunctionDefinition::WindowUDF(_)) {
        check_value(&function, &types)?;
        check_default(&function, &types)?;
        check_count(&function, &call.params.args)?;
        call.params.args = undeclared(std::mem::take(&mut call.params.args), scope);
    }
    if let Some(filter) = &call.params.filter {
        call.params.args = guarded(std::mem::take(&mut call.params.args), filter);
    }
    if let Some(own) = own_aggregate(&function, &wanted) {
        call.fun = WindowFunctionDefinition::AggregateUDF(own);
    }
    let keys = std::mem::take(&mut call.params.partition_by);
    call.params.partition_by = keys
        .into_iter()
        .map(|key| key_of(key, scope.schema))
        .collect::<Result<Vec<_>>>()?;
    let order = std::mem::take(&mut call.params.order_by);
    call.params.order_by = sort_keys(order, scope.schema)?;
    Ok(Expr::WindowFunction(Box::new(call)))
}

/// Whether a bound of a frame counts.
fn is_offset(bound: &WindowFrameBound) -> bool {
    match bound {
        WindowFrameBound::Preceding(value) | WindowFrameBound::Following(value) => !value.is_null(),
        WindowFrameBound::CurrentRow => false,
    }
}

/// Refuses frames by values.
fn check_frame(frame: &WindowFrame) -> Result<()> {
    let counts = is_offset(&frame.start_bound) || is_offset(&frame.end_bound);
    match counts && frame.units != WindowFrameUnits::Rows {
        true => {
            let message = "a window frame with an offset counts ROWS only";
            Err(external(refuse(None, message).with_hint(AT_SOURCE)))
        }
        false => Ok(()),
    }
}

/// Whether the aggregate `call` may be computed over its frame, with arguments of the types `wanted`.
fn is_windowed(call: &WindowFunction, wanted: &[DataType]) -> bool {
    let frame = &call.params.window_frame;
    let is_float = wanted.first().and_then(pg).is_some_and(Pg::is_float);
    let begins_at_first =
        matches!(&frame.start_bound, WindowFrameBound::Preceding(value) if value.is_null());
    let fits = match call.fun.name() {
        // A frame that moves takes values out again, and floats do not come out even.
        "sum" | "avg" | "max" | "min" => begins_at_first || !is_float,
        "count" => true,
        "string_agg" => false,
        // Nothing can be taken out again.
        _ => begins_at_first,
    };
    fits && !call.params.distinct
}

/// Keys that order rows as PostgreSQL does: floats that are equal there are equal here.
///
/// # Errors
/// `Internal`, if a key has no type.
pub(super) fn sort_keys(keys: Vec<SortExpr>, schema: &DFSchema) -> Result<Vec<SortExpr>> {
    keys.into_iter()
        .map(|key| {
            let is_float = pg(&key.expr.get_type(schema)?).is_some_and(Pg::is_float);
            Ok(match is_float {
                true => SortExpr {
                    expr: float_key(key.expr),
                    ..key
                },
                false => key,
            })
        })
        .collect()
}

/// `args` without precision and length: what a function gives has none, even if its argument has.
fn undeclared(args: Vec<Expr>, scope: &Scope<'_>) -> Vec<Expr> {
    let bare = |arg: Expr| match scope.declared(&arg) {
        Some(declaration) => declared_as(arg, declared::without_modifier(&declaration)),
        None => arg,
    };
    args.into_iter().map(bare).collect()
}

/// Refuses a value of another row that has no type.
fn check_value(function: &str, types: &[DataType]) -> Result<()> {
    match OF_ANOTHER_ROW.contains(&function) && types.first() == Some(&DataType::Null) {
        true => {
            let message = format!("the argument of {function} has no type");
            Err(external(refuse(None, message).with_hint("cast it")))
        }
        false => Ok(()),
    }
}

/// Refuses a default for rows that are not there of another type than theirs: PostgreSQL gives all of them
/// one that both have in common.
fn check_default(function: &str, types: &[DataType]) -> Result<()> {
    match (function, types) {
        ("lag" | "lead", [value, _, default]) if value != default && *default != DataType::Null => {
            let message = format!(
                "{function} of {} with a default of {} is not supported",
                name(value),
                name(default)
            );
            Err(external(refuse(None, message).with_hint(AT_SOURCE)))
        }
        _ => Ok(()),
    }
}

/// Refuses what PostgreSQL refuses to count to.
fn check_count(function: &str, args: &[Expr]) -> Result<()> {
    let count = match function {
        "nth_value" => args.get(1),
        "ntile" => args.first(),
        _ => None,
    };
    let Some(Expr::Literal(ScalarValue::Int64(Some(..=0)), _)) = count else {
        return Ok(());
    };
    let message = format!("argument of {function} must be greater than zero");
    Err(external(refuse(None, message).with_hint("count from 1")))
}

/// Refuses a number that is not written as an integer: PostgreSQL has no such function, or it may turn
/// out to be NULL.
fn check_offset(function: &str, args: &[Expr]) -> Result<()> {
    let offset = match function {
        "lag" | "lead" | "nth_value" => args.get(1),
        "ntile" => args.first(),
        _ => None,
    };
    match offset {
        None | Some(Expr::Literal(ScalarValue::Int32(Some(_)), _)) => Ok(()),
        Some(offset) => {
            let message = format!("{function} by anything but a plain integer is not supported");
            Err(external(
                refuse(place(offset), message).with_hint(AT_SOURCE),
            ))
        }
    }
}

/// `lag(x, offset, default)`: the default has the type of `x`; offsets are bigint to DataFusion.
fn window_types(types: &[DataType]) -> Vec<DataType> {
    types
        .iter()
        .enumerate()
        .map(|(at, data_type)| match at {
            2 => types[0].clone(),
            _ if at == 1 || types.len() == 1 && data_type.is_integer() => match at {
                1 => DataType::Int64,
                _ => data_type.clone(),
            },
            _ => match data_type {
                DataType::Null => DataType::Utf8,
                data_type => data_type.clone(),
            },
        })
        .collect()
}

/// A key of grouping or partitioning, which compares as PostgreSQL's does.
pub(super) fn key_of(key: Expr, schema: &DFSchema) -> Result<Expr> {
    let data_type = key.get_type(schema)?;
    match pg(&data_type) {
        Some(known) if known.is_float() => Ok(float_key(key)),
        Some(Pg::Opaque | Pg::Array | Pg::Interval) | None => {
            let message = format!("rows cannot be grouped by {}", name(&data_type));
            Err(external(refuse(place(&key), message).with_hint(AT_SOURCE)))
        }
        _ => Ok(key),
    }
}
