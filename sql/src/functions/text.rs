//! Functions of text, by characters, as PostgreSQL defines them.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::common::Result;
use towpath_engine::Result as EngineResult;

use super::call::{Overload, PgFunction, Returns};
use super::types::Pg;
use super::vector::{int4, primitives, text, texts};
use crate::template::{AT_SOURCE, value_error};

/// The longest text a function makes: PostgreSQL stops at 1 GB too.
const MAX_BYTES: usize = 1 << 30;

/// All functions of this module.
#[expect(clippy::too_many_lines, reason = "a table of functions")]
pub(super) fn functions() -> Vec<PgFunction> {
    const T: Pg = Pg::Text;
    const I: Pg = Pg::Int4;
    let text_of = |args, optional, body| Overload {
        args,
        optional,
        returns: Returns::Type(DataType::Utf8),
        body,
    };
    let int_of = |args, body| Overload {
        args,
        optional: 0,
        returns: Returns::Type(DataType::Int32),
        body,
    };
    let function = |name, overload| PgFunction::new(name, vec![overload]);
    vec![
        function("lower", text_of(&[T], 0, |args, _| map(args, lower))),
        function("upper", text_of(&[T], 0, |args, _| map(args, upper))),
        function("length", int_of(&[T], |args, _| count(args, characters))),
        function(
            "char_length",
            int_of(&[T], |args, _| count(args, characters)),
        ),
        function(
            "character_length",
            int_of(&[T], |args, _| count(args, characters)),
        ),
        function(
            "octet_length",
            int_of(&[T], |args, _| count(args, str::len)),
        ),
        function(
            "bit_length",
            int_of(&[T], |args, _| count(args, |text| text.len() * 8)),
        ),
        function(
            "ascii",
            int_of(&[T], |args, _| {
                count(args, |text| {
                    text.chars().next().map_or(0, |first| first as usize)
                })
            }),
        ),
        function("strpos", int_of(&[T, T], |args, _| position(args))),
        function(
            "trim",
            text_of(&[T, T], 1, |args, _| trim(args, true, true)),
        ),
        function(
            "btrim",
            text_of(&[T, T], 1, |args, _| trim(args, true, true)),
        ),
        function(
            "ltrim",
            text_of(&[T, T], 1, |args, _| trim(args, true, false)),
        ),
        function(
            "rtrim",
            text_of(&[T, T], 1, |args, _| trim(args, false, true)),
        ),
        function("replace", text_of(&[T, T, T], 0, |args, _| replace(args))),
        function(
            "translate",
            text_of(&[T, T, T], 0, |args, _| translate(args)),
        ),
        function("substr", text_of(&[T, I, I], 1, |args, _| substring(args))),
        function(
            "substring",
            text_of(&[T, I, I], 1, |args, _| substring(args)),
        ),
        function("left", text_of(&[T, I], 0, |args, _| left(args))),
        function("right", text_of(&[T, I], 0, |args, _| right(args))),
        function(
            "split_part",
            text_of(&[T, T, I], 0, |args, _| split_part(args)),
        ),
        function(
            "reverse",
            text_of(&[T], 0, |args, _| {
                map(args, |text| Ok(Cow::Owned(text.chars().rev().collect())))
            }),
        ),
        function("repeat", text_of(&[T, I], 0, |args, _| repeat(args))),
        function("lpad", text_of(&[T, I, T], 1, |args, _| pad(args, true))),
        function("rpad", text_of(&[T, I, T], 1, |args, _| pad(args, false))),
        function("chr", text_of(&[I], 0, |args, _| chr(args))),
        PgFunction::new(
            "starts_with",
            vec![Overload {
                args: &[T, T],
                optional: 0,
                returns: Returns::Type(DataType::Boolean),
                body: |args, _| starts_with(args),
            }],
        ),
        PgFunction::new(
            "to_hex",
            vec![
                text_of(&[I], 0, |args, _| to_hex(args)),
                text_of(&[Pg::Int8], 0, |args, _| to_hex(args)),
            ],
        ),
        PgFunction::new(
            "md5",
            vec![
                text_of(&[T], 0, |args, _| digest(args)),
                text_of(&[Pg::Bytea], 0, |args, _| digest(args)),
            ],
        ),
    ]
}

fn map<'a>(
    args: &'a [ArrayRef],
    body: impl Fn(&'a str) -> EngineResult<Cow<'a, str>>,
) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        text(&args[0], row).map(&body).transpose()
    })
}

fn count(args: &[ArrayRef], body: impl Fn(&str) -> usize) -> Result<ArrayRef> {
    Ok(Arc::new(primitives::<Int32Type>(args[0].len(), |row| {
        Ok(text(&args[0], row).map(|text| body(text) as i32))
    })?))
}

