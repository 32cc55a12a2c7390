//! What a created table gets beside columns and key, and the statements that give it. Pure
//! functions: nothing here talks to a server.

use super::catalog::{IndexDefinition, Sequence};
use super::statement::literal;
use crate::table::{Identity, TableName, ident};

/// What a table gets after its rows: all that, and only that, which a created table can have.
#[derive(Clone, Debug, Default)]
pub struct Additions {
    /// Columns that get a default or an identity, by name.
    pub fillings: Vec<(String, Filling)>,
    /// The comment on the table.
    pub comment: Option<String>,
    /// Comments on columns, by name.
    pub column_comments: Vec<(String, String)>,
    /// Sequences that are moved on, also those of a table that was there before.
    pub advances: Vec<Advance>,
    /// Indexes and their constraints.
    pub indexes: Vec<IndexDefinition>,
}

/// Where a column's value comes from if none is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filling {
    /// An expression, as SQL.
    Default(String),
    /// A sequence of its own.
    Identity(Identity, Sequence),
}

/// A sequence that is to give no value that the table holds, or that the source's sequence gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// The column that owns it.
    pub column: String,
    /// Its name, quoted and with schema; `None` if it is an identity's that is yet to be created.
    pub sequence: Option<String>,
    /// How it counts.
    pub counts: Sequence,
    /// The last value that the source's sequence gave.
    pub source_value: Option<i64>,
}

impl Additions {
    /// The statement that gives columns their defaults and identities; `None` if there are none.
    pub fn fill(&self, table: &TableName) -> Option<String> {
        let actions = self.fillings.iter().map(|(column, filling)| {
            let action = match filling {
                Filling::Default(sql) => format!("SET DEFAULT {sql}"),
                Filling::Identity(identity, sequence) => identity_sql(*identity, sequence),
            };
            format!("ALTER COLUMN {} {action}", ident(column))
        });
        let actions: Vec<String> = actions.collect();
        (!actions.is_empty()).then(|| format!("ALTER TABLE {table} {}", actions.join(", ")))
    }

    /// The statements that move sequences on.
    pub fn advance(&self, table: &TableName) -> Vec<String> {
        let advances = self.advances.iter();
        advances.map(|advance| advance.statement(table)).collect()
    }

    /// The statements that comment on the table and its columns.
    pub fn comments(&self, table: &TableName) -> Vec<String> {
        let on_table = self.comment.iter();
        let on_table =
            on_table.map(|text| format!("COMMENT ON TABLE {table} IS {}", literal(text)));
        let on_columns = self.column_comments.iter().map(|(column, text)| {
            let text = literal(text);
            format!("COMMENT ON COLUMN {table}.{} IS {text}", ident(column))
        });
        on_table.chain(on_columns).collect()
    }
}

impl Advance {
    /// The statement that moves the sequence on, and does nothing if it is there already.
    ///
    /// Values outside of its bounds do not count: it never gives them. A sequence that begins
    /// again is set to where the source's is, as every value of it may be in the table.
    fn statement(&self, table: &TableName) -> String {
        let Sequence {
            increment,
            min,
            max,
            start,
            cycle,
            ..
        } = &self.counts;
        let (aggregate, farthest, beyond) = match *increment < 0 {
            true => ("min", "LEAST", "<"),
            false => ("max", "GREATEST", ">"),
        };
        let column = ident(&self.column);
        let loaded = format!(
            "(SELECT pg_catalog.{aggregate}({column}) FROM {table} \
             WHERE {column} BETWEEN {min} AND {max})"
        );
        let given = self
            .source_value
            .filter(|value| (min..=max).contains(&value));
        let given = given.map(|value| format!("{value}::pg_catalog.int8"));
        let value = match (given, cycle) {
            (Some(given), true) => given,
            (Some(given), false) => format!("{farthest}({loaded}, {given})"),
            (None, _) => loaded,
        };
        match &self.sequence {
            Some(sequence) => format!(
                "SELECT pg_catalog.setval({}::pg_catalog.regclass, v.value) \
                 FROM (SELECT {value} AS value) AS v, {sequence} AS s \
                 WHERE v.value {beyond} s.last_value \
                 OR v.value = s.last_value AND NOT s.is_called",
                literal(sequence)
            ),
            None => {
                let condition = match self.source_value {
                    Some(_) => "v.value IS NOT NULL".to_owned(),
                    None => format!("v.value {beyond}= {start}"),
                };
                format!(
                    "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({}, {})\
                     ::pg_catalog.regclass, v.value) FROM (SELECT {value} AS value) AS v \
                     WHERE {condition}",
                    literal(&table.to_string()),
                    literal(&self.column)
                )
            }
        }
    }
}

impl IndexDefinition {
    /// The statement that builds it on `table`, under its own name or one that the server chooses.
    pub fn create(&self, table: &TableName, keeps_name: bool) -> String {
        match &self.constraint_sql {
            Some(constraint) => {
                let name = match keeps_name {
                    true => format!("CONSTRAINT {} ", ident(&self.name)),
                    false => String::new(),
                };
                format!("ALTER TABLE {table} ADD {name}{constraint}")
            }
            None => {
                let unique = if self.is_unique { "UNIQUE " } else { "" };
                let name = match keeps_name {
                    true => format!("{} ", ident(&self.name)),
                    false => String::new(),
                };
                format!("CREATE {unique}INDEX {name}ON {table} {}", self.index_sql)
            }
        }
    }

    /// What it is and its name, for people.
    pub fn describe(&self) -> String {
        let kind = match (&self.constraint_sql, self.is_unique) {
            _ if self.is_primary => "primary key",
            (Some(_), _) if self.is_exclusion => "exclusion constraint",
            (Some(_), _) => "unique constraint",
            (None, true) => "unique index",
            (None, false) => "index",
        };
        let sql = self.constraint_sql.as_ref().unwrap_or(&self.index_sql);
        format!("{kind} \"{}\": {sql}", self.name)
    }
}

