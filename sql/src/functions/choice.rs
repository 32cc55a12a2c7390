//! Functions whose arguments share one type: coalesce, nullif, greatest, least; and concat.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use datafusion::arrow::compute::kernels::{cmp, zip::zip};
use datafusion::arrow::compute::{is_not_null, is_null, nullif, or};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::cast::to_text;
use super::marker::float_keys;
use super::types::{Pg, chosen, name, pg};
use super::vector::{invoke, text, texts};
use crate::template::{external, refuse};

/// One of the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Coalesce,
    NullIf,
    Greatest,
    Least,
}

/// A function of arguments that share one type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Choice {
    kind: Kind,
    signature: Signature,
}

impl Choice {
    /// The function that `kind` says.
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }

    /// The one type of arguments of `types`.
    ///
    /// # Errors
    /// `Config`, if they have none.
    pub(super) fn shared(&self, types: &[DataType]) -> Result<DataType> {
        let not_text = types
            .iter()
            .filter(|data_type| **data_type != DataType::Utf8);
        chosen(types)
            // A string literal takes the others' type; columns are told apart when it is cast.
            .or_else(|| chosen(not_text))
            .ok_or_else(|| {
                let types: Vec<String> = types.iter().map(name).collect();
                let message = format!("{} cannot mix {}", self.name(), types.join(" and "));
                external(refuse(None, message).with_hint("cast its arguments to one type"))
            })
    }
}

impl ScalarUDFImpl for Choice {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Coalesce => "coalesce",
            Kind::NullIf => "nullif",
            Kind::Greatest => "greatest",
            Kind::Least => "least",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let enough = match self.kind {
            Kind::NullIf => types.len() == 2,
            _ => !types.is_empty(),
        };
        if !enough {
            let message = format!("{} has the wrong number of arguments", self.name());
            return Err(external(refuse(None, message)));
        }
        Ok(match self.shared(types) {
            Ok(shared) => vec![shared; types.len()],
            // What does not fit is told when literals have their types.
            Err(_) => types.to_vec(),
        })
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.shared(types)
            .or_else(|err| types.first().cloned().ok_or(err))
    }

    fn short_circuits(&self) -> bool {
        self.kind == Kind::Coalesce
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        (self.kind == Kind::Coalesce).then(|| {
            let (first, rest) = args.split_at(1.min(args.len()));
            (first.iter().collect(), rest.iter().collect())
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        invoke(args, |arrays| {
            let mut chosen = Arc::clone(&arrays[0]);
            for next in &arrays[1..] {
                chosen = self.choose(&chosen, next)?;
            }
            Ok(chosen)
        })
    }
}

impl Choice {
    fn choose(&self, chosen: &ArrayRef, next: &ArrayRef) -> Result<ArrayRef> {
        let take = |wins: BooleanArray| -> Result<ArrayRef> {
            let wins = BooleanArray::from_iter(wins.iter().map(|wins| Some(wins.unwrap_or(false))));
            Ok(zip(&or(&wins, &is_null(chosen)?)?, next, chosen)?)
        };
        match self.kind {
            Kind::Coalesce => Ok(zip(&is_not_null(chosen)?, chosen, next)?),
            Kind::NullIf => Ok(nullif(chosen, &cmp::eq(chosen, next)?)?),
            Kind::Greatest => take(cmp::gt(&float_keys(next), &float_keys(chosen))?),
            Kind::Least => take(cmp::lt(&float_keys(next), &float_keys(chosen))?),
        }
    }
}

/// `concat`, `concat_ws` and `||`: they differ in what NULL does, and in the separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Joining {
    /// NULL is left out.
    Concat,
    /// The first argument is put between the others.
    WithSeparator,
    /// NULL makes all NULL.
    Operator,
}

/// Text put together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Concat {
    joining: Joining,
    signature: Signature,
}

impl Concat {
    /// The function that `joining` says.
    pub(super) fn new(joining: Joining) -> Self {
        Self {
            joining,
            signature: Signature::user_defined(Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for Concat {
    fn name(&self) -> &str {
        match self.joining {
            Joining::Concat => "concat",
            Joining::WithSeparator => "concat_ws",
            Joining::Operator => "||",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        invoke(args, |arrays| {
            let columns = arrays
                .iter()
                .map(|array| self.text_of(array))
                .collect::<Result<Vec<_>>>()?;
            join(self.joining, &columns)
        })
    }
}

impl Concat {
    /// Refuses arguments whose text is not the same here as in PostgreSQL.
    ///
    /// # Errors
    /// `Config`, if there is one.
    pub(super) fn check(&self, types: &[DataType]) -> Result<()> {
        let given: Vec<_> = types.iter().map(pg).collect();
        // An operator wants text on one side; a function takes anything that has a text form.
        let has_text = self.joining != Joining::Operator
            || given
                .iter()
                .any(|given| matches!(given, Some(Pg::Text | Pg::Unknown)));
        let fits = given.iter().all(|given| match given {
            Some(Pg::Bytea | Pg::Interval | Pg::Array | Pg::Opaque) | None => false,
            Some(_) => true,
        });
        let separator = self.joining != Joining::WithSeparator
            || matches!(given.first(), Some(Some(Pg::Text | Pg::Unknown)));
        match has_text && fits && separator && !types.is_empty() {
            true => Ok(()),
            false => {
                let types: Vec<String> = types.iter().map(name).collect();
                let message = format!("{} does not join {}", self.name(), types.join(" and "));
                Err(external(refuse(None, message).with_hint("cast to text")))
            }
        }
    }

    /// The text of every value: the functions write t and f where the operator and casts write
    /// true and false.
    fn text_of(&self, array: &ArrayRef) -> Result<ArrayRef> {
        match array.data_type() {
            DataType::Null => Ok(new_null_array(&DataType::Utf8, array.len())),
            DataType::Boolean if self.joining != Joining::Operator => {
                let values = array.as_boolean();
                texts(array.len(), |row| {
                    let letter = |value| if value { "t" } else { "f" };
                    Ok(values.is_valid(row).then(|| letter(values.value(row))))
                })
            }
            _ => to_text(array),
        }
    }
}

fn join(joining: Joining, columns: &[ArrayRef]) -> Result<ArrayRef> {
    texts(columns[0].len(), |row| {
        let values = columns.iter().map(|column| text(column, row));
        Ok(match joining {
            Joining::Concat => Some(values.flatten().collect::<String>()),
            Joining::Operator => values.collect::<Option<String>>(),
            Joining::WithSeparator => {
                let mut values = values;
                values
                    .next()
                    .flatten()
                    .map(|separator| values.flatten().collect::<Vec<_>>().join(separator))
            }
        })
    })
}
