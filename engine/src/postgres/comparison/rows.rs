//! The rows of one side, and what is asked of them.

use super::key::{self, KeyColumn, KeyRange, KeyText};

/// A query with parameters, all of them text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// Values of `$1` and so on.
    pub parameters: Vec<Option<String>>,
}

impl Statement {
    /// A placeholder for `value`.
    pub(super) fn parameter(&mut self, value: &Option<String>) -> String {
        self.parameters.push(value.clone());
        format!("${}::pg_catalog.text", self.parameters.len())
    }
}

impl From<String> for Statement {
    fn from(sql: String) -> Self {
        Self {
            sql,
            parameters: Vec::new(),
        }
    }
}

/// How the columns of a row are brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowForm {
    /// As one value of bytes, which must have less than 1 GB.
    Whole,
    /// As hashes of its columns: slower, and for rows of any size.
    ByColumn,
}

/// What rows are put into buckets by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucketing {
    /// By a hash of the key.
    Key,
    /// By the hash of the whole row.
    Row,
}

/// The rows of one side, and expressions over each of them, called `t`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// An item of FROM, called `t`.
    pub from: String,
    /// What of each column is hashed, in an order that both sides share.
    pub columns: Vec<String>,
    /// What tells rows apart; empty if nothing does.
    pub key: Vec<KeyColumn>,
    /// How columns are brought together, the same on both sides.
    pub form: RowForm,
}

impl Rows {
    /// The query for the number of rows and the sum of their hashes, as those of piece 0.
    pub fn totals(&self) -> Statement {
        Statement::from(grouped(
            "0::pg_catalog.int8",
            &number(&self.hash()),
            &self.from,
        ))
    }