/// The identity of a column. The sequence has the column's type, whatever the source's had.
fn identity_sql(identity: Identity, sequence: &Sequence) -> String {
    let when = match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    };
    let Sequence {
        start,
        increment,
        min,
        max,
        cache,
        ..
    } = sequence;
    let cycle = if sequence.cycle { "CYCLE" } else { "NO CYCLE" };
    format!(
        "ADD GENERATED {when} AS IDENTITY (START WITH {start} INCREMENT BY {increment} \
         MINVALUE {min} MAXVALUE {max} CACHE {cache} {cycle})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_filled_by_one_statement() {
        let additions = Additions {
            fillings: vec![
                ("a\"b".into(), Filling::Default("'x'::text".into())),
                (
                    "id".into(),
                    Filling::Identity(Identity::Always, sequence(1)),
                ),
            ],
            ..Additions::default()
        };
        insta::assert_snapshot!(
            additions.fill(&table()).unwrap(),
            @r#"ALTER TABLE "public"."t" ALTER COLUMN "a""b" SET DEFAULT 'x'::text, ALTER COLUMN "id" ADD GENERATED ALWAYS AS IDENTITY (START WITH 1 INCREMENT BY 1 MINVALUE -10 MAXVALUE 99 CACHE 1 NO CYCLE)"#
        );
        assert_eq!(Additions::default().fill(&table()), None);
    }

    #[test]
    fn comments_are_literals() {
        let additions = Additions {
            comment: Some("the shop's".into()),
            column_comments: vec![("Id".into(), r"a\b".into())],
            ..Additions::default()
        };
        insta::assert_snapshot!(additions.comments(&table()).join("\n"), @r#"
        COMMENT ON TABLE "public"."t" IS 'the shop''s'
        COMMENT ON COLUMN "public"."t"."Id" IS 'a\b'
        "#);
    }

    #[test]
    fn a_created_sequence_begins_behind_what_was_given() {
        insta::assert_snapshot!(
            advance(1, Some(41), None).statement(&table()),
            @r#"SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('"public"."t"', 'id')::pg_catalog.regclass, v.value) FROM (SELECT GREATEST((SELECT pg_catalog.max("id") FROM "public"."t" WHERE "id" BETWEEN -10 AND 99), 41::pg_catalog.int8) AS value) AS v WHERE v.value IS NOT NULL"#
        );
    }

    #[test]
    fn a_value_out_of_bounds_was_given_by_another_sequence() {
        assert!(
            !advance(1, Some(1000), None)
                .statement(&table())
                .contains("1000")
        );
    }

    #[test]
    fn a_descending_sequence_is_moved_down() {
        insta::assert_snapshot!(
            advance(-1, None, Some("\"public\".\"s\"")).statement(&table()),
            @r#"SELECT pg_catalog.setval('"public"."s"'::pg_catalog.regclass, v.value) FROM (SELECT (SELECT pg_catalog.min("id") FROM "public"."t" WHERE "id" BETWEEN -10 AND 99) AS value) AS v, "public"."s" AS s WHERE v.value < s.last_value OR v.value = s.last_value AND NOT s.is_called"#
        );
    }

    #[test]
    fn an_index_keeps_its_name_if_it_may() {
        let index = index(None);
        assert_eq!(
            index.create(&table(), true),
            r#"CREATE UNIQUE INDEX "by a" ON "public"."t" USING btree (a) WHERE (a > 0)"#
        );
        assert_eq!(
            index.create(&table(), false),
            r#"CREATE UNIQUE INDEX ON "public"."t" USING btree (a) WHERE (a > 0)"#
        );
        assert_eq!(
            index.describe(),
            r#"unique index "by a": USING btree (a) WHERE (a > 0)"#
        );
    }

    #[test]
    fn a_constraint_is_built_as_one() {
        let index = index(Some("UNIQUE (a) DEFERRABLE"));
        assert_eq!(
            index.create(&table(), true),
            r#"ALTER TABLE "public"."t" ADD CONSTRAINT "by a" UNIQUE (a) DEFERRABLE"#
        );
        assert_eq!(
            index.describe(),
            r#"unique constraint "by a": UNIQUE (a) DEFERRABLE"#
        );
    }

    fn table() -> TableName {
        TableName::new("public", "t")
    }

    fn advance(increment: i64, source_value: Option<i64>, sequence_name: Option<&str>) -> Advance {
        Advance {
            column: "id".into(),
            sequence: sequence_name.map(str::to_owned),
            counts: sequence(increment),
            source_value,
        }
    }

    fn sequence(increment: i64) -> Sequence {
        Sequence {
            name: "public.s".into(),
            fills_column: true,
            start: 1,
            increment,
            min: -10,
            max: 99,
            cache: 1,
            cycle: false,
            is_readable: true,
            last_value: None,
        }
    }

    fn index(constraint: Option<&str>) -> IndexDefinition {
        IndexDefinition {
            name: "by a".into(),
            method: "btree".into(),
            is_primary: false,
            is_unique: true,
            is_exclusion: false,
            is_valid: true,
            constraint_sql: constraint.map(str::to_owned),
            index_sql: "USING btree (a) WHERE (a > 0)".into(),
            since_version: 0,
            key: None,
            columns: vec!["a".into()],
            expressions: None,
            predicate: Some("(a > 0)".into()),
            uses_whole_row: false,
            operator_classes: vec![],
            collations: vec![],
            operators: vec![],
        }
    }
}
