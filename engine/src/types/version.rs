//! Values and types that came with a version of PostgreSQL, and that an older one does not have.

use super::native::numeric_modifier;
use super::{PgType, TypeKind, oid};

/// The major versions of both servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The source's.
    pub source: u32,
    /// The destination's.
    pub destination: u32,
}

/// Values of one type that are newer than the type.
struct NewerValues {
    oid: u32,
    since: u32,
    /// What they are, as the end of "column x holds …".
    what: &'static str,
    /// The condition that `{}` is one of them.
    condition: &'static str,
    /// Whether an older server takes their binary form for another value.
    silent: bool,
}

/// Every such type whose older receive or input function does not tell them from others, or tells
/// them only when rows are on their way.
///
/// Source: PostgreSQL's release notes. `numeric_recv` of version 13 refuses the sign of infinity;
/// `interval_recv` before 17 takes infinity for 178956970 years; `aclparse` before 17 does not know
/// the letter m.
const NEWER_VALUES: [NewerValues; 3] = [
    NewerValues {
        oid: oid::NUMERIC,
        since: 14,
        what: "infinity",
        condition: "{} OPERATOR(pg_catalog.=) ANY \
            (ARRAY['Infinity'::pg_catalog.numeric, '-Infinity'::pg_catalog.numeric])",
        silent: false,
    },
    NewerValues {
        oid: oid::INTERVAL,
        since: 17,
        what: "infinity",
        condition: "NOT pg_catalog.isfinite({})",
        silent: true,
    },
    NewerValues {
        oid: ACLITEM,
        since: 17,
        what: "the privilege MAINTAIN",
        condition: "CASE WHEN {} IS NOT NULL THEN EXISTS (SELECT FROM \
            pg_catalog.aclexplode(ARRAY[{}]) AS a WHERE a.privilege_type = 'MAINTAIN') END",
        silent: false,
    },
];

/// `pg_type.oid` of `aclitem`.
const ACLITEM: u32 = 1033;

/// The version that let the scale of a `numeric` be negative, or greater than its precision.
const FREE_SCALE: u32 = 15;

/// Something that a column may hold, and that the destination's version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// What it is, as the end of "column x holds …".
    pub what: &'static str,
    /// The condition, SQL of the source, that a row's column holds it.
    pub condition: String,
}

impl Versions {
    fn lacks(self, since: u32) -> bool {
        self.source >= since && self.destination < since
    }

    fn gaps(self) -> impl Iterator<Item = &'static NewerValues> {
        NEWER_VALUES
            .iter()
            .filter(move |newer| self.lacks(newer.since))
    }

    /// Values that a column of `pg_type` may hold and that the destination does not know; `column` is
    /// the column as SQL.
    pub fn unknown_values(self, pg_type: &PgType, column: &str) -> Vec<Gap> {
        self.gaps()
            .filter_map(|newer| {
                Some(Gap {
                    what: newer.what,
                    condition: condition(newer, pg_type, column, 0)?,
                })
            })
            .collect()
    }

    /// Whether the destination could take bytes of `pg_type` for another value than they are.
    pub fn may_misread(self, pg_type: &PgType) -> bool {
        self.gaps()
            .filter(|newer| newer.silent)
            .any(|newer| has_part(pg_type, &|part| part.oid == newer.oid))
    }

    /// Whether the modifier of `pg_type` is one that the destination cannot create a column with.
    pub fn lacks_modifier(self, pg_type: &PgType) -> bool {
        match &pg_type.kind {
            TypeKind::Array(element) => self.lacks_modifier(element),
            TypeKind::Base if pg_type.oid == oid::NUMERIC => {
                let modifier = numeric_modifier(pg_type.typmod);
                self.destination < FREE_SCALE
                    && modifier.is_some_and(|(precision, scale)| !(0..=precision).contains(&scale))
            }
            _ => false,
        }
    }
}

/// Whether `test` holds for the type or for one that it is made of.
pub fn has_part(pg_type: &PgType, test: &impl Fn(&PgType) -> bool) -> bool {
    test(pg_type) || pg_type.parts().into_iter().any(|part| has_part(part, test))
}

