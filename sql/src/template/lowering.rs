//! Syntax that the planner does not know, or plans differently, in other words.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, SelectItem, SetExpr, Value,
    ValueWithSpan,
};

/// Function that `COLLATE "C"` becomes; no user can call it by this name.
pub(crate) const COLLATE_C: &str = "collate \"C\"";

/// Replaces syntax that the planner does not know, or plans differently, by calls.
pub(super) fn lower(expr: &mut Expr) {
    match expr {
        Expr::Collate { expr: inner, .. } => {
            let inner = take(inner);
            *expr = call(COLLATE_C, vec![inner]);
        }
        Expr::AtTimeZone { timestamp, .. } => {
            let timestamp = take(timestamp);
            *expr = call("timezone", vec![Expr::value(string("UTC")), timestamp]);
        }
        Expr::Interval(interval) if interval.leading_field.is_none() => {
            let value = take(&mut interval.value);
            *expr = Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(value),
                data_type: DataType::Interval {
                    fields: None,
                    precision: None,
                },
                array: false,
                format: None,
            };
        }
        Expr::Value(ValueWithSpan {
            value: Value::Number(number, false),
            ..
        }) if number.contains(['e', 'E']) => {
            if let Some(lowered) = without_exponent(number) {
                *expr = lowered;
            }
        }
        Expr::Value(value) => {
            let text = match &value.value {
                Value::EscapedStringLiteral(text) => text.clone(),
                Value::DollarQuotedString(text) => text.value.clone(),
                _ => return,
            };
            value.value = string(&text);
        }
        _ => {}
    }
}

/// A list that `EXISTS` does not look at may be empty in PostgreSQL, and here holds a constant.
pub(super) fn fill_list(expr: &mut Expr) {
    let Expr::Exists { subquery, .. } = expr else {
        return;
    };
    if let SetExpr::Select(select) = &mut *subquery.body
        && select.projection.is_empty()
    {
        let constant = Expr::value(Value::Boolean(true));
        select.projection = vec![SelectItem::UnnamedExpr(constant)];
    }
}

/// `(a, b) = (c, d)` is `a = c AND b = d`.
pub(super) fn spread_rows(expr: &mut Expr) {
    let Expr::BinaryOp {
        left,
        op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq),
        right,
    } = expr
    else {
        return;
    };
    let (Expr::Tuple(lefts), Expr::Tuple(rights)) = (&**left, &**right) else {
        return;
    };
    if lefts.len() != rights.len() {
        return;
    }
    let all = match op {
        BinaryOperator::Eq => BinaryOperator::And,
        _ => BinaryOperator::Or,
    };
    let binary = |left: &Expr, op: &BinaryOperator, right: &Expr| Expr::BinaryOp {
        left: Box::new(left.clone()),
        op: op.clone(),
        right: Box::new(right.clone()),
    };
    let pairs = lefts.iter().zip(rights);
    let spread = pairs
        .map(|(left, right)| binary(left, op, right))
        .reduce(|all_so_far, next| binary(&all_so_far, &all, &next));
    if let Some(spread) = spread {
        *expr = Expr::Nested(Box::new(spread));
    }
}

/// Digits of a number that numeric here holds; more are double precision.
const MAX_DIGITS: usize = 70;

/// A number with an exponent, written out; `None` if it is not a number at all.
fn without_exponent(number: &str) -> Option<Expr> {
    let (mantissa, exponent) = number.split_once(['e', 'E'])?;
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if exponent.unsigned_abs() as usize + whole.len() + fraction.len() > MAX_DIGITS {
        return Some(Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(Expr::value(string(number))),
            data_type: DataType::DoublePrecision,
            array: false,
            format: None,
        });
    }
    let mut digits = format!("{whole}{fraction}");
    let mut point = whole.len() as i64 + exponent;
    if point < 0 {
        digits.insert_str(0, &"0".repeat(point.unsigned_abs() as usize));
        point = 0;
    }
    let point = usize::try_from(point).ok()?;
    if digits.len() <= point {
        digits.push_str(&"0".repeat(point - digits.len()));
        // The point keeps it numeric, as PostgreSQL reads it.
        return Some(Expr::value(Value::Number(format!("{digits}."), false)));
    }
    let (whole, fraction) = digits.split_at(point);
    Some(Expr::value(Value::Number(
        format!("0{whole}.{fraction}"),
        false,
    )))
}

fn string(text: &str) -> Value {
    Value::SingleQuotedString(text.to_owned())
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::value(Value::Null))
}

fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::with_quote('"', name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args
                .into_iter()
                .map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg)))
                .collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
