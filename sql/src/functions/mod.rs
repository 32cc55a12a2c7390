//! What the SQL may call: only what means here what it means in PostgreSQL.
//!
//! The planner's own functions are not registered. Scalar functions and operators are this
//! module's, with PostgreSQL's signatures; aggregates and window functions are DataFusion's where
//! they agree. [`conform()`] then gives every expression PostgreSQL's types before anything runs.

mod aggregate;
mod arguments;
mod arithmetic;
mod call;
mod cast;
mod choice;
pub(crate) mod columns;
mod comparison;
mod conform;
pub(crate) mod declared;
mod exactness;
mod expression;
mod extreme;
pub(crate) mod format;
mod grouped;
mod marker;
mod math;
mod numeric;
mod parse;
mod planner;
mod quoted;
mod quotient;
mod scale;
mod text;
mod time;
pub(crate) mod types;
mod vector;

use std::sync::Arc;

use datafusion::functions_aggregate::{bool_and_or, count, first_last, min_max, string_agg, sum};
use datafusion::functions_window::all_default_window_functions;
use datafusion::logical_expr::planner::{ExprPlanner, TypePlanner};
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion::optimizer::AnalyzerRule;

pub(crate) use exactness::difference;
pub(crate) use marker::{is_collate_c, is_source_text, opaque_comparison, transparent, undeclared};

use towpath_engine::table::Table;

use crate::template::{AT_SOURCE, Refusal, nearest};
use call::{Overload, PgFunction, Returns};
use choice::{Choice, Concat, Joining, Kind};
use types::Pg;

/// Aggregates of DataFusion's that agree with PostgreSQL's, once their arguments have its types.
const AGGREGATES: [&str; 9] = [
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "bool_and",
    "bool_or",
    "every",
    "string_agg",
];

/// Window functions that agree.
const WINDOWS: [&str; 11] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
];

/// Names with a syntax of their own, and those that planning itself replaces.
const SYNTAX: [&str; 5] = [
    "now",
    "current_timestamp",
    "current_date",
    "transaction_timestamp",
    "timezone",
];

/// Why a function of this name cannot be called, `windowed` or not; `None` if it can.
pub(crate) fn refusal(name: &str, windowed: bool) -> Option<Refusal> {
    if WINDOWS.contains(&name) && !windowed {
        return Some(Refusal {
            message: format!("window function {name} needs an OVER clause"),
            hint: format!("write {name}(…) OVER (ORDER BY …)"),
        });
    }
    let scalars = scalar_names();
    let mut known = scalars
        .iter()
        .map(|name| &**name)
        .chain(AGGREGATES)
        .chain(WINDOWS)
        .chain(SYNTAX);
    if known.clone().any(|known| known == name) {
        return None;
    }
    if is_datafusions(name) || LOCALE_OR_VERSION.contains(&name) {
        return Some(Refusal {
            message: format!("{name} means something else here than in PostgreSQL and is refused"),
            hint: AT_SOURCE.to_owned(),
        });
    }
    Some(Refusal {
        message: format!("function {name} is not known here"),
        hint: match nearest(name, &mut known) {
            Some(near) => format!("did you mean {near}? Or let the source run it (on: source)"),
            None => AT_SOURCE.to_owned(),
        },
    })
}

/// As [`refusal`], knowing the table: where only ASCII letters have two cases, functions that go by
/// all letters mean something else.
pub(crate) fn refusal_over(table: &Table, name: &str, windowed: bool) -> Option<Refusal> {
    let has_ascii_case = table.has_ascii_case || table.columns.iter().any(columns::is_collated_c);
    if has_ascii_case && CASES.contains(&name) {
        return Some(Refusal {
            message: format!("{name} changes ASCII letters only where text is collated \"C\""),
            hint: format!(
                "{} has such text, by its database or by a column: compute it in a view there",
                table.name
            ),
        });
    }
    refusal(name, windowed)
}

/// Functions that change the case of letters.
const CASES: [&str; 2] = ["lower", "upper"];

/// Functions whose result depends on a server's locale, settings or version.
const LOCALE_OR_VERSION: [&str; 9] = [
    "to_char",
    "to_date",
    "to_timestamp",
    "to_number",
    "initcap",
    "age",
    "random",
    "version",
    "localtimestamp",
];

fn is_datafusions(name: &str) -> bool {
    let matches = |function: &str, aliases: &[String]| {
        function == name || aliases.iter().any(|alias| alias == name)
    };
    datafusion::functions::all_default_functions()
        .iter()
        .any(|function| matches(function.name(), function.aliases()))
        || datafusion::functions_aggregate::all_default_aggregate_functions()
            .iter()
            .any(|function| matches(function.name(), function.aliases()))
        || datafusion::functions_nested::all_default_nested_functions()
            .iter()
            .any(|function| matches(function.name(), function.aliases()))
}

fn scalar_names() -> Vec<String> {
    scalars()
        .iter()
        .map(|function| function.name().to_owned())
        .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains(' '))
        .collect()
}

