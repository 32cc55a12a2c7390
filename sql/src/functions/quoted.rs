//! Quoted numbers beside numerics: PostgreSQL reads them as numerics with digits of their own, and not
//! as what they stand beside.

use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DECIMAL256_MAX_PRECISION, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::expression::Scope;
use super::types::{Pg, pg};
use crate::template::{external, refuse};

/// Functions whose arguments share one type.
const SHARING: [&str; 11] = [
    "%", "*", "+", "-", "/", "coalesce", "greatest", "least", "mod", "nullif", "power",
];

impl Scope<'_> {
    /// `expr` with the quoted numbers among its operands as numbers, if they stand beside a numeric.
    ///
    /// # Errors
    /// `Config`, if the text beside a numeric is not a plain number.
    pub(super) fn with_numbers(&self, mut expr: Expr) -> Result<Expr> {
        match &mut expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right })
                if !matches!(op, Operator::And | Operator::Or) =>
            {
                self.read(&mut [left, right])?;
            }
            Expr::Between(between) => {
                self.read(&mut [&mut between.expr, &mut between.low, &mut between.high])?;
            }
            Expr::InList(list) => {
                let items = list.list.iter_mut();
                self.read(&mut items.chain([&mut *list.expr]).collect::<Vec<_>>())?;
            }
            Expr::Case(case) => {
                let (mut whens, mut results) = (Vec::new(), Vec::new());
                for (when, result) in &mut case.when_then_expr {
                    whens.push(&mut **when);
                    results.push(&mut **result);
                }
                results.extend(case.else_expr.as_deref_mut());
                self.read(&mut results)?;
                if let Some(operand) = case.expr.as_deref_mut() {
                    whens.push(operand);
                    self.read(&mut whens)?;
                }
            }
            Expr::ScalarFunction(call) if SHARING.contains(&call.name()) => {
                self.read(&mut call.args.iter_mut().collect::<Vec<_>>())?;
            }
            Expr::WindowFunction(call) if matches!(call.fun.name(), "lag" | "lead") => {
                if let [value, _, default] = &mut *call.params.args {
                    self.read(&mut [value, default])?;
                }
            }
            _ => {}
        }
        Ok(expr)
    }

    /// Reads the quoted numbers of `operands` that take the type numeric.
    fn read(&self, operands: &mut [&mut Expr]) -> Result<()> {
        let mut is_numeric = false;
        for operand in &mut *operands {
            match pg(&self.type_of(operand)?) {
                Some(Pg::Numeric) => is_numeric = true,
                Some(known) if known.is_float() => return Ok(()),
                _ => {}
            }
        }
        for operand in operands.iter_mut().filter(|_| is_numeric) {
            if let Expr::Literal(value @ ScalarValue::Utf8(Some(_)), _) = &mut **operand {
                *value = numeric(value.try_as_str().flatten().unwrap_or_default())?;
            }
        }
        Ok(())
    }
}

/// The numeric that `text` is, with the digits that it has.
///
/// # Errors
/// `Config`, if it is none that is written plainly.
fn numeric(text: &str) -> Result<ScalarValue> {
    let refused = || {
        external(
            refuse(
                None,
                format!("{text:?} beside a numeric is no plain number"),
            )
            .with_hint("write the number without quotes"),
        )
    };
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let (sign, digits) = match trimmed.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{fraction}");
    let count = u8::try_from(digits.len()).map_err(|_| refused())?;
    if count == 0 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    let scale = fraction.len() as i8;
    let signed = format!("{sign}{digits}");
    if count <= DECIMAL128_MAX_PRECISION {
        let value = signed.parse().map_err(|_| refused())?;
        return Ok(ScalarValue::Decimal128(Some(value), count, scale));
    }
    let value = i256::from_string(&signed).filter(|_| count <= DECIMAL256_MAX_PRECISION);
    let value = value.ok_or_else(refused)?;
    Ok(ScalarValue::Decimal256(Some(value), count, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_number_has_its_own_digits() {
        check("1.501", ScalarValue::Decimal128(Some(1501), 4, 3));
        check(" -2\n", ScalarValue::Decimal128(Some(-2), 1, 0));
        check("+.50", ScalarValue::Decimal128(Some(50), 2, 2));
        check("007.", ScalarValue::Decimal128(Some(7), 3, 0));
        let long = "9".repeat(50);
        let value = i256::from_string(&long);
        check(&long, ScalarValue::Decimal256(value, 50, 0));
    }

    #[test]
    fn what_is_written_in_other_ways_is_left_to_the_source() {
        for text in [
            "", ".", "-", "1e3", "NaN", "1_000", "0x1f", "1 2", "- 1", "1.2.3", "١",
        ] {
            assert!(numeric(text).is_err(), "{text:?}");
        }
        assert!(numeric(&"9".repeat(300)).is_err());
    }

    fn check(text: &str, expected: ScalarValue) {
        assert_eq!(numeric(text).unwrap(), expected, "{text:?}");
    }
}
