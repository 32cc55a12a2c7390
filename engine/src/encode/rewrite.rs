//! The destination's OIDs in place of the source's, inside binary values.

use crate::error::{Error, ErrorKind, Result};
use crate::types::{PgType, TypeKind};

/// Flags of a range's first byte.
///
/// Source: PostgreSQL, `src/include/utils/rangetypes.h`.
const RANGE_EMPTY: u8 = 0x01;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// Where in a value of one type OIDs of types are, and what to write there.
///
/// Every OID has four bytes, so values keep their length.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OidRewrite {
    /// There are none inside.
    Keep,
    Array {
        element_oid: u32,
        element: Box<OidRewrite>,
    },
    Composite {
        fields: Vec<(u32, OidRewrite)>,
    },
    Range {
        bound: Box<OidRewrite>,
    },
    Multirange {
        range: Box<OidRewrite>,
    },
}

impl OidRewrite {
    /// What to rewrite in values of `from` so that the database of `to` takes them; `None` if
    /// nothing is.
    ///
    /// # Errors
    /// `Schema`, if the types are not built alike.
    pub(super) fn between(from: &PgType, to: &PgType) -> Result<Option<Self>> {
        match from.embeds_local_oids() || to.embeds_local_oids() {
            false => Ok(None),
            true => Self::build(from, to).map(Some),
        }
    }

    fn build(from: &PgType, to: &PgType) -> Result<Self> {
        let (from, to) = (from.without_domains(), to.without_domains());
        match (&from.kind, &to.kind) {
            (TypeKind::Array(from), TypeKind::Array(to)) => Ok(Self::Array {
                element_oid: to.oid,
                element: Box::new(Self::build(from, to)?),
            }),
            (TypeKind::Range(from), TypeKind::Range(to)) => Ok(Self::Range {
                bound: Box::new(Self::build(from, to)?),
            }),
            (TypeKind::Multirange(from), TypeKind::Multirange(to)) => Ok(Self::Multirange {
                range: Box::new(Self::build(from, to)?),
            }),
            (TypeKind::Composite(from_fields), TypeKind::Composite(to_fields)) => {
                let same = from_fields.len() == to_fields.len()
                    && from_fields
                        .iter()
                        .zip(to_fields)
                        .all(|((from, _), (to, _))| from == to);
                if !same {
                    return Err(not_alike(from, to));
                }
                let fields = from_fields.iter().zip(to_fields);
                fields
                    .map(|((_, from), (_, to))| Ok((to.oid, Self::build(from, to)?)))
                    .collect::<Result<_>>()
                    .map(|fields| Self::Composite { fields })
            }
            (TypeKind::Base, TypeKind::Base) | (TypeKind::Enum(_), TypeKind::Enum(_))
                if from.is_same_type(to) =>
            {
                Ok(Self::Keep)
            }
            _ => Err(not_alike(from, to)),
        }
    }

    /// Rewrites one value in place.
    ///
    /// # Errors
    /// What the bytes are, if they are no value of the type.
    ///
    /// Source: PostgreSQL, `array_send`, `record_send`, `range_send` and `multirange_send` in
    /// `src/backend/utils/adt`.
    pub(super) fn apply(&self, value: &mut [u8]) -> Result<(), String> {
        match self {
            Self::Keep => Ok(()),
            Self::Array {
                element_oid,
                element,
            } => {
                let dimensions = word(value, 0)? as usize;
                put_word(value, 8, *element_oid)?;
                if **element == Self::Keep {
                    return Ok(());
                }
                let mut at = 12 + 8 * dimensions;
                while at < value.len() {
                    at = apply_to_field(element, value, at)?;
                }
                Ok(())
            }
            Self::Composite { fields } => {
                if word(value, 0)? as usize != fields.len() {
                    return Err("a row with another number of fields".to_owned());
                }
                let mut at = 4;
                for (oid, field) in fields {
                    put_word(value, at, *oid)?;
                    at = apply_to_field(field, value, at + 4)?;
                }
                Ok(())
            }
            Self::Range { bound } => {
                let flags = *value.first().ok_or_else(broken)?;
                let infinite = [flags & LOWER_INFINITE != 0, flags & UPPER_INFINITE != 0];
                let mut at = 1;
                for _ in infinite
                    .iter()
                    .filter(|&&is| !is && flags & RANGE_EMPTY == 0)
                {
                    at = apply_to_field(bound, value, at)?;
                }
                Ok(())
            }
            Self::Multirange { range } => {
                let mut at = 4;
                for _ in 0..word(value, 0)? {
                    at = apply_to_field(range, value, at)?;
                }
                Ok(())
            }
        }
    }
}