    /// The query for some keys within `range`, each row giving one with probability `share`; in
    /// order.
    pub fn sample(&self, range: &KeyRange, share: f64) -> Statement {
        let mut statement = Statement::default();
        let condition = key::in_ranges(&self.key, std::slice::from_ref(range), &mut statement);
        let columns: Vec<String> = self
            .key
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let sql = column.ordered.as_deref().unwrap_or(&column.identity);
                format!("{sql} AS k{at}")
            })
            .collect();
        let names: Vec<String> = (0..self.key.len()).map(|at| format!("s.k{at}")).collect();
        let texts = names.iter().map(|name| format!("{name}::pg_catalog.text"));
        // The inner query is fenced, or else the condition on random() could move.
        statement.sql = format!(
            "SELECT ARRAY[{}]::pg_catalog.text[] FROM (SELECT {} FROM {} \
             WHERE ({condition}) AND pg_catalog.random() < {share} OFFSET 0) AS s ORDER BY {}",
            texts.collect::<Vec<_>>().join(", "),
            columns.join(", "),
            self.from,
            names.join(", ")
        );
        statement
    }

    /// The query for number and sum of the rows between `boundaries`, which are in order: pieces
    /// are numbered from 0, which is before the first. Only rows in `ranges` count.
    pub fn pieces(&self, boundaries: &[KeyText], ranges: &[KeyRange]) -> Statement {
        let mut statement = Statement::default();
        let piece = key::piece(&self.key, boundaries, &mut statement);
        let condition = key::in_ranges(&self.key, ranges, &mut statement);
        let sum = number(&self.hash());
        statement.sql = grouped(&format!("({piece})::pg_catalog.int8"), &sum, &self.from);
        statement.sql += &format!(" WHERE {condition} GROUP BY 1");
        statement
    }

    /// The query for number and sum of the rows in each of `count` buckets, a power of two.
    pub fn buckets(&self, bucketing: Bucketing, count: u64) -> Statement {
        let bucket = self.bucket(bucketing, count);
        let sql = grouped(&bucket, &number(&self.hash()), &self.from);
        Statement::from(sql + " GROUP BY 1")
    }

    /// The query for key and hash of every row in `ranges`.
    pub fn in_ranges(&self, ranges: &[KeyRange]) -> Statement {
        let mut statement = Statement::default();
        let condition = key::in_ranges(&self.key, ranges, &mut statement);
        statement.sql = format!("{} WHERE {condition}", self.each(&self.hash()));
        statement
    }

    /// The query for key and hash of every row in those of `count` buckets that `numbers` has.
    pub fn in_buckets(&self, bucketing: Bucketing, count: u64, numbers: &[i64]) -> Statement {
        let mut statement = Statement::default();
        let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
        let numbers = statement.parameter(&Some(format!("{{{}}}", numbers.join(","))));
        let bucket = self.bucket(bucketing, count);
        let each = self.each(&self.hash());
        statement.sql = format!("{each} WHERE {bucket} = ANY ({numbers}::pg_catalog.int8[])");
        statement
    }

    /// The query for key and the hashes of all columns of the rows with these `keys`.
    pub fn columns_of(&self, keys: &[KeyText]) -> Statement {
        let mut statement = Statement::default();
        let hashes: Vec<String> = self.columns.iter().map(|sql| hash(&[sql])).collect();
        let hashes = format!("ARRAY[{}]::pg_catalog.bytea[]", hashes.join(", "));
        let is_ordered = self.is_ordered();
        let conditions: Vec<String> = keys
            .iter()
            .map(
                |values| match is_ordered && values.iter().all(Option::is_some) {
                    true => {
                        let values = key::values(&self.key, values, &mut statement);
                        format!("{} = {values}", key::ordered(&self.key))
                    }
                    false => self.is_key(values, &mut statement),
                },
            )
            .collect();
        statement.sql = format!("{} WHERE {}", self.each(&hashes), conditions.join(" OR "));
        statement
    }

    /// Whether both sides have one order of the key, so that ranges of it mean the same.
    pub fn is_ordered(&self) -> bool {
        !self.key.is_empty() && self.key.iter().all(|column| column.ordered.is_some())
    }

    fn is_key(&self, values: &KeyText, statement: &mut Statement) -> String {
        let parts: Vec<String> = self
            .key
            .iter()
            .zip(values)
            .map(|(column, value)| {
                let value = statement.parameter(value);
                format!("{} IS NOT DISTINCT FROM {value}", column.identity)
            })
            .collect();
        format!("({})", parts.join(" AND "))
    }

    fn each(&self, hashes: &str) -> String {
        let key: Vec<&str> = self.key.iter().map(|column| &*column.identity).collect();
        let key = key.join(", ");
        format!(
            "SELECT ARRAY[{key}]::pg_catalog.text[], {hashes} FROM {}",
            self.from
        )
    }

    fn bucket(&self, bucketing: Bucketing, count: u64) -> String {
        let hash = match bucketing {
            Bucketing::Row => self.hash(),
            Bucketing::Key => {
                let key: Vec<&String> = self.key.iter().map(|column| &column.identity).collect();
                hash(&key)
            }
        };
        format!("({} & {})", number(&hash), count - 1)
    }

    /// The hash of a row, 32 bytes.
    fn hash(&self) -> String {
        let columns: Vec<&String> = self.columns.iter().collect();
        match self.form {
            RowForm::Whole => hash(&columns),
            RowForm::ByColumn => {
                let hashes: Vec<String> = columns.iter().map(|sql| hash(&[*sql])).collect();
                hash(&hashes.iter().collect::<Vec<_>>())
            }
        }
    }
}

fn grouped(group: &str, sum: &str, from: &str) -> String {
    format!(
        "SELECT {group}, pg_catalog.count(*), pg_catalog.sum({sum})::pg_catalog.text FROM {from}"
    )
}

/// SHA-256 of values: of their row's binary form, which has the length of each and −1 for NULL.
///
/// It is part of every server, whatever libraries it was built with and whatever they allow (MD5
/// is refused where FIPS rules), and gives the same on every kind of processor, unlike the hash
/// functions of PostgreSQL's own. Hashing a row of 16 columns takes 2.2 µs, of which 0.8 are SHA-256's;
/// sending it by COPY takes 0.9: see benches/runs/2026-11-21-2core-verify/README.md.
///
/// Source: PostgreSQL, `src/backend/utils/adt/rowtypes.c`, `record_send`.
fn hash(values: &[impl AsRef<str>]) -> String {
    let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    format!(
        "pg_catalog.sha256(pg_catalog.record_send(ROW({})))",
        values.join(", ")
    )
}

