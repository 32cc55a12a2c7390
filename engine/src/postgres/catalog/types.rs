//! Types and what they are made of.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio_postgres::{Client, Row};

use super::query;
use crate::error::{Error, ErrorKind, Result};
use crate::types::{PgType, TypeKind};

/// Types by OID, with everything they refer to.
pub(super) struct TypeMap {
    rows: HashMap<u32, TypeRow>,
}

struct TypeRow {
    schema: String,
    name: String,
    sql: String,
    kind: u8,
    element: u32,
    base: u32,
    base_typmod: i32,
    has_binary: bool,
    labels: Vec<String>,
    /// Name, type and modifier.
    fields: Vec<(String, u32, i32)>,
    /// The subtype of a range, or the range of a multirange.
    subtype: u32,
}

/// Loads types, and those they are made of.
pub(super) async fn load(client: &Client, oids: &[u32]) -> Result<TypeMap> {
    let mut rows = HashMap::new();
    let mut wanted: HashSet<u32> = oids.iter().copied().collect();
    while !wanted.is_empty() {
        let batch: Vec<u32> = wanted.drain().collect();
        for row in query(client, include_str!("types.sql"), &[&batch]).await? {
            let oid: u32 = row.get("oid");
            let mut row = TypeRow::new(&row);
            if row.kind == b'm' {
                let ranges = query(client, include_str!("multirange.sql"), &[&oid]).await?;
                row.subtype = ranges.first().map_or(0, |range| range.get("range_oid"));
            }
            wanted.extend(row.references());
            rows.insert(oid, row);
        }
        wanted.retain(|oid| !rows.contains_key(oid));
    }
    Ok(TypeMap { rows })
}

/// The type of the same schema and name on another server; `None` if there is none.
///
/// An array type is found by its element, as its own name is the server's choice. The modifier is
/// that of `pg_type`.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn counterpart(client: &Client, pg_type: &PgType) -> Result<Option<PgType>> {
    let (named, is_array) = match &pg_type.kind {
        TypeKind::Array(element) => (&**element, true),
        _ => (pg_type, false),
    };
    let sql = include_str!("type_by_name.sql");
    let rows = query(client, sql, &[&named.schema, &named.name]).await?;
    let oid_column = if is_array { "array_oid" } else { "oid" };
    let oid = rows.first().map_or(0, |row| row.get::<_, u32>(oid_column));
    if oid == 0 {
        return Ok(None);
    }
    let found = load(client, &[oid]).await?.build(oid, pg_type.typmod)?;
    Ok(Some(PgType {
        sql: pg_type.sql.clone(),
        ..found
    }))
}

impl TypeRow {
    fn new(row: &Row) -> Self {
        let field_names: Vec<String> = row.get("field_names");
        let field_oids: Vec<u32> = row.get("field_oids");
        let field_typmods: Vec<i32> = row.get("field_typmods");
        let typed = field_oids.into_iter().zip(field_typmods);
        Self {
            schema: row.get("schema"),
            name: row.get("name"),
            sql: row.get("sql"),
            kind: row.get::<_, i8>("kind") as u8,
            element: row.get("element_oid"),
            base: row.get("base_oid"),
            base_typmod: row.get("base_typmod"),
            has_binary: row.get("has_binary"),
            labels: row.get("labels"),
            fields: field_names
                .into_iter()
                .zip(typed)
                .map(|(name, (oid, typmod))| (name, oid, typmod))
                .collect(),
            subtype: row.get("subtype_oid"),
        }
    }

    fn references(&self) -> impl Iterator<Item = u32> {
        let fields = self.fields.iter().map(|&(_, oid, _)| oid);
        [self.element, self.base, self.subtype]
            .into_iter()
            .chain(fields)
            .filter(|&oid| oid != 0)
    }
}

impl TypeMap {
    /// The type with this OID and modifier.
    pub(super) fn build(&self, oid: u32, typmod: i32) -> Result<PgType> {
        let row = self.rows.get(&oid).ok_or_else(|| {
            Error::new(
                ErrorKind::Read,
                format!("type {oid} is gone from the catalogue"),
            )
            .with_hint("it was dropped while the catalogue was read: run again")
        })?;
        let part = |oid, typmod| self.build(oid, typmod).map(Arc::new);
        let kind = match row.kind {
            b'b' if row.element != 0 => TypeKind::Array(part(row.element, typmod)?),
            b'b' => TypeKind::Base,
            b'e' => TypeKind::Enum(row.labels.clone()),
            b'd' => TypeKind::Domain(part(row.base, row.base_typmod)?),
            b'r' => TypeKind::Range(part(row.subtype, -1)?),
            b'm' => TypeKind::Multirange(part(row.subtype, -1)?),
            b'c' => {
                let fields = row.fields.iter();
                let fields = fields
                    .map(|(name, oid, typmod)| Ok((name.clone(), self.build(*oid, *typmod)?)));
                TypeKind::Composite(fields.collect::<Result<_>>()?)
            }
            _ => TypeKind::Pseudo,
        };
        Ok(PgType {
            oid,
            typmod,
            sql: row.sql.clone(),
            schema: row.schema.clone(),
            name: row.name.clone(),
            has_binary: row.has_binary && parts_have_binary(&kind),
            kind,
        })
    }
}

/// An array, row, range or domain can be sent in binary only if what it holds can.
fn parts_have_binary(kind: &TypeKind) -> bool {
    match kind {
        TypeKind::Base | TypeKind::Enum(_) | TypeKind::Pseudo => true,
        TypeKind::Array(inner)
        | TypeKind::Domain(inner)
        | TypeKind::Range(inner)
        | TypeKind::Multirange(inner) => inner.has_binary,
        TypeKind::Composite(fields) => fields.iter().all(|(_, field)| field.has_binary),
    }
}
