//! One column as it is read: which, and in what representation.

use std::collections::HashMap;

use arrow_schema::{DataType, Field};

use super::{PgType, Representation, native_type};

/// Metadata key of a field: the column's PostgreSQL type, as `format_type` writes it.
pub const TYPE_KEY: &str = "towpath.type";

/// Metadata key of a field: `native`, `wire` or `text`.
pub const REPRESENTATION_KEY: &str = "towpath.representation";

/// One column of a scan: which, and in what representation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanColumn {
    /// The column's name at the source.
    pub column: String,
    /// The field's name in the batches: the column's own, unless one column is read twice.
    pub field_name: String,
    /// The column's type at the source.
    pub pg_type: PgType,
    /// How its values travel.
    pub representation: Representation,
    /// Whether NULL may occur.
    pub nullable: bool,
}

impl ScanColumn {
    /// The Arrow type of its field: the exact one, binary for wire, utf8 for text.
    pub fn data_type(&self) -> DataType {
        match self.representation {
            Representation::Native => native_type(&self.pg_type).unwrap_or(DataType::Utf8),
            Representation::Wire => DataType::Binary,
            Representation::Text => DataType::Utf8,
        }
    }

    /// Its field, with type and representation in the metadata.
    pub fn field(&self) -> Field {
        Field::new(&self.field_name, self.data_type(), self.nullable).with_metadata(HashMap::from(
            [
                (TYPE_KEY.to_owned(), self.pg_type.sql.clone()),
                (
                    REPRESENTATION_KEY.to_owned(),
                    self.representation.to_string(),
                ),
            ],
        ))
    }
}
