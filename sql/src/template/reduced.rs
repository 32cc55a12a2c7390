//! A SELECT reduced to some of its columns, for a server that does not know what the others use.

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, Query, Select, SelectItem, SetExpr, Statement,
};

use super::statement::{folded, parsed};

/// `sql` with only those items of its list that give `columns`; `None` if it would give other
/// rows, or if an item cannot be told.
pub(super) fn select_of(sql: &str, columns: &[String]) -> Option<String> {
    let Some(Statement::Query(mut query)) = parsed(sql) else {
        return None;
    };
    if !has_limit(&query) {
        // Without a limit it decides nothing, and may name what is left out.
        query.order_by = None;
    }
    let SetExpr::Select(select) = &mut *query.body else {
        return None;
    };
    if depends_on_list(select) {
        return None;
    }
    select.projection.retain(|item| match item {
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => true,
        item => name_of(item).is_some_and(|name| columns.contains(&name)),
    });
    Some(query.to_string())
}

fn has_limit(query: &Query) -> bool {
    let is_limited = match &query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => limit.is_some() || offset.is_some(),
        other => other.is_some(),
    };
    is_limited || query.fetch.is_some()
}

/// Whether which rows there are depends on what the list holds.
fn depends_on_list(select: &Select) -> bool {
    let groups_by_position = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, _) => by.iter().any(|expr| matches!(expr, Expr::Value(_))),
    };
    matches!(select.distinct, Some(Distinct::Distinct)) || groups_by_position
}

/// The name of a column in the result; `None` if PostgreSQL makes one up.
fn name_of(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(folded(name)),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(names)) => names.last().map(folded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_columns_are_left_out() {
        check(
            "SELECT id, f(x) AS y, s.\"Day\" FROM source s WHERE x > 1 ORDER BY y",
            Some("SELECT id, s.\"Day\" FROM source s WHERE x > 1"),
        );
    }

    #[test]
    fn an_order_stays_where_it_decides_which_rows_there_are() {
        check(
            "SELECT id, f(x) AS y FROM source ORDER BY y LIMIT 3",
            Some("SELECT id FROM source ORDER BY y LIMIT 3"),
        );
    }

    #[test]
    fn rows_that_depend_on_the_list_cannot_be_told() {
        check("SELECT DISTINCT id, f(x) AS y FROM source", None);
        check("SELECT id, f(x) AS y FROM source GROUP BY 1, 2", None);
        check("SELECT id FROM source UNION SELECT f(x) FROM source", None);
    }

    #[test]
    fn groups_stay() {
        check(
            "SELECT id, sum(f(x)) AS y FROM source GROUP BY id",
            Some("SELECT id FROM source GROUP BY id"),
        );
    }

    fn check(sql: &str, expected: Option<&str>) {
        let found = select_of(sql, &["id".to_owned(), "Day".to_owned()]);
        assert_eq!(found.as_deref(), expected);
    }
}
