//! A table of a workload, and the statements about it.

/// A table with its key.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// With its schema, as SQL writes it.
    pub(crate) name: String,
    /// The columns as `CREATE TABLE` takes them, without key.
    pub(crate) columns: String,
    /// The columns of the primary key.
    pub(crate) key: &'static [&'static str],
}

impl Table {
    /// The statement that creates the table, with or without its key.
    pub(crate) fn create(&self, keyed: bool) -> String {
        let Self { name, columns, .. } = self;
        match keyed {
            true => format!(
                "CREATE TABLE {name} ({columns}, PRIMARY KEY ({}))",
                self.keys()
            ),
            false => format!("CREATE TABLE {name} ({columns})"),
        }
    }

    /// The statement that adds the key.
    pub(crate) fn add_key(&self) -> String {
        format!(
            "ALTER TABLE {} ADD PRIMARY KEY ({})",
            self.name,
            self.keys()
        )
    }

    /// The columns of the key, with commas.
    pub(crate) fn keys(&self) -> String {
        self.key.join(", ")
    }

    /// Schema and name.
    pub(crate) fn schema_and_name(&self) -> (&str, &str) {
        self.name.split_once('.').unwrap_or(("public", &self.name))
    }

    /// The names of all columns.
    pub(crate) fn column_names(&self) -> Vec<&str> {
        let mut depth = 0;
        let is_comma = |letter: char| {
            match letter {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            letter == ',' && depth == 0
        };
        self.columns
            .split(is_comma)
            .filter_map(|column| column.split_whitespace().next())
            .collect()
    }

    /// The statement that merges `staging` by hand; with `changed_only`, rows that are equal
    /// already are not written.
    pub(crate) fn merge(&self, staging: &str, changed_only: bool) -> String {
        let names = self.column_names();
        let is_key = |name: &&str| self.key.contains(name);
        let rest: Vec<&str> = names.iter().copied().filter(|name| !is_key(name)).collect();
        let prefixed = |prefix: &str| {
            let columns: Vec<String> = rest.iter().map(|name| format!("{prefix}.{name}")).collect();
            columns.join(", ")
        };
        let updates: Vec<String> = rest
            .iter()
            .map(|name| format!("{name} = EXCLUDED.{name}"))
            .collect();
        let condition = match changed_only {
            true => format!(
                " WHERE ({}) IS DISTINCT FROM ({})",
                prefixed("t"),
                prefixed("EXCLUDED")
            ),
            false => String::new(),
        };
        format!(
            "INSERT INTO {} AS t SELECT * FROM {staging} ON CONFLICT ({}) DO UPDATE SET {}{condition}",
            self.name,
            self.keys(),
            updates.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            name: "public.t".to_owned(),
            columns: "id bigint NOT NULL, price numeric(15,2), note text".to_owned(),
            key: &["id"],
        }
    }

    #[test]
    fn columns_end_at_commas_outside_of_parentheses() {
        assert_eq!(table().column_names(), ["id", "price", "note"]);
    }

    #[test]
    fn a_merge_updates_every_column_outside_the_key() {
        assert_eq!(
            table().merge("s", false),
            "INSERT INTO public.t AS t SELECT * FROM s ON CONFLICT (id) DO UPDATE SET \
             price = EXCLUDED.price, note = EXCLUDED.note"
        );
        assert!(table().merge("s", true).ends_with(
            " WHERE (t.price, t.note) IS DISTINCT FROM (EXCLUDED.price, EXCLUDED.note)"
        ));
    }
}
