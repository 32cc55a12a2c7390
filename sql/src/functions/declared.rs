//! What a column is declared as in PostgreSQL, where Arrow's type does not tell.
//!
//! `varchar` and `text` are one Arrow type, and a decimal does not say whether its precision is
//! PostgreSQL's or only the planner's. A field's metadata does, as `varchar(20)` or `numeric(12,2)`.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Field};
use towpath_engine::types::{PgType, oid, pg_type_of};

/// Metadata key of a field: its declaration.
const DECLARED_KEY: &str = "towpath.declared";

/// The declaration of `varchar` without length.
pub(super) const VARCHAR: &str = "varchar";

/// The declaration of a source column's type, if it says more than the Arrow type.
pub(super) fn of_column(pg_type: &PgType) -> Option<String> {
    let base = pg_type.without_domains();
    match base.oid {
        oid::VARCHAR if base.typmod >= 4 => Some(format!("varchar({})", base.typmod - 4)),
        oid::VARCHAR => Some(VARCHAR.to_owned()),
        oid::NUMERIC if base.typmod >= 4 => match towpath_engine::types::native_type(base) {
            Some(data_type) => of_decimal(&data_type),
            None => None,
        },
        _ => None,
    }
}

/// `numeric(p,s)` for a decimal whose precision the user wrote.
pub(super) fn of_decimal(data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            Some(format!("numeric({precision},{scale})"))
        }
        _ => None,
    }
}

/// Metadata that holds `declaration`.
pub(super) fn metadata(declaration: Option<&str>) -> HashMap<String, String> {
    declaration
        .map(|declaration| (DECLARED_KEY.to_owned(), declaration.to_owned()))
        .into_iter()
        .collect()
}

/// The declaration of `field`, if it has one and its values are still of that type.
pub(super) fn of(field: &Field) -> Option<&str> {
    let declaration = field.metadata().get(DECLARED_KEY)?;
    let fits = match field.data_type() {
        DataType::Utf8 => declaration.starts_with(VARCHAR),
        decimal => of_decimal(decimal).as_ref() == Some(declaration),
    };
    fits.then_some(declaration)
}

/// `declaration` without precision or length, if it says anything then.
pub(super) fn without_modifier(declaration: &str) -> Option<String> {
    declaration.starts_with(VARCHAR).then(|| VARCHAR.to_owned())
}

/// The declaration of what CASE, coalesce and their like make of several values.
///
/// Text types go by the first; a modifier stays only if all values have it.
pub(super) fn shared(declarations: &[Option<String>]) -> Option<String> {
    let first = declarations.first()?.as_ref()?;
    if declarations
        .iter()
        .all(|other| other.as_ref() == Some(first))
    {
        return Some(first.clone());
    }
    without_modifier(first)
}

/// The type of a computed column of `field`'s type and declaration.
pub(crate) fn pg_type(field: &Field) -> Option<PgType> {
    let Some(declaration) = of(field) else {
        return match field.data_type() {
            DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Some(PgType::builtin(oid::NUMERIC, "numeric", "numeric"))
            }
            data_type => pg_type_of(data_type),
        };
    };
    let Some(rest) = declaration.strip_prefix(VARCHAR) else {
        return pg_type_of(field.data_type());
    };
    let length: Option<i32> = rest.trim_matches(['(', ')']).parse().ok();
    let sql = format!("character varying{rest}");
    Some(PgType {
        typmod: length.map_or(-1, |length| length + 4),
        ..PgType::builtin(oid::VARCHAR, "varchar", &sql)
    })
}
