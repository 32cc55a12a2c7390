//! PostgreSQL types, their Arrow forms, and which may be assigned to which.

mod assign;
mod native;
mod scan_column;
mod version;

use std::fmt;
use std::sync::Arc;

pub(crate) use assign::length_of;
pub use assign::{Assignment, assign};
pub use native::{UNCONSTRAINED_NUMERIC, native_type, pg_type_of};
pub use scan_column::{REPRESENTATION_KEY, ScanColumn, TYPE_KEY};
pub use version::{Gap, Versions, has_part};

/// OIDs of built-in types: the same in every database.
///
/// Source: PostgreSQL, `src/include/catalog/pg_type.dat`.
#[allow(missing_docs, reason = "each constant is the type of its name")]
pub mod oid {
    pub const BOOL: u32 = 16;
    pub const BYTEA: u32 = 17;
    pub const CHAR: u32 = 18;
    pub const NAME: u32 = 19;
    pub const INT8: u32 = 20;
    pub const INT2: u32 = 21;
    pub const INT4: u32 = 23;
    pub const TEXT: u32 = 25;
    pub const OID: u32 = 26;
    pub const JSON: u32 = 114;
    pub const XML: u32 = 142;
    pub const FLOAT4: u32 = 700;
    pub const FLOAT8: u32 = 701;
    pub const BPCHAR: u32 = 1042;
    pub const VARCHAR: u32 = 1043;
    pub const DATE: u32 = 1082;
    pub const TIME: u32 = 1083;
    pub const TIMESTAMP: u32 = 1114;
    pub const TIMESTAMPTZ: u32 = 1184;
    pub const INTERVAL: u32 = 1186;
    pub const BIT: u32 = 1560;
    pub const VARBIT: u32 = 1562;
    pub const NUMERIC: u32 = 1700;
    pub const UUID: u32 = 2950;
    pub const JSONB: u32 = 3802;
}

/// OIDs below this one are assigned by hand and equal in every database.
///
/// Source: PostgreSQL documentation, "System Catalog Initial Data", OID assignment
/// (`FirstGenbkiObjectId` is 10000).
const FIRST_LOCAL_OID: u32 = 10_000;

/// A type as one server's catalogue describes it, with the modifier of one column.
#[derive(Clone, PartialEq, Eq)]
pub struct PgType {
    /// `pg_type.oid`, of that server only if it is 10000 or more.
    pub oid: u32,
    /// `pg_attribute.atttypmod`; −1 if there is none.
    pub typmod: i32,
    /// What `format_type(oid, typmod)` gives under an empty `search_path`.
    pub sql: String,
    /// `pg_namespace.nspname` of the type.
    pub schema: String,
    /// `pg_type.typname`.
    pub name: String,
    /// What it is made of.
    pub kind: TypeKind,
    /// Whether it has binary send and receive functions.
    pub has_binary: bool,
    /// The extension that it belongs to.
    pub extension: Option<Extension>,
}

/// An installed extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// `pg_extension.extname`.
    pub name: String,
    /// `pg_extension.extversion`.
    pub version: String,
    /// The schema that it was created in.
    pub schema: String,
}

/// What a type is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// A base type: built in, or of an extension.
    Base,
    /// An enum, with its labels in order.
    Enum(Vec<String>),
    /// A (true) array of the element type.
    Array(Arc<PgType>),
    /// A domain over another type.
    Domain(Arc<PgType>),
    /// A row type: its fields in order, without dropped ones.
    Composite(Vec<(String, PgType)>),
    /// A range over the subtype.
    Range(Arc<PgType>),
    /// A multirange, with its range type.
    Multirange(Arc<PgType>),
    /// A pseudo-type (`record`, `void`, …): it has no stored values.
    Pseudo,
}

impl PgType {
    /// The built-in base type `name`, without modifier.
    pub fn builtin(oid: u32, name: &str, sql: &str) -> Self {
        Self {
            oid,
            typmod: -1,
            sql: sql.to_owned(),
            schema: "pg_catalog".to_owned(),
            name: name.to_owned(),
            kind: TypeKind::Base,
            has_binary: true,
            extension: None,
        }
    }

    /// The type under all domains, which has the same values and the same bytes.
    pub fn without_domains(&self) -> &Self {
        match &self.kind {
            TypeKind::Domain(base) => base.without_domains(),
            _ => self,
        }
    }