fn characters(text: &str) -> usize {
    text.chars().count()
}

/// Letters one by one, as PostgreSQL does under its libc and built-in locales.
///
/// Where a letter has no single counterpart (`ß`, `İ`), locales disagree.
fn upper(text: &str) -> EngineResult<Cow<'_, str>> {
    if text.is_ascii() {
        return Ok(Cow::Owned(text.to_ascii_uppercase()));
    }
    text.chars()
        .map(|c| single(c, c.to_uppercase(), "upper"))
        .collect::<EngineResult<String>>()
        .map(Cow::Owned)
}

fn lower(text: &str) -> EngineResult<Cow<'_, str>> {
    if text.is_ascii() {
        return Ok(Cow::Owned(text.to_ascii_lowercase()));
    }
    let mut before = None;
    let mut result = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        // The sigma that ends a word is another letter to ICU, and not to libc.
        let after = text[at + c.len_utf8()..].chars().next();
        let ends_word =
            before.is_some_and(char::is_alphabetic) && !after.is_some_and(char::is_alphabetic);
        if c == 'Σ' && ends_word {
            return Err(ambiguous(c, "lower"));
        }
        result.push(single(c, c.to_lowercase(), "lower")?);
        before = Some(c);
    }
    Ok(Cow::Owned(result))
}

fn single(c: char, mut mapped: impl Iterator<Item = char>, function: &str) -> EngineResult<char> {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(ambiguous(c, function)),
    }
}

fn ambiguous(c: char, function: &str) -> towpath_engine::Error {
    value_error(format!(
        "{function} of the letter {c:?} depends on the database's locale"
    ))
    .with_hint(AT_SOURCE)
}

/// Character position of the second text in the first, from 1; 0 if it is not there.
fn position(args: &[ArrayRef]) -> Result<ArrayRef> {
    Ok(Arc::new(primitives::<Int32Type>(args[0].len(), |row| {
        let (Some(whole), Some(part)) = (text(&args[0], row), text(&args[1], row)) else {
            return Ok(None);
        };
        Ok(Some(match whole.find(part) {
            Some(at) => characters(&whole[..at]) as i32 + 1,
            None => 0,
        }))
    })?))
}

fn trim(args: &[ArrayRef], start: bool, end: bool) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let Some(mut value) = text(&args[0], row) else {
            return Ok(None);
        };
        let set = match args.get(1) {
            None => " ",
            Some(sets) => match text(sets, row) {
                Some(set) => set,
                None => return Ok(None),
            },
        };
        if start {
            value = value.trim_start_matches(|c| set.contains(c));
        }
        if end {
            value = value.trim_end_matches(|c| set.contains(c));
        }
        Ok(Some(value))
    })
}

fn replace(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(from), Some(to)) = (
            text(&args[0], row),
            text(&args[1], row),
            text(&args[2], row),
        ) else {
            return Ok(None);
        };
        Ok(Some(match from.is_empty() {
            true => Cow::Borrowed(value),
            false => Cow::Owned(value.replace(from, to)),
        }))
    })
}

fn translate(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(from), Some(to)) = (
            text(&args[0], row),
            text(&args[1], row),
            text(&args[2], row),
        ) else {
            return Ok(None);
        };
        let translated: String = value
            .chars()
            .filter_map(
                |c| match from.chars().position(|candidate| candidate == c) {
                    Some(at) => to.chars().nth(at),
                    None => Some(c),
                },
            )
            .collect();
        Ok(Some(translated))
    })
}

/// Characters from a position counted from 1, which may lie before the first.
fn substring(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(start)) = (text(&args[0], row), int4(&args[1], row)) else {
            return Ok(None);
        };
        let start = i64::from(start);
        let end = match args.get(2) {
            None => i64::MAX,
            Some(lengths) => match int4(lengths, row) {
                None => return Ok(None),
                Some(length) if length < 0 => {
                    return Err(value_error("substring of negative length in the transform"));
                }
                Some(length) => start + i64::from(length),
            },
        };
        let skip = (start.max(1) - 1) as usize;
        let take = (end - start.max(1)).max(0) as usize;
        Ok(Some(slice(value, skip, take)))
    })
}

/// `take` characters after the first `skip`.
fn slice(value: &str, skip: usize, take: usize) -> &str {
    let offset = |text: &str, count: usize| {
        text.char_indices()
            .nth(count)
            .map_or(text.len(), |(at, _)| at)
    };
    let rest = &value[offset(value, skip)..];
    &rest[..offset(rest, take)]
}

