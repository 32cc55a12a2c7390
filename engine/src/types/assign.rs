//! Which type may be assigned to which column, and what becomes of the values.

use super::native::numeric_modifier;
use super::{PgType, TypeKind, native_type, oid};

/// What happens to a value of one type on its way into a column of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assignment {
    /// Every value arrives as it was: the types are the same, or the destination's is wider.
    Exact {
        /// Whether both sides' binary forms are the same, so that bytes can be carried.
        same_binary: bool,
    },
    /// Every value arrives in another form, which `how` describes, or the server refuses it.
    Converted {
        /// One phrase for people: "its text form".
        how: String,
        /// Whether PostgreSQL's text form is what crosses.
        through_text: bool,
    },
    /// The destination can take every value, or refuse it, but changes some: only on request.
    Lossy {
        /// One phrase for people: "rounded to numeric(10,2)".
        how: String,
        /// Why, as the end of "column x is refused: …".
        reason: String,
        /// What the user can do.
        hint: String,
    },
    /// Some value could be changed or lost, or none has a meaning there.
    Refused {
        /// Why, as the end of "column x is refused: …".
        reason: String,
        /// What the user can do.
        hint: String,
    },
}

/// What becomes of values of `from` in a column of type `to`.
///
/// Assignment casts of PostgreSQL that round or cut without a word (numeric to fewer digits,
/// timestamps to fewer fractional digits) are lossy: refused unless the user allows it.
pub fn assign(from: &PgType, to: &PgType) -> Assignment {
    let (from, to) = (from.without_domains(), to.without_domains());
    if matches!(to.kind, TypeKind::Pseudo) || matches!(from.kind, TypeKind::Pseudo) {
        return refused(
            format!("{from} has no stored values"),
            "leave the column out".into(),
        );
    }
    if to.takes_no_input() {
        return refused(
            format!("PostgreSQL takes no values of type {to}"),
            "cast it to text in the transform".into(),
        );
    }
    if from.is_same_type(to) {
        return assign_same_type(from, to);
    }
    if is_text(from) && is_text(to) {
        return assign_text(from, to);
    }
    if widens(from, to) {
        return Assignment::Exact { same_binary: false };
    }
    if is_text(to) {
        return converted("its text form", true);
    }
    if let Some(lossy) = assign_with_loss(from, to) {
        return lossy;
    }
    if let (TypeKind::Array(from_element), TypeKind::Array(to_element)) = (&from.kind, &to.kind) {
        return assign_array((from, from_element), (to, to_element));
    }
    match (is_text(from), native_type(to)) {
        (true, None) if !cuts_text(to) => converted(&format!("text read as {to}"), true),
        _ if from.oid == oid::JSONB && to.oid == oid::JSON => converted("its text form", true),
        _ => refused(
            format!("{from} cannot be assigned to {to}"),
            format!("cast it in the transform, or change the destination column to {from}"),
        ),
    }
}

/// Both are character types.
fn assign_text(from: &PgType, to: &PgType) -> Assignment {
    match length_of(from).zip(length_of(to)) {
        Some((from_length, to_length)) if from_length > to_length => {
            let reason = format!("{from} does not fit {to}");
            lossy(format!("cut to {to}"), reason, from)
        }
        _ if from.oid == oid::BPCHAR => converted("without its trailing blanks", true),
        _ if is_limited(from, to) => converted(&format!("refused if longer than {to}"), false),
        _ if to.oid == oid::BPCHAR => converted("padded with blanks", false),
        _ => Assignment::Exact { same_binary: true },
    }
}

/// Arrays of two types: element by element, by the text form of the whole.
fn assign_array(
    (from, from_element): (&PgType, &PgType),
    (to, to_element): (&PgType, &PgType),
) -> Assignment {
    match assign(from_element, to_element) {
        Assignment::Exact { .. } => converted(&format!("its text form, read as {to}"), true),
        // A cast to an array cuts and rounds its elements by the modifier.
        Assignment::Converted { .. } if to.typmod != -1 => {
            let reason = format!("{from} does not fit {to}");
            lossy(format!("each element cut to {to_element}"), reason, from)
        }
        Assignment::Converted { how, .. } => converted(&format!("each element: {how}"), true),
        Assignment::Lossy { how, reason, .. } => {
            lossy(format!("each element: {how}"), reason, from)
        }
        refused => refused,
    }
}