    /// Whether both name the same type, modifiers aside; they may be of two servers.
    pub fn is_same_type(&self, other: &Self) -> bool {
        if self.oid < FIRST_LOCAL_OID || other.oid < FIRST_LOCAL_OID {
            return self.oid == other.oid;
        }
        match (&self.kind, &other.kind) {
            (TypeKind::Array(a), TypeKind::Array(b)) => a.is_same_type(b),
            // An extension may be installed in any schema.
            _ => {
                let is_same_place = match (&self.extension, &other.extension) {
                    (Some(a), Some(b)) => a.name == b.name,
                    (None, None) => self.schema == other.schema,
                    _ => false,
                };
                is_same_place && self.name == other.name
            }
        }
    }

    /// Whether values hold OIDs of that database as data, so that only their text is portable.
    pub fn is_oid_alias(&self) -> bool {
        match &self.kind {
            TypeKind::Base => self.schema == "pg_catalog" && OID_ALIASES.contains(&&*self.name),
            TypeKind::Array(inner) | TypeKind::Domain(inner) => inner.is_oid_alias(),
            TypeKind::Range(inner) | TypeKind::Multirange(inner) => inner.is_oid_alias(),
            TypeKind::Composite(fields) => fields.iter().any(|(_, field)| field.is_oid_alias()),
            TypeKind::Enum(_) | TypeKind::Pseudo => false,
        }
    }

    /// Whether values that its `=` calls equal are the same bytes, under the default collation.
    pub fn equal_is_same(&self) -> bool {
        let base = self.without_domains();
        matches!(base.kind, TypeKind::Enum(_)) || SAME_IF_EQUAL.contains(&base.oid)
    }

    /// Whether its binary form may hold type OIDs that another database numbers differently.
    pub fn embeds_local_oids(&self) -> bool {
        match &self.kind {
            TypeKind::Base | TypeKind::Enum(_) | TypeKind::Pseudo => false,
            TypeKind::Array(inner) => inner.oid >= FIRST_LOCAL_OID || inner.embeds_local_oids(),
            TypeKind::Domain(inner) | TypeKind::Range(inner) | TypeKind::Multirange(inner) => {
                inner.embeds_local_oids()
            }
            TypeKind::Composite(_) => true,
        }
    }

    /// The types that it is made of; a multirange's is its range.
    pub fn parts(&self) -> Vec<&Self> {
        match &self.kind {
            TypeKind::Base | TypeKind::Enum(_) | TypeKind::Pseudo => Vec::new(),
            TypeKind::Array(inner)
            | TypeKind::Domain(inner)
            | TypeKind::Range(inner)
            | TypeKind::Multirange(inner) => vec![inner],
            TypeKind::Composite(fields) => fields.iter().map(|(_, field)| field).collect(),
        }
    }

    /// Whether databases define it for themselves, or get it from an extension.
    pub fn is_local(&self) -> bool {
        self.oid >= FIRST_LOCAL_OID
    }

    /// The same type with every label that enums inside `other`, which is built alike, have.
    pub fn with_labels_of(&self, other: &Self) -> Self {
        let inner = |a: &Arc<Self>, b: &Arc<Self>| Arc::new(a.with_labels_of(b));
        let kind = match (&self.kind, &other.kind) {
            (TypeKind::Enum(labels), TypeKind::Enum(more)) => {
                let added = more.iter().filter(|label| !labels.contains(label));
                TypeKind::Enum(labels.iter().chain(added).cloned().collect())
            }
            (TypeKind::Array(a), TypeKind::Array(b)) => TypeKind::Array(inner(a, b)),
            (TypeKind::Domain(a), TypeKind::Domain(b)) => TypeKind::Domain(inner(a, b)),
            (TypeKind::Range(a), TypeKind::Range(b)) => TypeKind::Range(inner(a, b)),
            (TypeKind::Multirange(a), TypeKind::Multirange(b)) => TypeKind::Multirange(inner(a, b)),
            (TypeKind::Composite(a), TypeKind::Composite(b)) if a.len() == b.len() => {
                let fields = a.iter().zip(b);
                let fields = fields.map(|((name, a), (_, b))| (name.clone(), a.with_labels_of(b)));
                TypeKind::Composite(fields.collect())
            }
            (kind, _) => kind.clone(),
        };
        Self {
            kind,
            ..self.clone()
        }
    }

