//! Comparisons: in one type, by the source where only it knows the type, or refused.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DataFusionError, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{Between, Cast, InList, Like};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, and, not, or};
use datafusion::prelude::lit;

use super::columns::{has_label, is_domain, source_type};
use super::expression::{Scope, place};
use super::marker::{float_key, is_listed, listed, opaque};
use super::types::{Pg, common, name, pg};
use crate::template::{external, refuse};

/// `left OR right` as one list, if both look for values of the same column, or of the same cast of it:
/// DataFusion would make a list of them that is not [`listed`].
pub(super) fn one_of_several(left: &Expr, right: &Expr) -> Option<Expr> {
    let ((subject, mut values), (other, more)) = (sought(left)?, sought(right)?);
    if subject != other {
        return None;
    }
    values.extend(more);
    let column = Expr::Column(subject.column.clone());
    let column = listed(column, format!("false {values:?}"));
    let expr = match subject.cast_to {
        Some(data_type) => Expr::Cast(Cast::new(Box::new(column), data_type.clone())),
        None => column,
    };
    Some(Expr::InList(InList {
        expr: Box::new(expr),
        list: values,
        negated: false,
    }))
}

/// A column that is compared with constants.
#[derive(PartialEq)]
struct Subject<'a> {
    column: &'a Column,
    /// The type that it is widened to.
    cast_to: Option<&'a DataType>,
}

impl<'a> Subject<'a> {
    fn of(expr: &'a Expr) -> Option<Self> {
        let (inner, cast_to) = match expr {
            Expr::Cast(cast) => (&*cast.expr, Some(cast.field.data_type())),
            expr => (expr, None),
        };
        let column = match inner {
            Expr::ScalarFunction(call) if is_listed(call) => call.args.first()?.try_as_col()?,
            inner => inner.try_as_col()?,
        };
        Some(Self { column, cast_to })
    }
}

/// What `expr` is about, and the constants that it finds it to be one of.
fn sought(expr: &Expr) -> Option<(Subject<'_>, Vec<Expr>)> {
    match expr {
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq,
            right,
        }) => match (&**left, &**right) {
            (subject, value @ Expr::Literal(..)) | (value @ Expr::Literal(..), subject) => {
                Some((Subject::of(subject)?, vec![value.clone()]))
            }
            _ => None,
        },
        Expr::InList(list) if !list.negated => Some((Subject::of(&list.expr)?, list.list.clone())),
        _ => None,
    }
}

