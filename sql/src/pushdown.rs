//! Conditions that PostgreSQL can apply itself, as its own SQL.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{
    Column as Reference, Result, ScalarValue, internal_datafusion_err, internal_err,
};
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::{
    BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_plan::ExecutionPlan;
use towpath_engine::source::SourceQuery;
use towpath_engine::table::{Column, Table, ident};

use crate::functions::{self, columns, format};
use crate::provider::Size;

/// Rows that the SQL reads: those of a table, or of a SELECT that its server runs over it.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// Which of the transform's tables it is made of, by number.
    pub(crate) input: usize,
    /// Its columns; the rest is that table's.
    pub(crate) table: Table,
    /// The SELECT, if these are not the table's own rows.
    pub(crate) query: Option<SourceQuery>,
    /// Whether each row comes from one row of the table, and no other does.
    pub(crate) keeps_rows_apart: bool,
    /// Columns that the SELECT computes.
    pub(crate) computed: HashSet<String>,
}

impl Relation {
    /// The rows of `table`, which has this number, as they are.
    pub(crate) fn whole(input: usize, table: Table) -> Self {
        Self {
            input,
            table,
            query: None,
            keeps_rows_apart: true,
            computed: HashSet::new(),
        }
    }

    /// How much there is to read of it: nothing is known of views, and of a SELECT that may make
    /// several rows of one.
    pub(crate) fn size(&self) -> Size {
        let is_known = self.table.size_bytes > 0 && self.keeps_rows_apart;
        Size {
            rows: self.table.estimated_rows.filter(|_| is_known),
            bytes: is_known.then_some(self.table.size_bytes),
        }
    }

    /// The column called `name`.
    ///
    /// # Errors
    /// `Internal`, if there is none.
    pub(crate) fn column(&self, name: &str) -> Result<&Column> {
        self.table.column(name).ok_or_else(|| {
            internal_datafusion_err!("column {name:?} is planned but not in {}", self.table.name)
        })
    }
}

/// A relation while the SQL is planned: its columns' types, and which filters it takes.
#[derive(Debug, Clone)]
pub(crate) struct PlannedTable {
    /// Tells several scans apart.
    pub(crate) number: usize,
    /// What is scanned.
    pub(crate) relation: Arc<Relation>,
    schema: SchemaRef,
    takes_filters: bool,
}

impl PlannedTable {
    /// The table of `relation`; `takes_filters` if conditions may be left to the source.
    pub(crate) fn new(relation: Relation, takes_filters: bool) -> Self {
        let fields = relation.table.columns.iter().map(columns::field);
        Self {
            number: 0,
            schema: Arc::new(Schema::new(fields.collect::<Vec<Field>>())),
            relation: Arc::new(relation),
            takes_filters,
        }
    }
}

#[async_trait]
impl TableProvider for PlannedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(
                |filter| match self.takes_filters && condition(filter).is_some() {
                    true => TableProviderFilterPushDown::Exact,
                    false => TableProviderFilterPushDown::Unsupported,
                },
            )
            .collect())
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        internal_err!("a table that is only planned cannot be read")
    }
}