fn left(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(count)) = (text(&args[0], row), int4(&args[1], row)) else {
            return Ok(None);
        };
        let take = match usize::try_from(count) {
            Ok(take) => take,
            Err(_) => characters(value).saturating_sub(count.unsigned_abs() as usize),
        };
        Ok(Some(slice(value, 0, take)))
    })
}

fn right(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(count)) = (text(&args[0], row), int4(&args[1], row)) else {
            return Ok(None);
        };
        let skip = match usize::try_from(count) {
            Ok(take) => characters(value).saturating_sub(take),
            Err(_) => count.unsigned_abs() as usize,
        };
        Ok(Some(slice(value, skip, usize::MAX)))
    })
}

fn split_part(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(delimiter), Some(field)) = (
            text(&args[0], row),
            text(&args[1], row),
            int4(&args[2], row),
        ) else {
            return Ok(None);
        };
        if field == 0 {
            return Err(value_error("split_part has no field 0"));
        }
        let at = field.unsigned_abs() as usize - 1;
        if delimiter.is_empty() {
            return Ok(Some(if at == 0 { value } else { "" }));
        }
        let part = match field > 0 {
            true => value.split(delimiter).nth(at),
            false => value.rsplit(delimiter).nth(at),
        };
        Ok(Some(part.unwrap_or("")))
    })
}

fn repeat(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(count)) = (text(&args[0], row), int4(&args[1], row)) else {
            return Ok(None);
        };
        let count = usize::try_from(count).unwrap_or(0);
        match value
            .len()
            .checked_mul(count)
            .is_some_and(|bytes| bytes < MAX_BYTES)
        {
            true => Ok(Some(value.repeat(count))),
            false => Err(value_error("repeat makes a text of more than 1 GB")),
        }
    })
}

fn pad(args: &[ArrayRef], at_start: bool) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let (Some(value), Some(length)) = (text(&args[0], row), int4(&args[1], row)) else {
            return Ok(None);
        };
        let fill = match args.get(2) {
            None => " ",
            Some(fills) => match text(fills, row) {
                Some(fill) => fill,
                None => return Ok(None),
            },
        };
        let length = usize::try_from(length).unwrap_or(0);
        if length >= MAX_BYTES / 4 {
            return Err(value_error("padding makes a text of more than 1 GB"));
        }
        let missing = length.saturating_sub(characters(value));
        let padding: String = fill.chars().cycle().take(missing).collect();
        let kept = slice(value, 0, length);
        Ok(Some(match at_start {
            true => padding + kept,
            false => kept.to_owned() + &padding,
        }))
    })
}

fn chr(args: &[ArrayRef]) -> Result<ArrayRef> {
    texts(args[0].len(), |row| {
        let Some(code) = int4(&args[0], row) else {
            return Ok(None);
        };
        match u32::try_from(code)
            .ok()
            .filter(|code| *code != 0)
            .and_then(char::from_u32)
        {
            Some(c) => Ok(Some(c.to_string())),
            None => Err(value_error(format!("chr has no character {code}"))),
        }
    })
}

fn starts_with(args: &[ArrayRef]) -> Result<ArrayRef> {
    let values: BooleanArray = (0..args[0].len())
        .map(|row| Some(text(&args[0], row)?.starts_with(text(&args[1], row)?)))
        .collect();
    Ok(Arc::new(values))
}

fn to_hex(args: &[ArrayRef]) -> Result<ArrayRef> {
    let array = &args[0];
    texts(array.len(), |row| {
        if array.is_null(row) {
            return Ok(None);
        }
        Ok(Some(match array.data_type() {
            DataType::Int32 => format!("{:x}", array.as_primitive::<Int32Type>().value(row)),
            _ => format!("{:x}", array.as_primitive::<Int64Type>().value(row)),
        }))
    })
}

/// MD5 in hexadecimal digits, by DataFusion's function of the same meaning.
fn digest(args: &[ArrayRef]) -> Result<ArrayRef> {
    use datafusion::config::ConfigOptions;
    use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};
    let field = |data_type: &DataType| {
        Arc::new(datafusion::arrow::datatypes::Field::new(
            "md5",
            data_type.clone(),
            true,
        ))
    };
    let rows = args[0].len();
    let digests = datafusion::functions::crypto::md5().invoke_with_args(ScalarFunctionArgs {
        args: vec![ColumnarValue::Array(Arc::clone(&args[0]))],
        arg_fields: vec![field(args[0].data_type())],
        number_rows: rows,
        return_field: field(&DataType::Utf8View),
        config_options: Arc::new(ConfigOptions::new()),
    })?;
    Ok(datafusion::arrow::compute::cast(
        &digests.into_array(rows)?,
        &DataType::Utf8,
    )?)
}