/// Types between which PostgreSQL casts, and which do not hold the same values.
fn assign_with_loss(from: &PgType, to: &PgType) -> Option<Assignment> {
    let how = match (from.oid, to.oid) {
        (oid::INT4 | oid::INT8, oid::INT2) | (oid::INT8, oid::INT4) => {
            format!("refused where it is no {to}")
        }
        (oid::FLOAT8, oid::FLOAT4) | (oid::NUMERIC, oid::FLOAT4 | oid::FLOAT8) => {
            format!("rounded to {to}")
        }
        (oid::INT4 | oid::INT8, oid::FLOAT4) | (oid::INT8, oid::FLOAT8) => {
            format!("rounded to {to}")
        }
        (oid::FLOAT4 | oid::FLOAT8, oid::NUMERIC) => "its shortest decimal form".to_owned(),
        (oid::INT2 | oid::INT4 | oid::INT8, oid::NUMERIC) => format!("rounded to {to}"),
        (oid::TIMESTAMP | oid::TIMESTAMPTZ, oid::DATE) => "without its time of day".to_owned(),
        (oid::TIMESTAMPTZ, oid::TIMESTAMP) => "in UTC, without its zone".to_owned(),
        (oid::TIMESTAMP, oid::TIMESTAMPTZ) => "taken as UTC".to_owned(),
        (oid::DATE, oid::TIMESTAMP) => "refused where it is beyond a timestamp".to_owned(),
        (oid::JSON, oid::JSONB) => {
            "without its blanks, the order of its keys and repeated keys".to_owned()
        }
        _ => return None,
    };
    let reason = format!("some {from} cannot be kept as {to}");
    Some(lossy(how, reason, from))
}

/// The types are the same: only their modifiers may differ.
fn assign_same_type(from: &PgType, to: &PgType) -> Assignment {
    let exact = Assignment::Exact { same_binary: true };
    if let Some(assignment) = assign_parts(from, to) {
        return assignment;
    }
    if let (TypeKind::Enum(from_labels), TypeKind::Enum(to_labels)) = (&from.kind, &to.kind)
        && let Some(missing) = from_labels.iter().find(|label| !to_labels.contains(label))
    {
        return refused(
            format!("the destination's type {to} has no label '{missing}'"),
            format!(
                "run there: ALTER TYPE {to} ADD VALUE '{}'",
                missing.replace('\'', "''")
            ),
        );
    }
    let narrower = to.typmod != -1
        && from.typmod != to.typmod
        && match to.oid {
            oid::NUMERIC => !numeric_fits(from.typmod, to.typmod),
            oid::VARCHAR | oid::VARBIT => length_of(from)
                .zip(length_of(to))
                .is_some_and(|(from, to)| from > to),
            oid::BPCHAR | oid::BIT => length_of(from) != length_of(to),
            // Fractional digits of a second, or an interval's fields: unlimited, or more, is wider.
            oid::TIME | oid::TIMESTAMP | oid::TIMESTAMPTZ | TIMETZ => {
                from.typmod == -1 || from.typmod > to.typmod
            }
            oid::INTERVAL => true,
            // Modifiers of other types (vector(3), geometry(Point,4326)) are checked by the
            // type's own receive function, which refuses and never changes a value.
            _ => false,
        };
    if !narrower {
        let scale = |typmod| numeric_modifier(typmod).map(|(_, scale)| scale);
        return match scale(to.typmod) {
            Some(digits) if to.oid == oid::NUMERIC && scale(from.typmod) != Some(digits) => {
                converted(
                    &format!("the same number with {digits} digits after the point"),
                    false,
                )
            }
            _ => exact,
        };
    }
    let how = match to.oid {
        oid::VARCHAR | oid::BPCHAR | oid::BIT | oid::VARBIT => format!("cut to {to}"),
        oid::INTERVAL => format!("reduced to {to}"),
        _ => format!("rounded to {to}"),
    };
    lossy(how, format!("{from} does not fit {to}"), from)
}

/// Whether text of any length goes into `varchar(n)`: what is longer is refused.
fn is_limited(from: &PgType, to: &PgType) -> bool {
    to.oid == oid::VARCHAR && length_of(from).is_none() && length_of(to).is_some()
}

