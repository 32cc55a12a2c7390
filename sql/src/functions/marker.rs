//! Functions that only tell later passes something: a collation, a comparison for the source.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::common::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::declared;
use super::vector::invoke;
use crate::template::{COLLATE_C, external, refuse};

/// What such a function says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Meaning {
    /// Text is ordered by its bytes.
    CollateC,
    /// Floats are compared as PostgreSQL compares them: all NaN equal, -0 equal to 0.
    FloatKey,
    /// The value is declared as this, or as nothing in particular.
    Declared(Option<String>),
    /// The text form that the source gives a column.
    SourceText,
    /// The value may be NULL, whatever it is made of.
    Nullable,
    /// The value is looked for in this list, and in no other: DataFusion makes one list of two over the
    /// same value, and forgets that it may be NULL.
    Listed(String),
    /// The source compares, by an operator of a type that is unknown here.
    Opaque(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Marker {
    meaning: Meaning,
    signature: Signature,
}

fn marker(meaning: Meaning) -> ScalarUDF {
    let signature = match meaning {
        Meaning::CollateC => Signature::exact(vec![DataType::Utf8], Volatility::Immutable),
        Meaning::FloatKey
        | Meaning::Declared(_)
        | Meaning::SourceText
        | Meaning::Nullable
        | Meaning::Listed(_) => Signature::any(1, Volatility::Immutable),
        Meaning::Opaque(_) => Signature::any(2, Volatility::Immutable),
    };
    ScalarUDF::from(Marker { meaning, signature })
}

/// `x COLLATE "C"`.
pub(super) fn collate_c() -> ScalarUDF {
    marker(Meaning::CollateC)
}

/// `expr`, a float, as what compares like it in PostgreSQL.
pub(super) fn float_key(expr: Expr) -> Expr {
    marker(Meaning::FloatKey).call(vec![expr])
}

/// `expr` under another declaration.
pub(super) fn declared_as(expr: Expr, declaration: Option<String>) -> Expr {
    marker(Meaning::Declared(declaration)).call(vec![expr])
}

/// `expr`, which may be NULL though nothing about it says so.
pub(super) fn nullable(expr: Expr) -> Expr {
    marker(Meaning::Nullable).call(vec![expr])
}

/// `expr`, which `list` is about.
pub(super) fn listed(expr: Expr, list: String) -> Expr {
    marker(Meaning::Listed(list)).call(vec![expr])
}

/// `column::text`, which the source itself makes.
pub(super) fn source_text(column: Expr) -> Expr {
    marker(Meaning::SourceText).call(vec![column])
}

/// `call` without its declaration, which only planning needs.
pub(crate) fn undeclared(call: &ScalarFunction) -> Option<Expr> {
    match meaning(call) {
        Some(Meaning::Declared(_)) => call.args.first().cloned(),
        _ => super::cast::undeclared(call),
    }
}

/// Whether `call` is a value that a list is about.
pub(super) fn is_listed(call: &ScalarFunction) -> bool {
    matches!(meaning(call), Some(Meaning::Listed(_)))
}

/// Whether `call` is a column's text form made by the source.
pub(crate) fn is_source_text(call: &ScalarFunction) -> bool {
    meaning(call) == Some(&Meaning::SourceText)
}

/// `column operator literal`, which only the source can decide.
pub(super) fn opaque(column: Expr, operator: &str, literal: Expr) -> Expr {
    marker(Meaning::Opaque(operator.to_owned())).call(vec![column, literal])
}

fn meaning(call: &ScalarFunction) -> Option<&Meaning> {
    let inner: &dyn std::any::Any = call.func.inner().as_ref();
    inner.downcast_ref::<Marker>().map(|marker| &marker.meaning)
}

/// The operator, if `call` is a comparison that only the source can decide.
pub(crate) fn opaque_comparison(call: &ScalarFunction) -> Option<&str> {
    match meaning(call)? {
        Meaning::Opaque(operator) => Some(operator),
        _ => None,
    }
}

/// What to write after the argument, if the source understands `call` without it.
pub(crate) fn transparent(call: &ScalarFunction) -> Option<&'static str> {
    match meaning(call)? {
        Meaning::CollateC => Some(" COLLATE \"C\""),
        Meaning::FloatKey | Meaning::Listed(_) => Some(""),
        Meaning::Declared(_) | Meaning::SourceText | Meaning::Nullable | Meaning::Opaque(_) => None,
    }
}

/// Whether `call` is `COLLATE "C"`.
pub(crate) fn is_collate_c(call: &ScalarFunction) -> bool {
    meaning(call) == Some(&Meaning::CollateC)
}

impl ScalarUDFImpl for Marker {
    fn name(&self) -> &str {
        match &self.meaning {
            Meaning::CollateC => COLLATE_C,
            Meaning::FloatKey => "float key",
            Meaning::Declared(_) => "declared",
            Meaning::SourceText => "text of the source",
            Meaning::Nullable => "nullable",
            Meaning::Listed(_) => "listed",
            Meaning::Opaque(operator) => operator,
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match self.meaning {
            Meaning::CollateC | Meaning::SourceText => DataType::Utf8,
            Meaning::FloatKey | Meaning::Declared(_) | Meaning::Nullable | Meaning::Listed(_) => {
                types[0].clone()
            }
            Meaning::Opaque(_) => DataType::Boolean,
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let given = &args.arg_fields[0];
        let data_type = self.return_type(&[given.data_type().clone()])?;
        let metadata = match &self.meaning {
            Meaning::Declared(declaration) => declared::metadata(declaration.as_deref()),
            Meaning::Nullable | Meaning::Listed(_) => given.metadata().clone(),
            _ => HashMap::new(),
        };
        let is_nullable = given.is_nullable() || !matches!(self.meaning, Meaning::Listed(_));
        let field = Field::new(self.name(), data_type, is_nullable);
        Ok(Arc::new(field.with_metadata(metadata)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match self.meaning {
            Meaning::CollateC | Meaning::Declared(_) | Meaning::Nullable | Meaning::Listed(_) => {
                Ok(args.args[0].clone())
            }
            Meaning::SourceText => invoke(args, |arrays| {
                Ok(datafusion::arrow::compute::cast(
                    &arrays[0],
                    &DataType::Utf8,
                )?)
            }),
            Meaning::FloatKey => invoke(args, |arrays| Ok(float_keys(&arrays[0]))),
            Meaning::Opaque(_) => Err(external(refuse(
                None,
                "a comparison that only the source can make did not reach it",
            ))),
        }
    }
}

/// Floats as what compares like them in PostgreSQL; anything else as it is.
pub(super) fn float_keys(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => Arc::new(
            array
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(|x| if x.is_nan() { f64::NAN } else { x + 0.0 }),
        ),
        DataType::Float32 => Arc::new(
            array
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(|x| if x.is_nan() { f32::NAN } else { x + 0.0 }),
        ),
        _ => Arc::clone(array),
    }
}
