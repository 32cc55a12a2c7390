//! Types and what they are made of.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{Connection, query};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{Extension, PgType, TypeKind};

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
    base_sql: String,
    has_binary: bool,
    labels: Vec<String>,
    fields: Vec<FieldRow>,
    /// The subtype of a range, or the range of a multirange.
    subtype: u32,
    extension: Option<Extension>,
}

/// One field of a row type.
struct FieldRow {
    name: String,
    oid: u32,
    typmod: i32,
    sql: String,
}

/// Loads types, and those they are made of.
pub(super) async fn load(client: &Connection, oids: &[u32]) -> Result<TypeMap> {
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
/// An extension's type is found in whatever schema the extension is, and an array type by its
/// element, as its own name is the server's choice. The modifier is that of `pg_type`.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn counterpart(client: &Connection, pg_type: &PgType) -> Result<Option<PgType>> {
    let (named, is_array) = match &pg_type.kind {
        TypeKind::Array(element) => (&**element, true),
        _ => (pg_type, false),
    };
    let sql = include_str!("type_by_name.sql");
    let extension = named.extension.as_ref().map(|extension| &extension.name);
    let parameters: [&(dyn ToSql + Sync); 5] = [
        &named.schema,
        &named.name,
        &extension,
        &is_array,
        &pg_type.typmod,
    ];
    let rows = query(client, sql, &parameters).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let oid: u32 = row.get("oid");
    let types = load(client, &[oid]).await?;
    types.build(oid, pg_type.typmod, row.get("sql")).map(Some)
}

/// The statement that creates the type `oid` of this server in another database, the types it is
/// made of being there; `None` if no statement can.
///
/// `has_multiranges` says whether the other server knows those, as version 14 and later do.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn type_definition(
    client: &Connection,
    oid: u32,
    has_multiranges: bool,
) -> Result<Option<String>> {
    let sql = include_str!("type_definition.sql");
    let rows = query(client, sql, &[&oid, &has_multiranges]).await?;
    Ok(rows.first().and_then(|row| row.get("statement")))
}

/// What a database can do with an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionState {
    /// It is there.
    Installed,
    /// CREATE EXTENSION would bring it.
    Available,
    /// The server does not have its files.
    Unknown,
}

/// What the database can do with the extension `name`.
///
/// # Errors
/// `Read`, if the server refuses the query.
pub async fn extension_state(client: &Connection, name: &str) -> Result<ExtensionState> {
    let rows = query(client, include_str!("extension.sql"), &[&name]).await?;
    let is = |column: &str| rows.first().is_some_and(|row| row.get(column));
    Ok(match (is("is_installed"), is("is_available")) {
        (true, _) => ExtensionState::Installed,
        (false, true) => ExtensionState::Available,
        (false, false) => ExtensionState::Unknown,
    })
}

impl TypeRow {
    fn new(row: &Row) -> Self {
        let names = row.get::<_, Vec<String>>("field_names").into_iter();
        let oids = row.get::<_, Vec<u32>>("field_oids").into_iter();
        let typmods = row.get::<_, Vec<i32>>("field_typmods").into_iter();
        let sqls = row.get::<_, Vec<String>>("field_sqls").into_iter();
        let fields = names.zip(oids).zip(typmods.zip(sqls));
        let extension: Option<String> = row.get("extension");
        Self {
            schema: row.get("schema"),
            name: row.get("name"),
            sql: row.get("sql"),
            kind: row.get::<_, i8>("kind") as u8,
            element: row.get("element_oid"),
            base: row.get("base_oid"),
            base_typmod: row.get("base_typmod"),
            base_sql: row.get("base_sql"),
            has_binary: row.get("has_binary"),
            labels: row.get("labels"),
            fields: fields
                .map(|((name, oid), (typmod, sql))| FieldRow {
                    name,
                    oid,
                    typmod,
                    sql,
                })
                .collect(),
            subtype: row.get("subtype_oid"),
            extension: extension.map(|name| Extension {
                name,
                version: row.get("extension_version"),
                schema: row.get("extension_schema"),
            }),
        }
    }

    fn references(&self) -> impl Iterator<Item = u32> {
        let fields = self.fields.iter().map(|field| field.oid);
        [self.element, self.base, self.subtype]
            .into_iter()
            .chain(fields)
            .filter(|&oid| oid != 0)
    }
}

impl TypeMap {
    /// The type with this OID and modifier, which SQL calls `sql`.
    pub(super) fn build(&self, oid: u32, typmod: i32, sql: &str) -> Result<PgType> {
        let row = self.rows.get(&oid).ok_or_else(|| {
            Error::new(
                ErrorKind::Read,
                format!("type {oid} is gone from the catalogue"),
            )
            .with_hint("it was dropped while the catalogue was read: run again")
        })?;
        let part = |oid, typmod, sql: &str| self.build(oid, typmod, sql).map(Arc::new);
        let whole = |oid| part(oid, -1, self.rows.get(&oid).map_or("", |row| &row.sql));
        let kind = match row.kind {
            b'b' if row.element != 0 => {
                // The modifier of an array is its elements'.
                let element = sql.strip_suffix("[]").unwrap_or(sql);
                TypeKind::Array(part(row.element, typmod, element)?)
            }
            b'b' => TypeKind::Base,
            b'e' => TypeKind::Enum(row.labels.clone()),
            b'd' => TypeKind::Domain(part(row.base, row.base_typmod, &row.base_sql)?),
            b'r' => TypeKind::Range(whole(row.subtype)?),
            b'm' => TypeKind::Multirange(whole(row.subtype)?),
            b'c' => {
                let fields = row.fields.iter();
                let fields = fields.map(|field| {
                    let pg_type = self.build(field.oid, field.typmod, &field.sql)?;
                    Ok((field.name.clone(), pg_type))
                });
                TypeKind::Composite(fields.collect::<Result<_>>()?)
            }
            _ => TypeKind::Pseudo,
        };
        Ok(PgType {
            oid,
            typmod,
            sql: sql.to_owned(),
            schema: row.schema.clone(),
            name: row.name.clone(),
            has_binary: row.has_binary && parts_have_binary(&kind),
            kind,
            extension: row.extension.clone(),
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