/// What becomes of the parts of a value (elements, bounds, fields), if they are not just carried:
/// their modifiers would be applied by the receiving server, which rounds and cuts without a word.
fn assign_parts(from: &PgType, to: &PgType) -> Option<Assignment> {
    let part = |from: &PgType, to: &PgType| match assign(from, to) {
        Assignment::Exact { same_binary: true } => None,
        assignment @ (Assignment::Refused { .. }
        | Assignment::Lossy { .. }
        | Assignment::Converted {
            through_text: false,
            ..
        }) => Some(assignment),
        _ => Some(refused(
            format!("{from} inside a value cannot become {to}"),
            "give both the same type".to_owned(),
        )),
    };
    match (&from.kind, &to.kind) {
        (TypeKind::Array(from), TypeKind::Array(to))
        | (TypeKind::Range(from), TypeKind::Range(to))
        | (TypeKind::Multirange(from), TypeKind::Multirange(to)) => part(from, to),
        (TypeKind::Composite(from_fields), TypeKind::Composite(to_fields)) => {
            let names = |fields: &[(String, PgType)]| {
                let names = fields.iter().map(|(name, _)| name.clone());
                names.collect::<Vec<_>>()
            };
            if names(from_fields) != names(to_fields) {
                return Some(refused(
                    format!("the destination's type {to} has other fields"),
                    "give both the same fields in the same order".to_owned(),
                ));
            }
            let mut fields = from_fields.iter().zip(to_fields);
            fields.find_map(|((name, from), (_, to))| Some(in_field(name, part(from, to)?)))
        }
        _ => None,
    }
}

/// What is said of one field, with its name.
fn in_field(name: &str, assignment: Assignment) -> Assignment {
    let named = |text: String| format!("field {name:?}: {text}");
    match assignment {
        Assignment::Refused { reason, hint } => Assignment::Refused {
            reason: named(reason),
            hint,
        },
        Assignment::Lossy { how, reason, hint } => Assignment::Lossy {
            how,
            reason: named(reason),
            hint,
        },
        Assignment::Converted { how, through_text } => Assignment::Converted {
            how: named(how),
            through_text,
        },
        exact @ Assignment::Exact { .. } => exact,
    }
}

/// Whether reading text as `to` could cut or round it: an explicit cast does, by the modifier.
fn cuts_text(to: &PgType) -> bool {
    match &to.kind {
        TypeKind::Array(element) => cuts_text(element.without_domains()),
        _ => match to.oid {
            oid::NUMERIC | oid::CHAR | MONEY => true,
            oid::BIT | oid::VARBIT | oid::VARCHAR | oid::BPCHAR | TIMETZ => to.typmod != -1,
            _ => false,
        },
    }
}

/// `pg_type.oid` of `money`.
const MONEY: u32 = 790;

/// `pg_type.oid` of `time with time zone`.
const TIMETZ: u32 = 1266;

/// Whether every value of `from` is a value of the wider type `to`.
fn widens(from: &PgType, to: &PgType) -> bool {
    match (from.oid, to.oid) {
        (oid::INT2, oid::INT4 | oid::INT8 | oid::FLOAT4 | oid::FLOAT8) => true,
        (oid::INT4, oid::INT8 | oid::FLOAT8) => true,
        (oid::FLOAT4, oid::FLOAT8) => true,
        (oid::DATE, oid::TIMESTAMP) => false,
        (oid::INT2, oid::NUMERIC) => holds_integers(to, 5),
        (oid::INT4, oid::NUMERIC) => holds_integers(to, 10),
        (oid::INT8, oid::NUMERIC) => holds_integers(to, 19),
        _ => false,
    }
}

/// Whether a numeric column holds every integer of so many digits.
fn holds_integers(numeric: &PgType, digits: i32) -> bool {
    numeric_modifier(numeric.typmod)
        .is_none_or(|(precision, scale)| scale >= 0 && precision - scale >= digits)
}

/// Whether every value of `numeric` with modifier `from` is one with modifier `to`.
fn numeric_fits(from: i32, to: i32) -> bool {
    let Some((to_precision, to_scale)) = numeric_modifier(to) else {
        return true;
    };
    numeric_modifier(from).is_some_and(|(precision, scale)| {
        scale <= to_scale && precision - scale <= to_precision - to_scale
    })
}

fn is_text(pg_type: &PgType) -> bool {
    matches!(
        pg_type.oid,
        oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME
    )
}