/// `expr` as a condition in PostgreSQL's SQL; `None` if it has none that surely means the same.
pub(crate) fn condition(expr: &Expr) -> Option<String> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => Some(format!("({} AND {})", condition(left)?, condition(right)?)),
            Operator::Or => Some(format!("({} OR {})", condition(left)?, condition(right)?)),
            _ => comparison(left, *op, right),
        },
        Expr::Not(inner) => Some(format!("(NOT {})", condition(inner)?)),
        Expr::IsNull(inner) => Some(format!("({} IS NULL)", operand(inner)?)),
        Expr::IsNotNull(inner) => Some(format!("({} IS NOT NULL)", operand(inner)?)),
        Expr::IsTrue(inner) => Some(format!("({} IS TRUE)", condition(inner)?)),
        Expr::IsFalse(inner) => Some(format!("({} IS FALSE)", condition(inner)?)),
        Expr::IsNotTrue(inner) => Some(format!("({} IS NOT TRUE)", condition(inner)?)),
        Expr::IsNotFalse(inner) => Some(format!("({} IS NOT FALSE)", condition(inner)?)),
        Expr::IsUnknown(inner) => Some(format!("({} IS UNKNOWN)", condition(inner)?)),
        Expr::IsNotUnknown(inner) => Some(format!("({} IS NOT UNKNOWN)", condition(inner)?)),
        Expr::Between(between) => {
            let not = if between.negated { "NOT " } else { "" };
            Some(format!(
                "({} {not}BETWEEN {} AND {})",
                operand(&between.expr)?,
                constant(&between.low)?,
                constant(&between.high)?
            ))
        }
        Expr::InList(list) => in_list(list),
        Expr::Like(like) => pattern(like),
        Expr::Column(column) => Some(name(column)),
        Expr::ScalarFunction(call) => {
            let comparison = functions::opaque_comparison(call)?;
            let [Expr::Column(column), literal] = &*call.args else {
                return None;
            };
            Some(format!(
                "({} {comparison} {})",
                name(column),
                constant(literal)?
            ))
        }
        _ => None,
    }
}

/// Why the source does not apply `expr`, which has no [`condition`].
pub(crate) fn objection(expr: &Expr) -> &'static str {
    match expr {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::And | Operator::Or,
            right,
        }) => match condition(left) {
            None => objection(left),
            Some(_) => objection(right),
        },
        Expr::Not(inner) => objection(inner),
        _ => match expr.column_refs().len() {
            0 => "it is about no column of a table",
            1 => {
                "it computes on its column, and only a column as it is, compared with constants, \
                 surely means the same there"
            }
            _ => {
                "it looks at several columns at once, and only one column compared with constants \
                 surely means the same there"
            }
        },
    }
}

fn comparison(left: &Expr, op: Operator, right: &Expr) -> Option<String> {
    let symbol = match op {
        Operator::Eq => "=",
        Operator::NotEq => "<>",
        Operator::Lt => "<",
        Operator::LtEq => "<=",
        Operator::Gt => ">",
        Operator::GtEq => ">=",
        Operator::IsDistinctFrom => "IS DISTINCT FROM",
        Operator::IsNotDistinctFrom => "IS NOT DISTINCT FROM",
        _ => return None,
    };
    let (left, right) = match (operand(left), operand(right)) {
        (Some(left), None) => (left, constant(right)?),
        (None, Some(right)) => (constant(left)?, right),
        _ => return None,
    };
    Some(format!("({left} {symbol} {right})"))
}

fn in_list(list: &InList) -> Option<String> {
    let values = list.list.iter().map(constant).collect::<Option<Vec<_>>>()?;
    let not = if list.negated { "NOT " } else { "" };
    Some(format!(
        "({} {not}IN ({}))",
        operand(&list.expr)?,
        values.join(", ")
    ))
}

fn pattern(like: &Like) -> Option<String> {
    if like.case_insensitive || like.escape_char.is_some() {
        return None;
    }
    let not = if like.negated { "NOT " } else { "" };
    Some(format!(
        "({} {not}LIKE {})",
        operand(&like.expr)?,
        constant(&like.pattern)?
    ))
}

/// A column, also under the wrappers that change nothing for PostgreSQL.
fn operand(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Column(column) => Some(name(column)),
        Expr::ScalarFunction(call) => {
            let [Expr::Column(column)] = &*call.args else {
                return None;
            };
            functions::transparent(call).map(|suffix| format!("{}{suffix}", name(column)))
        }
        _ => None,
    }
}

fn name(column: &Reference) -> String {
    ident(&column.name)
}

fn constant(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Literal(value, _) => literal(value),
        _ => None,
    }
}

