//! Names of tables as people write them: quoted only where SQL needs it.

use towpath_engine::table::{TableName, ident};

/// `table` with as few quotes as SQL allows.
pub(crate) fn sql_name(table: &TableName) -> String {
    format!("{}.{}", part(&table.schema), part(&table.name))
}

/// The same for the text of a name in a report; text that is no name is left alone.
pub(crate) fn readable(text: &str) -> String {
    match text.parse::<TableName>() {
        Ok(table) if text.starts_with('"') => sql_name(&table),
        _ => text.to_owned(),
    }
}

fn part(name: &str) -> String {
    let mut bytes = name.bytes();
    let plain = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    match plain {
        true => name.to_owned(),
        false => ident(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_where_sql_needs_it() {
        assert_eq!(
            sql_name(&TableName::new("public", "Odd.Name")),
            "public.\"Odd.Name\""
        );
        assert_eq!(sql_name(&TableName::new("a1", "_b")), "a1._b");
    }

    #[test]
    fn a_quoted_name_becomes_readable() {
        assert_eq!(readable(r#""public"."orders""#), "public.orders");
        assert_eq!(readable(r#""public"."Odd""T""#), r#"public."Odd""T""#);
        assert_eq!(readable("a query"), "a query");
    }
}