/// Characters or bits that the column holds; `None` if it is not limited.
pub(crate) fn length_of(pg_type: &PgType) -> Option<i32> {
    match pg_type.oid {
        // The modifier of character types counts a header of 4 bytes.
        oid::VARCHAR | oid::BPCHAR => (pg_type.typmod >= 4).then(|| pg_type.typmod - 4),
        oid::BIT | oid::VARBIT => (pg_type.typmod >= 0).then_some(pg_type.typmod),
        oid::NAME => Some(63),
        _ => None,
    }
}

fn converted(how: &str, through_text: bool) -> Assignment {
    Assignment::Converted {
        how: how.to_owned(),
        through_text,
    }
}

fn refused(reason: String, hint: String) -> Assignment {
    Assignment::Refused { reason, hint }
}

fn lossy(how: String, reason: String, from: &PgType) -> Assignment {
    Assignment::Lossy {
        hint: format!(
            "change the destination column to {from}, cast it in the transform, or allow the loss \
             for this column (allow: lossy): it would be {how}"
        ),
        how,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_type_is_exact() {
        check(&numeric(12, 2), &numeric(12, 2), "exact");
        check(&varchar(10), &varchar(10), "exact");
    }

    #[test]
    fn a_wider_modifier_is_exact() {
        check(&numeric(12, 2), &numeric(14, 2), "exact");
        check(&numeric(12, 2), &numeric(14, 3), "converted");
        check(&varchar(10), &varchar(20), "exact");
    }

    #[test]
    fn a_narrower_modifier_is_refused() {
        check(&numeric(12, 2), &numeric(12, 3), "lossy");
        check(&numeric(12, 2), &numeric(12, 1), "lossy");
        check(&varchar(20), &varchar(10), "lossy");
        check(
            &builtin(oid::TIMESTAMP),
            &modified(oid::TIMESTAMP, 0),
            "lossy",
        );
    }

    #[test]
    fn numeric_without_precision_does_not_fit_one_with() {
        check(&builtin(oid::NUMERIC), &numeric(38, 9), "lossy");
        check(&numeric(38, 9), &builtin(oid::NUMERIC), "exact");
    }

    #[test]
    fn integers_widen_and_never_narrow() {
        check(&builtin(oid::INT4), &builtin(oid::INT8), "exact");
        check(&builtin(oid::INT8), &builtin(oid::INT4), "lossy");
        check(&builtin(oid::INT8), &numeric(19, 0), "exact");
        check(&builtin(oid::INT8), &numeric(18, 0), "lossy");
    }

    #[test]
    fn anything_has_a_text_form() {
        check(&builtin(oid::UUID), &builtin(oid::TEXT), "converted");
        check(&builtin(oid::DATE), &varchar(40), "converted");
    }

    #[test]
    fn text_is_read_as_types_that_sql_here_cannot_compute() {
        check(&builtin(oid::TEXT), &builtin(oid::JSONB), "converted");
        check(&builtin(oid::TEXT), &builtin(oid::INT4), "refused");
    }

    #[test]
    fn a_missing_enum_label_is_refused() {
        let labels = |labels: &[&str]| PgType {
            kind: TypeKind::Enum(labels.iter().map(|&label| label.to_owned()).collect()),
            schema: "public".into(),
            ..PgType::builtin(20_000, "mood", "public.mood")
        };
        check(&labels(&["a", "b"]), &labels(&["b", "a", "c"]), "exact");
        check(&labels(&["a", "d"]), &labels(&["a"]), "refused");
    }

    fn check(from: &PgType, to: &PgType, expected: &str) {
        let found = match assign(from, to) {
            Assignment::Exact { .. } => "exact",
            Assignment::Converted { .. } => "converted",
            Assignment::Lossy { .. } => "lossy",
            Assignment::Refused { .. } => "refused",
        };
        assert_eq!(found, expected, "{from:?} to {to:?}");
    }

    fn builtin(oid: u32) -> PgType {
        modified(oid, -1)
    }

    fn modified(oid: u32, typmod: i32) -> PgType {
        PgType {
            typmod,
            ..PgType::builtin(oid, &oid.to_string(), &oid.to_string())
        }
    }

    fn varchar(length: i32) -> PgType {
        modified(oid::VARCHAR, length + 4)
    }

    fn numeric(precision: i32, scale: i32) -> PgType {
        modified(oid::NUMERIC, (precision << 16 | scale) + 4)
    }
}
