//! What PostgreSQL calls a result that has no alias.

use datafusion::sql::sqlparser::ast::{
    AccessExpr, CastKind, DataType, Expr, Function, Ident, Query, Select, SelectItem, SetExpr,
    TrimWhereField, Value,
};

use super::statement::folded;

/// Gives every unnamed expression of `select` the name PostgreSQL would give it.
///
/// Plain columns keep theirs; the planner finds it itself.
pub(crate) fn name_results(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item {
            if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                continue;
            }
            let alias = Ident::with_quote('"', result_name(expr));
            let expr = std::mem::replace(expr, Expr::value(Value::Null));
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
}

/// The name of a result without alias.
///
/// Source: PostgreSQL, `src/backend/parser/parse_target.c`, `FigureColname`.
pub(crate) fn result_name(expr: &Expr) -> String {
    strong_name(expr)
        .or_else(|| weak_name(expr))
        .unwrap_or_else(|| "?column?".to_owned())
}

/// A name that also shows through a cast.
fn strong_name(expr: &Expr) -> Option<String> {
    Some(match expr {
        Expr::Identifier(ident) => folded(ident),
        Expr::CompoundIdentifier(idents) => folded(idents.last()?),
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => return strong_name(inner),
        Expr::Cast { expr, .. } => return strong_name(expr),
        Expr::Case { else_result, .. } => {
            return else_result.as_deref().and_then(strong_name);
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            let fields = access_chain.iter().rev();
            let field = fields.clone().find_map(|access| match access {
                AccessExpr::Dot(Expr::Identifier(name)) => Some(folded(name)),
                _ => None,
            });
            return field.or_else(|| strong_name(root));
        }
        Expr::Function(function) => function_name(function)?,
        Expr::Subquery(query) => return subquery_name(query),
        Expr::Exists { .. } => "exists".to_owned(),
        Expr::Extract { .. } => "extract".to_owned(),
        Expr::Position { .. } => "position".to_owned(),
        Expr::Substring { shorthand, .. } => match shorthand {
            true => "substr".to_owned(),
            false => "substring".to_owned(),
        },
        Expr::Overlay { .. } => "overlay".to_owned(),
        Expr::Ceil { .. } => "ceil".to_owned(),
        Expr::Floor { .. } => "floor".to_owned(),
        Expr::AtTimeZone { .. } => "timezone".to_owned(),
        Expr::Array(_) => "array".to_owned(),
        Expr::Trim { trim_where, .. } => match trim_where {
            Some(TrimWhereField::Leading) => "ltrim".to_owned(),
            Some(TrimWhereField::Trailing) => "rtrim".to_owned(),
            Some(TrimWhereField::Both) | None => "btrim".to_owned(),
        },
        _ => return None,
    })
}

/// A name that a better one inside would replace: the type of a cast, or `case`.
fn weak_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => weak_name(inner),
        Expr::Cast {
            kind: CastKind::Cast | CastKind::DoubleColon,
            data_type,
            ..
        } => Some(type_name(data_type)),
        Expr::TypedString(literal) => Some(type_name(&literal.data_type)),
        Expr::Interval(_) => Some("interval".to_owned()),
        Expr::Case { .. } => Some("case".to_owned()),
        _ => None,
    }
}

fn function_name(function: &Function) -> Option<String> {
    function.name.0.last()?.as_ident().map(folded)
}

/// A scalar subquery is called as its only column.
fn subquery_name(query: &Query) -> Option<String> {
    let mut body = &*query.body;
    loop {
        match body {
            SetExpr::Select(select) => {
                return match select.projection.first()? {
                    SelectItem::UnnamedExpr(expr) => Some(result_name(expr)),
                    SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
                    _ => None,
                };
            }
            SetExpr::Query(inner) => body = &inner.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    }
}

/// `pg_type.typname` of a type as it is written.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean | DataType::Bool => "bool",
        DataType::SmallInt(_) | DataType::Int2(_) => "int2",
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => "int4",
        DataType::BigInt(_) | DataType::Int8(_) => "int8",
        DataType::Real | DataType::Float4 => "float4",
        DataType::Double(_) | DataType::DoublePrecision | DataType::Float8 | DataType::Float(_) => {
            "float8"
        }
        DataType::Numeric(_) | DataType::Decimal(_) | DataType::Dec(_) => "numeric",
        DataType::Varchar(_) | DataType::CharacterVarying(_) | DataType::CharVarying(_) => {
            "varchar"
        }
        DataType::Char(_) | DataType::Character(_) => "bpchar",
        DataType::Timestamp(_, zone) => match zone.to_string().contains("WITH TIME ZONE") {
            true => "timestamptz",
            false if zone.to_string() == "TZ" => "timestamptz",
            false => "timestamp",
        },
        other => return other.to_string().to_lowercase(),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::grammar::Grammar;
    use datafusion::sql::sqlparser::parser::Parser;

    #[test]
    fn results_are_called_as_postgresql_calls_them() {
        for (sql, name) in [
            ("a", "a"),
            ("s.\"Mixed\"", "Mixed"),
            ("a + 1", "?column?"),
            ("a::text", "a"),
            ("CAST(a + 1 AS bigint)", "int8"),
            ("'x'::varchar(3)", "varchar"),
            ("count(*)", "count"),
            ("LOWER(a)", "lower"),
            ("lower(a)::text", "lower"),
            ("CASE WHEN a THEN 1 ELSE 2 END", "case"),
            ("CASE WHEN a THEN 1 ELSE b END", "b"),
            ("CASE WHEN a THEN 1 END::int", "int4"),
            ("coalesce(a, b)", "coalesce"),
            ("trim(a)", "btrim"),
            ("trim(leading 'x' from a)", "ltrim"),
            ("extract(year from a)", "extract"),
            ("substring(a from 1 for 2)", "substring"),
            ("substr(a, 2)", "substr"),
            ("position('x' in a)", "position"),
            ("DATE '2024-01-01'", "date"),
            ("timestamptz '2024-01-01'", "timestamptz"),
            ("now()::timestamptz", "now"),
            ("interval '1 day'", "interval"),
            ("(a)", "a"),
            ("a IS NULL", "?column?"),
            ("-a", "?column?"),
            ("(a).city", "city"),
            ("a[1]", "a"),
            ("(a).tags[2]", "tags"),
            ("exists (select 1)", "exists"),
            ("(select max(b) from t)", "max"),
            ("a AT TIME ZONE 'UTC'", "timezone"),
        ] {
            let mut parser = Parser::new(&Grammar).try_with_sql(sql).unwrap();
            assert_eq!(result_name(&parser.parse_expr().unwrap()), name, "{sql}");
        }
    }
}
