//! One column on both sides, in one form.

use crate::table::ident;
use crate::types::{Assignment, PgType, TypeKind, assign, length_of, oid};

/// One column on both sides: expressions over a row `t` whose values are of one type and, where
/// the column arrived as it should, the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedColumn {
    /// Its name, the same on both sides.
    pub name: String,
    /// The source's value in the destination's form.
    pub source: String,
    /// The destination's value.
    pub destination: String,
    /// The type of both; the modifier does not count.
    pub pg_type: PgType,
}

/// Why two columns cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incomparable {
    /// Values of the one do not arrive in the other, so that no run can have put them there.
    Refused {
        /// The end of "column x cannot be compared: …".
        reason: String,
        /// The way out.
        hint: String,
    },
    /// Only the destination can tell what becomes of a value.
    Unknown {
        /// Why.
        reason: String,
    },
}

impl ComparedColumn {
    /// Column `name` of type `from` at the source and `to` at the destination, where values may be
    /// rounded or cut if `allow_lossy` says so.
    ///
    /// # Errors
    /// If values of `from` cannot arrive in `to`, or in a way that the source cannot follow.
    pub fn new(
        name: &str,
        from: &PgType,
        to: &PgType,
        allow_lossy: bool,
    ) -> Result<Self, Incomparable> {
        let (own, (from_base, to_base)) = (
            format!("t.{}", ident(name)),
            (from.without_domains(), to.without_domains()),
        );
        let assignment = match assign(from, to) {
            Assignment::Refused { reason, hint } => {
                return Err(Incomparable::Refused { reason, hint });
            }
            Assignment::Lossy { reason, hint, .. } if !allow_lossy => {
                return Err(Incomparable::Refused { reason, hint });
            }
            assignment => assignment,
        };
        let is_changed = matches!(
            assignment,
            Assignment::Lossy { .. } | Assignment::Converted { .. }
        );
        if is_changed && from_base.is_same_type(to_base) && to_base.is_local() {
            let reason = format!("values of {from} are not the same as {to}");
            return Err(Incomparable::Unknown { reason });
        }
        let (source, pg_type) = brought(&own, (from, to), &assignment);
        let destination = match pg_type.oid {
            oid::TEXT => as_text(&own, to),
            _ => cast(&own, to, &pg_type),
        };
        Ok(Self {
            name: name.to_owned(),
            source,
            destination,
            pg_type,
        })
    }

    /// The same column, the source's value being computed: there it may be of a type beside
    /// (`varchar` for `text`), and a number has other digits behind the point, so that numbers are
    /// compared by value: 1.50 is 1.5.
    pub fn computed(self) -> Self {
        let source = format!("({})::{}", self.source, type_name(&self.pg_type));
        let trimmed = |sql: String| format!("pg_catalog.trim_scale({sql})");
        match self.pg_type.oid {
            oid::NUMERIC => Self {
                source: trimmed(source),
                destination: trimmed(self.destination),
                ..self
            },
            _ => Self { source, ..self },
        }
    }

    /// What of the source's value is hashed.
    pub fn source_bytes(&self) -> String {
        hashed(&self.source, &self.pg_type)
    }

    /// What of the destination's value is hashed.
    pub fn destination_bytes(&self) -> String {
        hashed(&self.destination, &self.pg_type)
    }
}

/// The source's value in the destination's form, and the type that both are compared as.
fn brought(own: &str, (from, to): (&PgType, &PgType), assignment: &Assignment) -> (String, PgType) {
    let (from_base, to_base) = (from.without_domains(), to.without_domains());
    let text = || as_text(own, from);
    let compared_as = match to_base.oid {
        oid::VARCHAR | oid::NAME => PgType::builtin(oid::TEXT, "text", "text"),
        _ => to_base.clone(),
    };
    match assignment {
        // As a run does it: by the text form, which a cast cuts and rounds.
        Assignment::Lossy { .. } if !to_base.is_local() => {
            let cast = format!("({own})::pg_catalog.text::{to_base}");
            match compared_as.oid {
                oid::TEXT => (format!("({cast})::pg_catalog.text"), compared_as),
                _ => (cast, compared_as),
            }
        }
        _ if to_base.oid == oid::BPCHAR && from_base.oid != oid::BPCHAR => {
            (padded(&text(), to_base), compared_as)
        }
        _ if compared_as.oid == oid::TEXT => (text(), compared_as),
        _ if from_base.is_same_type(to_base) => match has_other_digits(from_base, to_base) {
            true => (format!("({own})::{to_base}"), compared_as),
            false => (cast(own, from, from_base), compared_as),
        },
        Assignment::Exact { .. } => (format!("({own})::{to_base}"), compared_as),
        // Text that the destination reads as one of PostgreSQL's own types is read so here too.
        _ if !to_base.is_local() && from_base.oid != oid::JSONB => {
            let cast = format!("({own})::pg_catalog.text::{}", type_name(to_base));
            (cast, compared_as)
        }
        _ => (text(), PgType::builtin(oid::TEXT, "text", "text")),
    }
}

