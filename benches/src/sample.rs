//! One batch, and the columns it came from.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{Schema, SchemaRef};
use towpath_engine::decode::{BatchLimits, CopyDecoder};
use towpath_engine::encode::{ColumnEncoding, CopyEncoder};
use towpath_engine::table::{Column, Table, TableKind, TableName, UniqueIndex};
use towpath_engine::types::{PgType, Representation, ScanColumn, native_type};
use towpath_engine::{Error, ErrorKind, Result};

/// Rows of one table as a source would give them.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The table's name.
    pub name: &'static str,
    /// Its columns, in the representation that `batch` has them in.
    pub columns: Vec<ScanColumn>,
    /// Its rows.
    pub batch: RecordBatch,
}

impl Sample {
    /// A sample of these columns: native where there is an Arrow type, else the bytes of the wire.
    pub(crate) fn new(name: &'static str, columns: Vec<(&str, PgType, ArrayRef)>) -> Result<Self> {
        let (columns, arrays): (Vec<_>, Vec<_>) = columns
            .into_iter()
            .map(|(column, pg_type, array)| {
                let representation = match native_type(&pg_type) {
                    Some(_) => Representation::Native,
                    None => Representation::Wire,
                };
                let column = ScanColumn {
                    column: column.to_owned(),
                    field_name: column.to_owned(),
                    pg_type,
                    representation,
                    nullable: array.null_count() > 0,
                };
                (column, array)
            })
            .unzip();
        let batch = RecordBatch::try_new(schema(&columns), arrays).map_err(|err| {
            Error::new(ErrorKind::Internal, "generated columns do not make a batch")
                .with_source(err)
        })?;
        Ok(Self {
            name,
            columns,
            batch,
        })
    }

    /// How many rows it has.
    pub fn row_count(&self) -> usize {
        self.batch.num_rows()
    }

    /// The COPY stream that PostgreSQL would send for these rows.
    ///
    /// # Errors
    /// None, unless the engine is wrong.
    pub fn stream(&self) -> Result<Vec<u8>> {
        let mut encoder = CopyEncoder::new(self.encodings()?);
        let mut out = Vec::new();
        CopyEncoder::header(&mut out);
        encoder.encode(&self.batch, &mut out)?;
        CopyEncoder::trailer(&mut out);
        Ok(out)
    }

    /// How each column is written into one of its own type.
    ///
    /// # Errors
    /// None, unless the engine is wrong.
    pub fn encodings(&self) -> Result<Vec<ColumnEncoding>> {
        self.columns
            .iter()
            .map(|column| {
                let data_type = column.data_type();
                let from = (&column.pg_type, column.representation, &data_type);
                ColumnEncoding::new(&column.column, from, &column.pg_type)
            })
            .collect()
    }

    /// A decoder of its stream.
    pub fn decoder(&self, limits: BatchLimits) -> CopyDecoder {
        CopyDecoder::new(self.columns.clone(), schema(&self.columns), limits)
    }

    /// The same rows with every column as bytes of the wire.
    ///
    /// # Errors
    /// None, unless the engine is wrong.
    pub fn wire(&self) -> Result<Self> {
        let columns = self.columns.iter().cloned().map(|column| ScanColumn {
            representation: Representation::Wire,
            ..column
        });
        self.in_columns(columns.collect())
    }

    /// The same rows with these columns, which are some of its own in any representation; one may
    /// come twice.
    ///
    /// Text is right only for types whose text is what they send: strings.
    ///
    /// # Errors
    /// `Schema`, if it has no such column.
    pub fn in_columns(&self, columns: Vec<ScanColumn>) -> Result<Self> {
        let places = columns
            .iter()
            .map(|column| self.place(&column.column))
            .collect::<Result<Vec<_>>>()?;
        let own = Self {
            name: self.name,
            columns: places.iter().map(|&at| self.columns[at].clone()).collect(),
            batch: self.batch.project(&places).map_err(|err| {
                Error::new(ErrorKind::Internal, "a sample cannot be projected").with_source(err)
            })?,
        };
        let everything = BatchLimits {
            rows: usize::MAX,
            bytes: usize::MAX,
        };
        let mut decoder = CopyDecoder::new(columns.clone(), schema(&columns), everything);
        decoder.push(&own.stream()?);
        let batch = decoder
            .finish()?
            .unwrap_or_else(|| RecordBatch::new_empty(schema(&columns)));
        Ok(Self {
            name: self.name,
            columns,
            batch,
        })
    }

    /// The table it could come from, with its first columns as primary key.
    pub fn table(&self, key: &[&str]) -> Table {
        let columns = self.columns.iter().map(|column| Column {
            name: column.column.clone(),
            pg_type: column.pg_type.clone(),
            nullable: column.nullable,
            has_default: false,
            identity: None,
            generated: false,
            collation: None,
            nondeterministic: false,
        });
        let key = UniqueIndex {
            name: format!("{}_pkey", self.name),
            columns: key.iter().map(|&name| Some(name.to_owned())).collect(),
            primary: true,
            deferrable: false,
            partial: false,
            nulls_equal: false,
        };
        Table {
            oid: 20_000,
            name: TableName::new("public", self.name),
            kind: TableKind::Table,
            columns: columns.collect(),
            unreadable: Vec::new(),
            unique_indexes: vec![key],
            pages: 0,
            size_bytes: 0,
            estimated_rows: None,
            has_ctid: true,
            referenced_columns: Vec::new(),
            has_inheritors: false,
            is_populated: true,
            rules: Vec::new(),
            row_triggers: Vec::new(),
            needs_one_statement: false,
            row_security: false,
            has_ascii_case: false,
        }
    }

    fn place(&self, name: &str) -> Result<usize> {
        let found = self.columns.iter().position(|column| column.column == name);
        found.ok_or_else(|| {
            let message = format!("sample {} has no column {name:?}", self.name);
            Error::new(ErrorKind::Schema, message)
        })
    }
}

fn schema(columns: &[ScanColumn]) -> SchemaRef {
    let fields: Vec<_> = columns.iter().map(ScanColumn::field).collect();
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{events, lineitem};

    #[test]
    fn a_stream_round_trips_in_both_representations() {
        for sample in [lineitem(300).unwrap(), events(300).unwrap()] {
            let wire = sample.wire().unwrap();
            assert_eq!(wire.stream().unwrap(), sample.stream().unwrap());
            let native = wire.in_columns(sample.columns.clone()).unwrap();
            assert_eq!(native.batch, sample.batch);
        }
    }

    #[test]
    fn a_column_may_come_twice() {
        let sample = lineitem(10).unwrap();
        let key = sample.columns[0].clone();
        let carried = ScanColumn {
            field_name: "again".into(),
            representation: Representation::Wire,
            ..key.clone()
        };
        let twice = sample.in_columns(vec![key, carried]).unwrap();
        assert_eq!(twice.batch.num_columns(), 2);
    }

    #[test]
    fn an_unknown_column_is_refused() {
        let mut column = lineitem(1).unwrap().columns[0].clone();
        column.column = "l_nothing".into();
        assert!(lineitem(1).unwrap().in_columns(vec![column]).is_err());
    }
}