/// The first 64 bits of a hash.
fn number(hash: &str) -> String {
    format!(
        "('x' || pg_catalog.encode(pg_catalog.substr({hash}, 1, 8), 'hex'))\
         ::pg_catalog.bit(64)::pg_catalog.int8"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::comparison::ComparedColumn;
    use crate::types::{PgType, oid};

    #[test]
    fn totals_sum_the_hashes_of_rows() {
        insta::assert_snapshot!(rows(&[("id", oid::INT4), ("v", oid::JSONB)]).totals().sql, @r#"SELECT 0::pg_catalog.int8, pg_catalog.count(*), pg_catalog.sum(('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.record_send(ROW(t."id", t."v"))), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8)::pg_catalog.text FROM public.t AS t"#);
    }

    #[test]
    fn rows_of_any_size_are_hashed_by_column() {
        let rows = Rows {
            form: RowForm::ByColumn,
            ..rows(&[("id", oid::INT4), ("v", oid::JSONB)])
        };
        insta::assert_snapshot!(rows.totals().sql, @r#"SELECT 0::pg_catalog.int8, pg_catalog.count(*), pg_catalog.sum(('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.record_send(ROW(pg_catalog.sha256(pg_catalog.record_send(ROW(t."id"))), pg_catalog.sha256(pg_catalog.record_send(ROW(t."v")))))), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8)::pg_catalog.text FROM public.t AS t"#);
    }

    #[test]
    fn a_sample_is_in_the_order_of_the_key() {
        let range = KeyRange {
            start: Some(key(&["a", "1"])),
            end: None,
        };
        let statement = rows(&[("name", oid::TEXT), ("id", oid::INT4)]).sample(&range, 0.25);
        insta::assert_snapshot!(statement.sql, @r#"SELECT ARRAY[s.k0::pg_catalog.text, s.k1::pg_catalog.text]::pg_catalog.text[] FROM (SELECT (t."name")::pg_catalog.text COLLATE pg_catalog."C" AS k0, t."id" AS k1 FROM public.t AS t WHERE ((((t."name")::pg_catalog.text COLLATE pg_catalog."C", t."id") >= ($1::pg_catalog.text::pg_catalog.text, $2::pg_catalog.text::"pg_catalog"."23"))) AND pg_catalog.random() < 0.25 OFFSET 0) AS s ORDER BY s.k0, s.k1"#);
        assert_eq!(statement.parameters, key(&["a", "1"]));
    }

    #[test]
    fn pieces_are_found_by_halving() {
        let boundaries = ["3", "5", "8"].map(|id| key(&[id]));
        let range = KeyRange {
            start: None,
            end: Some(key(&["9"])),
        };
        let statement = rows(&[("id", oid::INT4)]).pieces(&boundaries, &[range]);
        insta::assert_snapshot!(statement.sql, @r#"SELECT (CASE WHEN (t."id") < ($1::pg_catalog.text::"pg_catalog"."23") THEN CASE WHEN (t."id") < ($2::pg_catalog.text::"pg_catalog"."23") THEN 0 ELSE 1 END ELSE CASE WHEN (t."id") < ($3::pg_catalog.text::"pg_catalog"."23") THEN 2 ELSE 3 END END)::pg_catalog.int8, pg_catalog.count(*), pg_catalog.sum(('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.record_send(ROW(t."id"))), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8)::pg_catalog.text FROM public.t AS t WHERE ((t."id") < ($4::pg_catalog.text::"pg_catalog"."23")) GROUP BY 1"#);
        assert_eq!(statement.parameters, key(&["5", "3", "8", "9"]));
    }

    #[test]
    fn buckets_are_the_last_bits_of_a_hash() {
        let rows = rows(&[("id", oid::INT4)]);
        insta::assert_snapshot!(rows.buckets(Bucketing::Key, 1024).sql, @r#"SELECT (('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.record_send(ROW((t."id")::pg_catalog.text))), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8 & 1023), pg_catalog.count(*), pg_catalog.sum(('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.record_send(ROW(t."id"))), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8)::pg_catalog.text FROM public.t AS t GROUP BY 1"#);
        insta::assert_snapshot!(rows.in_buckets(Bucketing::Row, 1024, &[3, 5]).sql, @r#"SELECT ARRAY[(t."id")::pg_catalog.text]::pg_catalog.text[], pg_catalog.sha256(pg_catalog.record_send(ROW(t."id"))) FROM public.t AS t WHERE (('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.record_send(ROW(t."id"))), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8 & 1023) = ANY ($1::pg_catalog.text::pg_catalog.int8[])"#);
    }

    #[test]
    fn rows_are_fetched_by_range() {
        let ranges = [
            KeyRange {
                start: Some(key(&["1"])),
                end: Some(key(&["5"])),
            },
            KeyRange::default(),
        ];
        insta::assert_snapshot!(rows(&[("id", oid::FLOAT8)]).in_ranges(&ranges).sql, @r#"SELECT ARRAY[(CASE WHEN t."id" = 0 THEN 0 ELSE t."id" END)::pg_catalog.text]::pg_catalog.text[], pg_catalog.sha256(pg_catalog.record_send(ROW(t."id"))) FROM public.t AS t WHERE ((t."id") >= ($1::pg_catalog.text::"pg_catalog"."701") AND (t."id") < ($2::pg_catalog.text::"pg_catalog"."701")) OR true"#);
    }

    #[test]
    fn columns_of_a_row_are_hashed_alone() {
        let rows = rows(&[("id", oid::INT4), ("v", oid::NUMERIC)]);
        let keys = [key(&["1", "2.5"]), vec![Some("1".into()), None]];
        insta::assert_snapshot!(rows.columns_of(&keys).sql, @r#"SELECT ARRAY[(t."id")::pg_catalog.text, (pg_catalog.trim_scale(t."v"))::pg_catalog.text]::pg_catalog.text[], ARRAY[pg_catalog.sha256(pg_catalog.record_send(ROW(t."id"))), pg_catalog.sha256(pg_catalog.record_send(ROW(t."v")))]::pg_catalog.bytea[] FROM public.t AS t WHERE (t."id", t."v") = ($1::pg_catalog.text::"pg_catalog"."23", $2::pg_catalog.text::"pg_catalog"."1700") OR ((t."id")::pg_catalog.text IS NOT DISTINCT FROM $3::pg_catalog.text AND (pg_catalog.trim_scale(t."v"))::pg_catalog.text IS NOT DISTINCT FROM $4::pg_catalog.text)"#);
    }

    #[test]
    fn a_row_without_columns_has_a_hash() {
        insta::assert_snapshot!(rows(&[]).totals().sql, @"SELECT 0::pg_catalog.int8, pg_catalog.count(*), pg_catalog.sum(('x' || pg_catalog.encode(pg_catalog.substr(pg_catalog.sha256(pg_catalog.record_send(ROW())), 1, 8), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8)::pg_catalog.text FROM public.t AS t");
    }

    fn key(values: &[&str]) -> KeyText {
        values.iter().map(|&value| Some(value.to_owned())).collect()
    }

    /// Rows of a table whose columns are its key.
    fn rows(columns: &[(&str, u32)]) -> Rows {
        let columns: Vec<ComparedColumn> = columns
            .iter()
            .map(|(name, oid)| {
                let pg_type = PgType::builtin(*oid, &oid.to_string(), "");
                ComparedColumn::new(name, &pg_type, &pg_type, false).unwrap()
            })
            .collect();
        Rows {
            from: "public.t AS t".to_owned(),
            key: columns
                .iter()
                .map(|column| KeyColumn::pair(column, true).0)
                .collect(),
            columns: columns.iter().map(ComparedColumn::source_bytes).collect(),
            form: RowForm::Whole,
        }
    }
}