/// The condition that `value`, of this type, is or holds one of the `newer` values.
///
/// Sets are unnested in a SELECT list, as a FROM clause would spread rows over columns; `depth` keeps
/// the names of nested ones apart.
fn condition(newer: &NewerValues, pg_type: &PgType, value: &str, depth: usize) -> Option<String> {
    let one_of = |inner: &PgType| {
        let inner = condition(newer, inner, &format!("e{depth}.v"), depth + 1)?;
        Some(format!(
            "EXISTS (SELECT FROM (SELECT pg_catalog.unnest({value}) AS v) AS e{depth} WHERE {inner})"
        ))
    };
    match &pg_type.kind {
        // A modifier leaves no room for infinity.
        TypeKind::Base if pg_type.oid == oid::NUMERIC && pg_type.typmod != -1 => None,
        TypeKind::Base => (pg_type.oid == newer.oid).then(|| newer.condition.replace("{}", value)),
        TypeKind::Enum(_) | TypeKind::Pseudo => None,
        TypeKind::Domain(base) => condition(newer, base, &format!("({value})::{base}"), depth),
        TypeKind::Array(element) => one_of(element),
        TypeKind::Multirange(range) => one_of(range),
        TypeKind::Range(bound) => {
            let of =
                |end: &str| condition(newer, bound, &format!("pg_catalog.{end}({value})"), depth);
            Some(format!("({} OR {})", of("lower")?, of("upper")?))
        }
        TypeKind::Composite(fields) => {
            let conditions: Vec<String> = fields
                .iter()
                .filter_map(|(name, field)| {
                    let field_value = format!("({value}).{}", quoted(name));
                    condition(newer, field, &field_value, depth)
                })
                .collect();
            (!conditions.is_empty()).then(|| format!("({})", conditions.join(" OR ")))
        }
    }
}

/// `name` as an identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn values_that_both_versions_know_are_no_gap() {
        for (source, destination) in [(13, 18), (18, 17), (14, 16), (13, 13)] {
            check((source, destination), &interval(), &[]);
        }
    }

    #[test]
    fn an_infinite_interval_is_asked_for() {
        check((17, 16), &interval(), &["NOT pg_catalog.isfinite(c)"]);
        assert!(versions((17, 16)).may_misread(&interval()));
        assert!(!versions((18, 17)).may_misread(&interval()));
    }

    #[test]
    fn an_element_a_bound_and_a_field_are_asked_for() {
        let array = made_of(TypeKind::Array(Arc::new(interval())));
        check(
            (18, 15),
            &array,
            &[
                "EXISTS (SELECT FROM (SELECT pg_catalog.unnest(c) AS v) AS e0 \
               WHERE NOT pg_catalog.isfinite(e0.v))",
            ],
        );
        let range = made_of(TypeKind::Range(Arc::new(interval())));
        let bounds = "(NOT pg_catalog.isfinite(pg_catalog.lower(c)) \
                      OR NOT pg_catalog.isfinite(pg_catalog.upper(c)))";
        check((18, 15), &range, &[bounds]);
        let row = made_of(TypeKind::Composite(vec![
            ("a\"b".to_owned(), interval()),
            (
                "n".to_owned(),
                PgType::builtin(oid::INT4, "int4", "integer"),
            ),
        ]));
        check(
            (18, 15),
            &row,
            &["(NOT pg_catalog.isfinite((c).\"a\"\"b\"))"],
        );
        assert!(versions((18, 15)).may_misread(&row));
    }

    #[test]
    fn only_a_numeric_without_precision_can_be_infinite() {
        let numeric = PgType::builtin(oid::NUMERIC, "numeric", "numeric");
        assert_eq!(versions((14, 13)).unknown_values(&numeric, "c").len(), 1);
        assert!(!versions((14, 13)).may_misread(&numeric));
        let limited = PgType {
            typmod: (10 << 16 | 2) + 4,
            ..numeric
        };
        check((14, 13), &limited, &[]);
    }

    #[test]
    fn an_odd_scale_needs_version_15() {
        let numeric = |precision: i32, scale: i32| PgType {
            typmod: (precision << 16 | (scale & 0x7ff)) + 4,
            ..PgType::builtin(oid::NUMERIC, "numeric", "numeric")
        };
        assert!(versions((15, 14)).lacks_modifier(&numeric(5, -2)));
        assert!(versions((15, 14)).lacks_modifier(&numeric(3, 5)));
        assert!(!versions((15, 14)).lacks_modifier(&numeric(5, 5)));
        assert!(!versions((15, 15)).lacks_modifier(&numeric(5, -2)));
    }

    fn check(pair: (u32, u32), pg_type: &PgType, expected: &[&str]) {
        let found = versions(pair).unknown_values(pg_type, "c");
        let found: Vec<String> = found.into_iter().map(|gap| gap.condition).collect();
        assert_eq!(found, expected);
    }

    fn versions((source, destination): (u32, u32)) -> Versions {
        Versions {
            source,
            destination,
        }
    }

    fn interval() -> PgType {
        PgType::builtin(oid::INTERVAL, "interval", "interval")
    }

    fn made_of(kind: TypeKind) -> PgType {
        PgType {
            kind,
            ..PgType::builtin(20_000, "made", "made")
        }
    }
}
