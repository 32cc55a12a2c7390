//! Columns of the source as the planner sees them.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{DataType, Field};

use towpath_engine::table::Column;
use towpath_engine::types::{PgType, TYPE_KEY, TypeKind, native_type, oid};

use super::declared;
use super::types::{ENUM, OPAQUE};

/// Metadata key of a field: the collation by which its text is ordered, if it is not the default one.
const COLLATION_KEY: &str = "towpath.collation";

/// The collation of bytes, under any of its names.
const C: &str = "C";

/// Metadata key of a field that holds rows, whose `IS NULL` asks for each of their fields.
const ROW_KEY: &str = "towpath.row";

/// Metadata key of a field whose type is an enum: its labels.
const LABELS_KEY: &str = "towpath.labels";

/// Between two labels.
const LABEL_END: &str = "\u{1}";

/// Metadata key of a field whose type is a domain.
const DOMAIN_KEY: &str = "towpath.domain";

/// The field of `column` while the SQL is planned.
///
/// Types without an Arrow type of their own become string types that nothing else has, so that
/// no function takes them by accident.
pub(crate) fn field(column: &Column) -> Field {
    let mut metadata = HashMap::from([(TYPE_KEY.to_owned(), column.pg_type.sql.clone())]);
    let declaration = declared::of_column(&column.pg_type);
    metadata.extend(declared::metadata(declaration.as_deref()));
    if let Some(collation) = &column.collation {
        let name = if is_c(collation) { C } else { collation };
        metadata.insert(COLLATION_KEY.to_owned(), name.to_owned());
    }
    if matches!(column.pg_type.kind, TypeKind::Domain(_)) {
        metadata.insert(DOMAIN_KEY.to_owned(), String::new());
    }
    if let TypeKind::Enum(labels) = &column.pg_type.kind {
        metadata.insert(LABELS_KEY.to_owned(), labels.join(LABEL_END));
    }
    let is_row = matches!(
        column.pg_type.without_domains().kind,
        TypeKind::Composite(_)
    );
    if is_row {
        metadata.insert(ROW_KEY.to_owned(), String::new());
    }
    // Texts that are equal and not the same are told apart by the source only.
    let data_type = match column.nondeterministic {
        true => OPAQUE,
        false => planned_type(&column.pg_type),
    };
    Field::new(&column.name, data_type, column.nullable || is_row).with_metadata(metadata)
}

/// Whether `field` is a column of a domain, whose casts to the type below change its type only.
pub(crate) fn is_domain(field: &Field) -> bool {
    field.metadata().contains_key(DOMAIN_KEY)
}

/// Whether `source_type` is a time with a precision, or an interval with fields, of its own.
pub(crate) fn has_precision_of_time(source_type: &str) -> bool {
    let prefixes = ["timestamp(", "time(", "interval(", "interval "];
    prefixes
        .iter()
        .any(|prefix| source_type.starts_with(prefix))
}

/// Whether `text` is a label of the enum that `field` holds; `None` if it holds none.
pub(crate) fn has_label(field: &Field, text: &str) -> Option<bool> {
    let labels = field.metadata().get(LABELS_KEY)?;
    Some(labels.split(LABEL_END).any(|label| label == text))
}

/// Whether `field` holds rows.
pub(crate) fn holds_rows(field: &Field) -> bool {
    field.metadata().contains_key(ROW_KEY)
}

/// Its Arrow type while the SQL is planned.
pub(crate) fn planned_type(pg_type: &PgType) -> DataType {
    let base = pg_type.without_domains();
    match native_type(base) {
        Some(native) => native,
        // An enum's domain has no operators: PostgreSQL compares it with constants only.
        None if matches!(pg_type.kind, TypeKind::Enum(_)) => ENUM,
        // Their text is equal where they are: a char's has no trailing blanks, which come back with its
        // length; one without length keeps those that it has.
        None if base.oid == oid::BPCHAR && base.typmod == -1 => OPAQUE,
        None if [oid::UUID, oid::BPCHAR].contains(&base.oid) => ENUM,
        None => OPAQUE,
    }
}

/// Whether the text of `field` is ordered by its bytes at the source, as it is here.
pub(crate) fn is_in_c(field: &Field) -> bool {
    collation(field) == Some(C)
}

/// The collation of `field`, if it is not the default one.
pub(crate) fn collation(field: &Field) -> Option<&str> {
    field.metadata().get(COLLATION_KEY).map(|name| &**name)
}

/// The column's type at the source, if `field` is a column.
pub(crate) fn source_type(field: &Field) -> Option<&str> {
    field.metadata().get(TYPE_KEY).map(|sql| &**sql)
}

/// Whether the column's own collation is the one of bytes.
pub(crate) fn is_collated_c(column: &Column) -> bool {
    column.collation.as_deref().is_some_and(is_c)
}

/// Whether `collation`, quoted and perhaps qualified, is the one of bytes.
fn is_c(collation: &str) -> bool {
    let name = collation.rsplit('.').next().unwrap_or(collation);
    matches!(name.trim_matches('"'), "C" | "POSIX" | "ucs_basic")
}