/// `value` as a literal of PostgreSQL's; `None` if it has none, or is NULL.
fn literal(value: &ScalarValue) -> Option<String> {
    Some(match value {
        ScalarValue::Boolean(Some(value)) => value.to_string().to_uppercase(),
        ScalarValue::Int16(Some(value)) => signed(&value.to_string()),
        ScalarValue::Int32(Some(value)) => signed(&value.to_string()),
        ScalarValue::Int64(Some(value)) => signed(&value.to_string()),
        ScalarValue::Float32(Some(value)) if value.is_finite() => {
            format!("'{value:?}'::real")
        }
        ScalarValue::Float64(Some(value)) if value.is_finite() => {
            format!("'{value:?}'::double precision")
        }
        ScalarValue::Decimal128(Some(value), _, scale) => {
            format!(
                "{}::numeric",
                signed(&format::decimal(&value.to_string(), *scale))
            )
        }
        ScalarValue::Decimal256(Some(value), _, scale) => {
            format!(
                "{}::numeric",
                signed(&format::decimal(&value.to_string(), *scale))
            )
        }
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => string(text)?,
        ScalarValue::Binary(Some(bytes)) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("E'\\\\x{digits}'::bytea")
        }
        ScalarValue::Date32(Some(days)) => format!("DATE '{}'", format::date(*days)),
        ScalarValue::Time64Microsecond(Some(time)) => format!("TIME '{}'", format::time(*time)),
        ScalarValue::TimestampMicrosecond(Some(instant), None) => {
            format!("TIMESTAMP '{}'", format::timestamp(*instant))
        }
        ScalarValue::TimestampMicrosecond(Some(instant), Some(_)) => {
            format!("TIMESTAMPTZ '{}'", format::timestamptz(*instant))
        }
        _ => return None,
    })
}

/// A negative number in parentheses: `- 1::numeric` would negate after the cast.
fn signed(number: &str) -> String {
    match number.starts_with('-') {
        true => format!("({number})"),
        false => number.to_owned(),
    }
}

/// A string whose meaning no setting of the server changes.
fn string(text: &str) -> Option<String> {
    if text.contains('\0') {
        return None;
    }
    let quoted = text.replace('\'', "''");
    Some(match text.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    #[test]
    fn conditions_are_rendered_with_quoted_names_and_safe_literals() {
        check(col("a").eq(lit(5)), r#"("a" = 5)"#);
        check(col("a").lt(lit(-5)), r#"("a" < (-5))"#);
        check(
            col("\"it's\"").eq(lit("it's \\ fine")),
            r#"("it's" = E'it''s \\ fine')"#,
        );
        check(
            col("a")
                .is_null()
                .or(col("b").in_list(vec![lit(1), lit(2)], true)),
            r#"(("a" IS NULL) OR ("b" NOT IN (1, 2)))"#,
        );
        check(col("a").like(lit("x%")), r#"("a" LIKE 'x%')"#);
        check(
            col("a").gt_eq(lit(ScalarValue::Decimal128(Some(-1250), 10, 2))),
            r#"("a" >= (-12.50)::numeric)"#,
        );
        check(
            col("a").eq(lit(ScalarValue::TimestampMicrosecond(
                Some(1_500_000),
                Some("UTC".into()),
            ))),
            r#"("a" = TIMESTAMPTZ '1970-01-01 00:00:01.5+00')"#,
        );
    }

    #[test]
    fn what_has_no_exact_literal_is_not_pushed() {
        assert_eq!(condition(&col("a").eq(lit(f64::NAN))), None);
        assert_eq!(condition(&col("a").eq(lit("\0"))), None);
        assert_eq!(condition(&col("a").eq(col("b"))), None);
        assert_eq!(condition(&(col("a") + lit(1)).eq(lit(2))), None);
    }

    fn check(expr: Expr, expected: &str) {
        assert_eq!(condition(&expr).as_deref(), Some(expected));
    }
}
