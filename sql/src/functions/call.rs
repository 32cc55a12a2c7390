//! Scalar functions by PostgreSQL's signatures.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::types::{Pg, TIMESTAMP, as_decimal, is_implicit, name, pg, timestamptz};
use super::vector::invoke;
use crate::template::{external, refuse};

/// One way to call a function.
pub(super) struct Overload {
    /// Its arguments' types.
    pub(super) args: &'static [Pg],
    /// How many of them, at the end, may be left out.
    pub(super) optional: usize,
    /// Its result's type.
    pub(super) returns: Returns,
    /// Its body over columns of these types; gets the result's type.
    pub(super) body: fn(&[ArrayRef], &DataType) -> Result<ArrayRef>,
}

/// The type of a result.
pub(super) enum Returns {
    /// Always this one.
    Type(DataType),
    /// That of an argument.
    Argument(usize),
    /// Found from the arguments' types and constants.
    Computed(fn(&[DataType], &[Option<&ScalarValue>]) -> Result<DataType>),
}

/// A function with all the ways to call it, the preferred first.
pub(super) struct PgFunction {
    /// Its name in PostgreSQL.
    pub(super) name: &'static str,
    /// The ways.
    pub(super) overloads: Vec<Overload>,
    /// For DataFusion: it leaves types to [`ScalarUDFImpl::coerce_types`].
    signature: Signature,
}

impl PgFunction {
    /// The function `name`.
    pub(super) fn new(name: &'static str, overloads: Vec<Overload>) -> Self {
        Self {
            name,
            overloads,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    /// The way to call it with arguments of `types`: the one with most exact matches.
    ///
    /// # Errors
    /// `Config`, if there is none.
    pub(super) fn resolve(&self, types: &[DataType]) -> Result<&Overload> {
        self.find(types, is_implicit).ok_or_else(|| {
            let types: Vec<String> = types.iter().map(name).collect();
            let message = format!("there is no function {}({})", self.name, types.join(", "));
            external(
                refuse(None, message).with_hint("cast its arguments, or compute it at the source"),
            )
        })
    }

    /// The way to call it before literals have their types: whole numbers are bigint then, and
    /// strings are text.
    fn resolve_early(&self, types: &[DataType]) -> Result<&Overload> {
        self.find(types, |from, to| {
            is_implicit(from, to)
                || from == Pg::Int8 && matches!(to, Pg::Int2 | Pg::Int4)
                || from == Pg::Text
        })
        .map_or_else(|| self.resolve(types), Ok)
    }

    fn find(&self, types: &[DataType], fits: fn(Pg, Pg) -> bool) -> Option<&Overload> {
        let given: Vec<Pg> = types
            .iter()
            .map(|data_type| pg(data_type).unwrap_or(Pg::Opaque))
            .collect();
        let mut best: Option<(usize, &Overload)> = None;
        for overload in &self.overloads {
            let most = overload.args.len();
            if !(most - overload.optional..=most).contains(&given.len()) {
                continue;
            }
            let pairs = given.iter().zip(overload.args);
            if !pairs.clone().all(|(from, to)| fits(*from, *to)) {
                continue;
            }
            let exact = pairs.filter(|(from, to)| from == to).count();
            if best.is_none_or(|(most, _)| exact > most) {
                best = Some((exact, overload));
            }
        }
        best.map(|(_, overload)| overload)
    }

    /// The types in which arguments of `types` are passed.
    ///
    /// # Errors
    /// `Config`, if there is no such function.
    pub(super) fn argument_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let overload = self.resolve(types)?;
        let pairs = types.iter().zip(overload.args);
        Ok(pairs
            .map(|(given, wanted)| argument(*wanted, given))
            .collect())
    }
}

/// The Arrow type in which an argument of `given` is passed as `wanted`.
fn argument(wanted: Pg, given: &DataType) -> DataType {
    match wanted {
        Pg::Bool => DataType::Boolean,
        Pg::Int2 => DataType::Int16,
        Pg::Int4 => DataType::Int32,
        Pg::Int8 => DataType::Int64,
        Pg::Float4 => DataType::Float32,
        Pg::Float8 => DataType::Float64,
        Pg::Text => DataType::Utf8,
        Pg::Bytea => DataType::Binary,
        Pg::Date => DataType::Date32,
        Pg::Timestamp => TIMESTAMP,
        Pg::TimestampTz => timestamptz(),
        Pg::Numeric => as_decimal(given).unwrap_or(DataType::Decimal128(38, 9)),
        Pg::Unknown | Pg::Time | Pg::Interval | Pg::Array | Pg::Enum | Pg::Opaque => given.clone(),
    }
}

impl std::fmt::Debug for PgFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for PgFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for PgFunction {}

impl Hash for PgFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for PgFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        // What does not fit is told when literals have their types.
        let Ok(overload) = self.resolve_early(types) else {
            return Ok(types.to_vec());
        };
        let pairs = types.iter().zip(overload.args);
        Ok(pairs
            .map(|(given, wanted)| argument(*wanted, given))
            .collect())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let overload = self
            .resolve_early(types)
            .or_else(|err| self.overloads.first().ok_or(err))?;
        match &overload.returns {
            Returns::Type(data_type) => Ok(data_type.clone()),
            Returns::Argument(at) => Ok(types.get(*at).cloned().unwrap_or(DataType::Null)),
            Returns::Computed(compute) => compute(types, &vec![None; types.len()]),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args
            .arg_fields
            .iter()
            .map(|field| field.data_type().clone())
            .collect();
        let data_type = match self.resolve_early(&types).map(|overload| &overload.returns) {
            Ok(Returns::Computed(compute)) => compute(&types, args.scalar_arguments)?,
            _ => self.return_type(&types)?,
        };
        Ok(Arc::new(datafusion::arrow::datatypes::Field::new(
            self.name, data_type, true,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let overload = self.resolve(&types)?;
        let result = args.return_field.data_type().clone();
        invoke(args, |arrays| (overload.body)(arrays, &result))
    }
}