/// All scalar functions.
pub(crate) fn scalars() -> Vec<Arc<ScalarUDF>> {
    let mut scalars: Vec<Arc<ScalarUDF>> = text::functions()
        .into_iter()
        .chain(math::functions())
        .chain(times())
        .map(|function| Arc::new(ScalarUDF::from(function)))
        .collect();
    for kind in [Kind::Coalesce, Kind::NullIf, Kind::Greatest, Kind::Least] {
        scalars.push(Arc::new(ScalarUDF::from(Choice::new(kind))));
    }
    for joining in [Joining::Concat, Joining::WithSeparator] {
        scalars.push(Arc::new(ScalarUDF::from(Concat::new(joining))));
    }
    scalars.push(planner::modulo());
    scalars.extend(planner::clocks());
    scalars.push(Arc::new(marker::collate_c()));
    scalars
}

fn times() -> Vec<PgFunction> {
    let of = |args, returns, body| Overload {
        args,
        optional: 0,
        returns,
        body,
    };
    const TIMESTAMP: &[Pg] = &[Pg::Text, Pg::Timestamp];
    const TIMESTAMPTZ: &[Pg] = &[Pg::Text, Pg::TimestampTz];
    let of_both = |returns, body| {
        let returns = || Returns::Computed(returns);
        vec![
            of(TIMESTAMP, returns(), body),
            of(TIMESTAMPTZ, returns(), body),
        ]
    };
    vec![
        PgFunction::new(
            "date_trunc",
            vec![
                of(
                    TIMESTAMPTZ,
                    Returns::Computed(planner::truncated),
                    time::date_trunc,
                ),
                of(
                    TIMESTAMP,
                    Returns::Computed(planner::truncated),
                    time::date_trunc,
                ),
            ],
        ),
        PgFunction::new("date_part", of_both(planner::parted, time::date_part)),
        PgFunction::new("extract", of_both(planner::extracted, time::extract)),
        PgFunction::new(
            "timezone",
            vec![
                of(
                    TIMESTAMPTZ,
                    Returns::Type(types::TIMESTAMP),
                    planner::relabel,
                ),
                of(
                    TIMESTAMP,
                    Returns::Type(types::timestamptz()),
                    planner::relabel,
                ),
            ],
        ),
    ]
}

/// All aggregate functions.
pub(crate) fn aggregates() -> Vec<Arc<AggregateUDF>> {
    let every = bool_and_or::bool_and_udaf();
    vec![
        count::count_udaf(),
        sum::sum_udaf(),
        datafusion::functions_aggregate::average::avg_udaf(),
        min_max::min_udaf(),
        min_max::max_udaf(),
        Arc::new(every.as_ref().clone().with_aliases(["every"])),
        bool_and_or::bool_or_udaf(),
        string_agg::string_agg_udaf(),
        // What DISTINCT ON becomes; the user calls it over windows only.
        first_last::first_value_udaf(),
    ]
}

/// All window functions; aggregates can be windowed too.
pub(crate) fn windows() -> Vec<Arc<WindowUDF>> {
    all_default_window_functions()
        .into_iter()
        .filter(|function| WINDOWS.contains(&function.name()))
        .collect()
}

/// How operators and special syntax are planned.
pub(crate) fn planners() -> Vec<Arc<dyn ExprPlanner>> {
    vec![
        Arc::new(planner::PostgresPlanner),
        Arc::new(datafusion::functions_aggregate::planner::AggregateFunctionPlanner),
        Arc::new(datafusion::functions_window::planner::WindowFunctionPlanner),
    ]
}

/// What the types in casts mean.
pub(crate) fn type_planner() -> Arc<dyn TypePlanner> {
    Arc::new(planner::PostgresTypes)
}

/// The rule that gives every expression PostgreSQL's types, or refuses it.
pub(crate) fn conform() -> Arc<dyn AnalyzerRule + Send + Sync> {
    Arc::new(conform::Conform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_means_something_else_is_refused_by_name() {
        let refusal = refusal("to_char", false).unwrap();
        assert_eq!(
            refusal.message,
            "to_char means something else here than in PostgreSQL and is refused"
        );
    }

    #[test]
    fn an_unknown_function_suggests_the_nearest() {
        let refusal = refusal("lowr", false).unwrap();
        assert!(refusal.hint.starts_with("did you mean lower?"));
    }

    #[test]
    fn the_documentation_names_every_function() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/transform.md");
        let page = std::fs::read_to_string(path).unwrap();
        let scalars = scalar_names();
        let names = scalars.iter().map(|name| &**name);
        for name in names.chain(AGGREGATES).chain(WINDOWS).chain(SYNTAX) {
            assert!(
                page.contains(&format!("`{name}`")),
                "{name} is not in docs/transform.md"
            );
        }
    }

    #[test]
    fn known_functions_can_be_called() {
        for name in ["lower", "count", "coalesce", "now", "mod"] {
            assert_eq!(refusal(name, false), None, "{name}");
        }
    }
}