fn as_text(own: &str, pg_type: &PgType) -> String {
    match pg_type.oid {
        oid::TEXT => own.to_owned(),
        _ => format!("({own})::pg_catalog.text"),
    }
}

/// A text as character(n) has it. One that is too long stays as it is: no such column holds it.
fn padded(text: &str, to: &PgType) -> String {
    let plain = format!("({text})::{}", type_name(to));
    match length_of(to) {
        None => plain,
        Some(length) => format!(
            "CASE WHEN pg_catalog.char_length({text}) > {length} THEN {plain} \
             ELSE ({text})::pg_catalog.bpchar({length}) END"
        ),
    }
}

/// Whether numbers, alone or in an array, get other digits behind the point.
fn has_other_digits(from: &PgType, to: &PgType) -> bool {
    let number = match &to.kind {
        TypeKind::Array(element) => element.without_domains(),
        _ => to,
    };
    number.oid == oid::NUMERIC && to.typmod != -1 && from.typmod != to.typmod
}

/// The value as one of `base`: without the domain, whose OID is that of one database.
fn cast(own: &str, declared: &PgType, base: &PgType) -> String {
    match declared.oid == base.oid {
        true => own.to_owned(),
        false => format!("({own})::{}", type_name(base)),
    }
}

/// The type by its name in the catalogue, which means no modifier: `bit` and `character` would
/// mean a length of 1.
pub(super) fn type_name(pg_type: &PgType) -> String {
    format!("{}.{}", ident(&pg_type.schema), ident(&pg_type.name))
}