/// Rewrites a value behind its length word; gives where the next one begins.
fn apply_to_field(rewrite: &OidRewrite, value: &mut [u8], at: usize) -> Result<usize, String> {
    let start = at + 4;
    let Ok(length) = usize::try_from(word(value, at)? as i32) else {
        return Ok(start);
    };
    let field = value.get_mut(start..start + length).ok_or_else(broken)?;
    rewrite.apply(field)?;
    Ok(start + length)
}

fn word(value: &[u8], at: usize) -> Result<u32, String> {
    let bytes = value.get(at..at + 4).ok_or_else(broken)?;
    Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn put_word(value: &mut [u8], at: usize, word: u32) -> Result<(), String> {
    value
        .get_mut(at..at + 4)
        .ok_or_else(broken)?
        .copy_from_slice(&word.to_be_bytes());
    Ok(())
}

fn broken() -> String {
    "bytes that are no value of its type".to_owned()
}

fn not_alike(from: &PgType, to: &PgType) -> Error {
    let message =
        format!("type {from} of the source and {to} of the destination are not built alike");
    Error::new(ErrorKind::Schema, message).with_hint("give both the same fields in the same order")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::types::oid;

    #[test]
    fn an_array_gets_the_element_type_of_the_destination() {
        let mut value = words(&[1, 0, 16_400, 1, 1, 2, 0]);
        value.truncate(26);
        check(&array(16_400), &array(20_000), &mut value);
        assert_eq!(value[8..12], 20_000_u32.to_be_bytes());
    }

    #[test]
    fn a_nested_row_gets_every_oid_of_the_destination() {
        let inner = |oid| composite(oid, vec![("mood".into(), mood(oid + 1))]);
        let outer = |oid| {
            let int4 = PgType::builtin(oid::INT4, "int4", "integer");
            composite(
                oid,
                vec![("n".into(), int4), ("inner".into(), inner(oid + 1))],
            )
        };
        let inner_value = words(&[1, 16_502, u32::MAX]);
        let mut value = words(&[2, 23, 4, 7, 16_501, inner_value.len() as u32]);
        value.extend(inner_value);
        check(&outer(16_500), &outer(20_000), &mut value);
        assert_eq!(
            value,
            words(&[2, 23, 4, 7, 20_001, 12, 1, 20_002, u32::MAX])
        );
    }

    #[test]
    fn types_without_oids_inside_are_left_alone() {
        assert_eq!(
            OidRewrite::between(&mood(16_400), &mood(20_000)).unwrap(),
            None
        );
    }

    #[test]
    fn rows_of_other_fields_are_refused() {
        let one = composite(16_400, vec![("a".into(), mood(16_401))]);
        let other = composite(20_000, vec![("b".into(), mood(20_001))]);
        assert_eq!(
            OidRewrite::between(&one, &other).unwrap_err().kind(),
            ErrorKind::Schema
        );
    }

    #[test]
    fn rewriting_rejects_truncated_input() {
        let rewrite = OidRewrite::between(&array(16_400), &array(20_000))
            .unwrap()
            .unwrap();
        let nested = OidRewrite::Array {
            element_oid: 1,
            element: Box::new(rewrite),
        };
        assert!(nested.apply(&mut [0; 7]).is_err());
        assert!(nested.apply(&mut words(&[1, 0, 5, 1, 1, 99])).is_err());
    }

    fn check(from: &PgType, to: &PgType, value: &mut [u8]) {
        OidRewrite::between(from, to)
            .unwrap()
            .unwrap()
            .apply(value)
            .unwrap();
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn mood(oid: u32) -> PgType {
        local(oid, "mood", TypeKind::Enum(vec!["ok".into()]))
    }

    fn array(element_oid: u32) -> PgType {
        local(
            element_oid - 1,
            "_mood",
            TypeKind::Array(Arc::new(mood(element_oid))),
        )
    }

    fn composite(oid: u32, fields: Vec<(String, PgType)>) -> PgType {
        local(oid, "pair", TypeKind::Composite(fields))
    }

    fn local(oid: u32, name: &str, kind: TypeKind) -> PgType {
        PgType {
            oid,
            schema: "public".into(),
            kind,
            ..PgType::builtin(oid, name, name)
        }
    }
}