    /// Whether no value can be written into a column of this type: its input and receive functions
    /// refuse whatever they are given.
    ///
    /// Source: PostgreSQL, `src/backend/utils/adt/pseudotypes.c` and its users.
    pub fn takes_no_input(&self) -> bool {
        self.schema == "pg_catalog" && TAKE_NO_INPUT.contains(&&*self.name)
    }

    /// Whether its binary form can be carried to another database, OIDs inside being rewritten.
    pub fn is_portable_in_binary(&self) -> bool {
        self.has_binary
            && !self.is_oid_alias()
            && !LOSSY_BINARY.contains(&self.oid)
            && !matches!(self.kind, TypeKind::Pseudo)
            && self.parts().into_iter().all(Self::is_portable_in_binary)
    }
}

/// Types whose equal values have equal bytes: not numeric (`1.0`, `1.00`), floats (`0`, `-0`), char(n)
/// or those of extensions, of which nothing is known.
const SAME_IF_EQUAL: [u32; 14] = [
    oid::BOOL,
    oid::BYTEA,
    oid::DATE,
    oid::INT2,
    oid::INT4,
    oid::INT8,
    oid::NAME,
    oid::OID,
    oid::TEXT,
    oid::TIME,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::UUID,
    oid::VARCHAR,
];

/// Types whose receive functions do not take all that their send functions write: `int2vector`,
/// `oidvector` and `tsquery` refuse an empty one, and `xml` goes without its declaration.
///
/// Source: PostgreSQL, `int2vectorrecv` in `src/backend/utils/adt/int.c`, `tsqueryrecv` in
/// `tsquery.c` and `xml_send` in `xml.c`.
const LOSSY_BINARY: [u32; 4] = [22, 30, 3615, oid::XML];

/// Types of PostgreSQL's own catalogues and indexes that only the server itself writes.
const TAKE_NO_INPUT: [&str; 7] = [
    "gtsvector",
    "pg_brin_bloom_summary",
    "pg_brin_minmax_multi_summary",
    "pg_dependencies",
    "pg_mcv_list",
    "pg_ndistinct",
    "pg_node_tree",
];

/// Types whose values are OIDs, and which have a text form by name.
const OID_ALIASES: [&str; 12] = [
    "regclass",
    "regcollation",
    "regconfig",
    "regdatabase",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl fmt::Debug for PgType {
    /// Its SQL and OID: the whole tree of a composite type would drown what is printed around it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (oid {}, typmod {})", self.sql, self.oid, self.typmod)
    }
}

/// How the values of one column travel; see "Column representations" in the crate's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Representation {
    /// As the Arrow type that holds every value exactly.
    Native,
    /// As PostgreSQL's own binary form, in an Arrow binary column.
    Wire,
    /// As PostgreSQL's own text form, in an Arrow string column.
    Text,
}

impl fmt::Display for Representation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Native => "native",
            Self::Wire => "wire",
            Self::Text => "text",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_of_a_user_type_embeds_its_oid() {
        let mood = local("mood", TypeKind::Enum(vec!["ok".into()]));
        assert!(!mood.embeds_local_oids());
        assert!(local("_mood", TypeKind::Array(Arc::new(mood))).embeds_local_oids());
    }

    #[test]
    fn an_array_of_a_built_in_type_embeds_no_local_oid() {
        let int4 = PgType::builtin(oid::INT4, "int4", "integer");
        let array = PgType {
            kind: TypeKind::Array(Arc::new(int4)),
            ..PgType::builtin(1007, "_int4", "integer[]")
        };
        assert!(!array.embeds_local_oids());
        assert!(array.is_portable_in_binary());
    }

    #[test]
    fn an_oid_alias_is_not_portable_in_binary() {
        assert!(!PgType::builtin(2205, "regclass", "regclass").is_portable_in_binary());
    }

    #[test]
    fn user_types_of_two_servers_are_the_same_by_name() {
        let here = local("mood", TypeKind::Enum(vec![]));
        let there = PgType {
            oid: 99_999,
            ..here.clone()
        };
        assert!(here.is_same_type(&there));
        assert!(!here.is_same_type(&PgType {
            schema: "other".into(),
            ..there
        }));
    }

    fn local(name: &str, kind: TypeKind) -> PgType {
        PgType {
            oid: 16_400,
            typmod: -1,
            sql: format!("public.{name}"),
            schema: "public".into(),
            name: name.into(),
            kind,
            has_binary: true,
            extension: None,
        }
    }
}