/// What of a value goes into the hash: the value itself, which its own send function makes bytes
/// of, or its text as PostgreSQL quotes it where the binary form differs between databases (OIDs in
/// it, other versions of an extension) or does not exist.
fn hashed(sql: &str, pg_type: &PgType) -> String {
    let is_portable =
        !pg_type.is_local() && pg_type.is_portable_in_binary() && !pg_type.embeds_local_oids();
    match is_portable {
        true => sql.to_owned(),
        // A cast to text could be one that a user has defined; this is the output function.
        false => format!("pg_catalog.format('%L', {sql})"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn one_type_is_compared_as_it_is() {
        check(
            &builtin(oid::INT4, "int4"),
            &builtin(oid::INT4, "int4"),
            r#"t."c""#,
            r#"t."c""#,
        );
    }

    #[test]
    fn a_wider_column_makes_the_value_wider() {
        check(
            &builtin(oid::INT4, "int4"),
            &builtin(oid::INT8, "int8"),
            r#"(t."c")::int8"#,
            r#"t."c""#,
        );
    }

    #[test]
    fn digits_of_a_number_become_those_of_the_column() {
        check(
            &numeric_of(12, 2),
            &numeric_of(14, 3),
            r#"(t."c")::numeric(14,3)"#,
            r#"t."c""#,
        );
        check(
            &builtin(oid::INT4, "int4"),
            &numeric_of(14, 3),
            r#"(t."c")::numeric(14,3)"#,
            r#"t."c""#,
        );
    }

    #[test]
    fn texts_of_two_types_are_compared_as_text() {
        check(
            &builtin(oid::VARCHAR, "varchar"),
            &builtin(oid::TEXT, "text"),
            r#"(t."c")::pg_catalog.text"#,
            r#"t."c""#,
        );
        check(
            &builtin(oid::UUID, "uuid"),
            &builtin(oid::TEXT, "text"),
            r#"(t."c")::pg_catalog.text"#,
            r#"t."c""#,
        );
    }

    #[test]
    fn text_gets_the_blanks_of_the_column() {
        let short = PgType {
            typmod: 9,
            ..builtin(oid::BPCHAR, "bpchar")
        };
        check(
            &builtin(oid::TEXT, "text"),
            &short,
            r#"CASE WHEN pg_catalog.char_length(t."c") > 5 THEN (t."c")::"pg_catalog"."bpchar" ELSE (t."c")::pg_catalog.bpchar(5) END"#,
            r#"t."c""#,
        );
    }

    #[test]
    fn a_loss_that_is_allowed_is_followed() {
        let (long, short) = (
            builtin(oid::INT8, "int8"),
            PgType {
                sql: "character varying(5)".into(),
                typmod: 9,
                ..builtin(oid::VARCHAR, "varchar")
            },
        );
        let lossy = |from, to| ComparedColumn::new("c", from, to, true).unwrap().source;
        let int = builtin(oid::INT4, "int4");
        assert_eq!(lossy(&long, &int), r#"(t."c")::pg_catalog.text::int4"#);
        let longer = PgType {
            typmod: 14,
            ..short.clone()
        };
        assert_eq!(
            lossy(&longer, &short),
            r#"((t."c")::pg_catalog.text::character varying(5))::pg_catalog.text"#
        );
    }

    #[test]
    fn digits_inside_a_row_are_the_destination_s_matter() {
        let pair = |digits| PgType {
            schema: "public".into(),
            kind: TypeKind::Composite(vec![("n".into(), numeric_of(10, digits))]),
            ..PgType::builtin(20_000, "pair", "public.pair")
        };
        let found = ComparedColumn::new("c", &pair(2), &pair(4), true);
        assert!(matches!(found, Err(Incomparable::Unknown { .. })));
    }

    #[test]
    fn text_is_read_as_the_type_of_the_column() {
        check(
            &builtin(oid::TEXT, "text"),
            &builtin(oid::JSONB, "jsonb"),
            r#"(t."c")::pg_catalog.text::"pg_catalog"."jsonb""#,
            r#"t."c""#,
        );
    }

    #[test]
    fn a_domain_is_compared_as_its_base() {
        let domain = PgType {
            schema: "public".into(),
            kind: TypeKind::Domain(Arc::new(builtin(oid::BPCHAR, "bpchar"))),
            ..PgType::builtin(20_000, "code", "public.code")
        };
        let expected = r#"(t."c")::"pg_catalog"."bpchar""#;
        check(&domain, &domain, expected, expected);
    }

    #[test]
    fn a_user_type_is_hashed_by_its_text() {
        let mood = PgType {
            schema: "public".into(),
            kind: TypeKind::Enum(vec!["ok".into()]),
            ..PgType::builtin(20_000, "mood", "public.mood")
        };
        let expected = r#"pg_catalog.format('%L', t."c")"#;
        check(&mood, &mood, expected, expected);
        let regclass = PgType::builtin(2205, "regclass", "regclass");
        check(&regclass, &regclass, expected, expected);
    }

    #[test]
    fn a_computed_number_counts_by_value() {
        let number = builtin(oid::NUMERIC, "numeric");
        let column = ComparedColumn::new("c", &number, &number, false).unwrap();
        let expected = r#"pg_catalog.trim_scale((t."c")::"pg_catalog"."numeric")"#;
        assert_eq!(column.computed().source_bytes(), expected);
    }

    #[test]
    fn what_cannot_be_assigned_cannot_be_compared() {
        let (long, int) = (builtin(oid::INT8, "int8"), builtin(oid::INT4, "int4"));
        assert!(ComparedColumn::new("c", &long, &int, false).is_err());
    }

    fn check(from: &PgType, to: &PgType, source: &str, destination: &str) {
        let column = ComparedColumn::new("c", from, to, false).unwrap();
        assert_eq!(column.source_bytes(), source);
        assert_eq!(column.destination_bytes(), destination);
    }

    fn builtin(oid: u32, name: &str) -> PgType {
        PgType::builtin(oid, name, name)
    }

    fn numeric_of(precision: i32, scale: i32) -> PgType {
        PgType {
            typmod: (precision << 16 | scale) + 4,
            sql: format!("numeric({precision},{scale})"),
            ..builtin(oid::NUMERIC, "numeric")
        }
    }
}