impl Scope<'_> {
    pub(super) fn compare(&self, left: Expr, op: Operator, right: Expr) -> Result<Expr> {
        let (left_type, left_pg) = self.pg_of(&left)?;
        let (right_type, right_pg) = self.pg_of(&right)?;
        let is_equality = matches!(
            op,
            Operator::Eq | Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom
        );
        let by_source = |known: Pg, other: Pg| {
            (matches!(known, Pg::Opaque | Pg::Interval | Pg::Array)
                || known == Pg::Enum && !is_equality)
                && other == Pg::Unknown
        };
        if by_source(left_pg, right_pg) {
            return self.at_source(left, op, right);
        }
        if by_source(right_pg, left_pg) {
            let flipped = op.swap().unwrap_or(op);
            return self.at_source(right, flipped, left);
        }
        let comparable = !matches!(left_pg, Pg::Opaque | Pg::Array | Pg::Interval)
            && (left_pg != Pg::Enum || is_equality);
        let wide = common([&left_type, &right_type])
            .filter(|_| comparable)
            .map(|wide| match wide {
                DataType::Null => DataType::Utf8,
                wide => wide,
            })
            .ok_or_else(|| self.incomparable(&left, op, &right))?;
        let left = self.canonical(left, &right)?;
        let right = self.canonical(right, &left)?;
        let left = self.coerce(left, &left_type, &wide)?;
        let right = self.coerce(right, &right_type, &wide)?;
        let (left, right) = match pg(&wide).is_some_and(Pg::is_float) {
            true => (float_operand(left), float_operand(right)),
            false => (left, right),
        };
        Ok(Expr::BinaryExpr(BinaryExpr::new(
            Box::new(left),
            op,
            Box::new(right),
        )))
    }

    fn incomparable(&self, left: &Expr, op: Operator, right: &Expr) -> DataFusionError {
        let name_of = |expr: &Expr| match self.source_type(expr) {
            Some(source) => source,
            None => self
                .type_of(expr)
                .map_or_else(|_| "unknown".to_owned(), |data_type| name(&data_type)),
        };
        let operation = format!("{} {op} {}", name_of(left), name_of(right));
        let is_known = |expr: &Expr| self.pg_of(expr).is_ok_and(|(_, known)| is_plain(known));
        let at = place(left).or_else(|| place(right));
        external(match is_known(left) && is_known(right) {
            true => refuse(at, format!("there is no operator {operation}"))
                .with_hint("cast one side to the type of the other"),
            false => refuse(
                at,
                format!("{operation} cannot be decided outside the source"),
            )
            .with_hint("cast both sides to text, or let the source run it (on: source)"),
        })
    }

    /// The type at the source of a column.
    pub(super) fn source_type(&self, expr: &Expr) -> Option<String> {
        let Expr::Column(column) = expr else {
            return None;
        };
        let field = self.schema.field_from_column(column).ok()?;
        source_type(field).map(ToOwned::to_owned)
    }

    /// Whether `expr` is a column of a domain.
    pub(super) fn is_domain(&self, expr: &Expr) -> bool {
        let Expr::Column(column) = expr else {
            return false;
        };
        let field = self.schema.field_from_column(column);
        field.is_ok_and(|field| is_domain(field))
    }

    /// `column op 'literal'` in the source's own terms.
    fn at_source(&self, column: Expr, op: Operator, literal: Expr) -> Result<Expr> {
        let operator = match op {
            Operator::Eq => "=",
            Operator::NotEq => "<>",
            Operator::Lt => "<",
            Operator::LtEq => "<=",
            Operator::Gt => ">",
            Operator::GtEq => ">=",
            Operator::IsDistinctFrom => "IS DISTINCT FROM",
            Operator::IsNotDistinctFrom => "IS NOT DISTINCT FROM",
            _ => return Err(self.incomparable(&column, op, &literal)),
        };
        match (&column, &literal) {
            (Expr::Column(_), Expr::Literal(ScalarValue::Utf8(_), _)) => {
                Ok(opaque(column, operator, literal))
            }
            _ => Err(self.incomparable(&column, op, &literal)),
        }
    }

    /// A literal beside a column that is text here, in the form in which the source writes it.
    fn canonical(&self, literal: Expr, column: &Expr) -> Result<Expr> {
        let Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) = &literal else {
            return Ok(literal);
        };
        if let Expr::Column(reference) = column
            && let Ok(field) = self.schema.field_from_column(reference)
            && has_label(field, text) == Some(false)
        {
            let message = format!("{text:?} is no label of the enum {:?}", reference.name);
            return Err(external(refuse(place(column), message).with_hint(
                "compare with one of its labels, or cast the column to text",
            )));
        }
        match self.source_type(column).as_deref() {
            Some("uuid") => {}
            // Trailing blanks of char(n) do not count.
            Some(source) if is_char(source) => {
                let text = ScalarValue::Utf8(Some(text.trim_end_matches(' ').to_owned()));
                return Ok(Expr::Literal(text, metadata.clone()));
            }
            _ => return Ok(literal),
        }
        let digits: String = text
            .chars()
            .filter(|c| !"{}-".contains(*c))
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(external(refuse(
                place(column),
                format!("{text:?} is not a uuid"),
            )));
        }
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        let text = ScalarValue::Utf8(Some(parts.join("-")));
        Ok(Expr::Literal(text, metadata.clone()))
    }

    pub(super) fn between(&self, between: Between) -> Result<Expr> {
        let Between {
            expr,
            negated,
            low,
            high,
        } = between;
        let inside = and(
            self.compare((*expr).clone(), Operator::GtEq, *low)?,
            self.compare(*expr, Operator::LtEq, *high)?,
        );
        Ok(if negated { not(inside) } else { inside })
    }

    pub(super) fn in_list(&self, list: InList) -> Result<Expr> {
        let InList {
            expr,
            list,
            negated,
        } = list;
        let (expr_type, expr_pg) = self.pg_of(&expr)?;
        let types = list
            .iter()
            .map(|item| self.type_of(item))
            .collect::<Result<Vec<_>>>()?;
        let wide = common(types.iter().chain([&expr_type]));
        let plain = wide
            .as_ref()
            .and_then(pg)
            .is_some_and(|wide| !wide.is_float() && is_plain(wide));
        if let (true, Some(wide)) = (plain && expr_pg != Pg::Unknown, wide) {
            let list = list.into_iter().zip(&types);
            let list = list
                .map(|(item, item_type)| self.coerce(item, item_type, &wide))
                .collect::<Result<Vec<_>>>()?;
            let expr = listed(*expr, format!("{negated} {list:?}"));
            return Ok(Expr::InList(InList {
                expr: Box::new(self.coerce(expr, &expr_type, &wide)?),
                list,
                negated,
            }));
        }
        if expr_pg == Pg::Float4
            && types.len() > 1
            && types.iter().any(|item| pg(item) == Some(Pg::Numeric))
        {
            let message = "PostgreSQL compares a list of numerics with real as real";
            return Err(external(
                refuse(place(&expr), message)
                    .with_hint("cast them to real, or to double precision"),
            ));
        }
        let mut any = lit(false);
        for (at, item) in list.into_iter().enumerate() {
            let equal = self.compare((*expr).clone(), Operator::Eq, item)?;
            any = if at == 0 { equal } else { or(any, equal) };
        }
        Ok(if negated { not(any) } else { any })
    }

    pub(super) fn like(&self, like: Like) -> Result<Expr> {
        if let Expr::Literal(ScalarValue::Utf8(Some(pattern)), _) = &*like.pattern {
            let escapes = pattern.len() - pattern.trim_end_matches('\\').len();
            if escapes % 2 == 1 {
                let message = "a LIKE pattern ends with its escape character";
                return Err(external(refuse(place(&like.expr), message)));
            }
        }
        let like = Like {
            pattern: Box::new(self.text_argument(*like.pattern)?),
            ..like
        };
        let negated = like.negated;
        match self.pg_of(&like.expr)? {
            (_, Pg::Text) => Ok(Expr::Like(like)),
            (data_type, Pg::Unknown) => Ok(Expr::Like(Like {
                expr: Box::new(self.coerce(*like.expr, &data_type, &DataType::Utf8)?),
                ..like
            })),
            (_, Pg::Opaque | Pg::Enum)
                if matches!(
                    (&*like.expr, &*like.pattern),
                    (Expr::Column(_), Expr::Literal(..))
                ) =>
            {
                let operator = if negated { "NOT LIKE" } else { "LIKE" };
                Ok(opaque(*like.expr, operator, *like.pattern))
            }
            (data_type, _) => Err(external(
                refuse(
                    place(&like.expr),
                    format!("LIKE compares text, and not {}", name(&data_type)),
                )
                .with_hint("cast it to text"),
            )),
        }
    }

    fn text_argument(&self, expr: Expr) -> Result<Expr> {
        match self.pg_of(&expr)? {
            (data_type, Pg::Text | Pg::Unknown) => self.coerce(expr, &data_type, &DataType::Utf8),
            (data_type, _) => {
                let message = format!("a LIKE pattern is text, and not {}", name(&data_type));
                Err(external(refuse(place(&expr), message)))
            }
        }
    }
}

/// Whether a column of the source is char(n).
pub(super) fn is_char(source_type: &str) -> bool {
    source_type == "bpchar" || source_type.split('(').next() == Some("character")
}

/// Whether values of it are equal here exactly where they are in PostgreSQL.
pub(super) fn is_plain(known: Pg) -> bool {
    !matches!(
        known,
        Pg::Opaque | Pg::Enum | Pg::Array | Pg::Interval | Pg::Unknown
    )
}

fn float_operand(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(ScalarValue::Float64(Some(value)), metadata) if !value.is_nan() => {
            Expr::Literal(ScalarValue::Float64(Some(value + 0.0)), metadata)
        }
        Expr::Literal(ScalarValue::Float32(Some(value)), metadata) if !value.is_nan() => {
            Expr::Literal(ScalarValue::Float32(Some(value + 0.0)), metadata)
        }
        expr => float_key(expr),
    }
}
