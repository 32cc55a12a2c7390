//! The parser's dialect of PostgreSQL, with that server's precedence of operators.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{Expr, UnaryOperator};
use datafusion::sql::sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

/// How signs bind: after `::` and subscripts, before everything else.
const SIGN_PRECEDENCE: u8 = 125;

/// PostgreSQL's grammar, where [`PostgreSqlDialect`] binds `-a ^ b`, `~ a + b` and
/// `a IS DISTINCT FROM b AND c` otherwise.
///
/// Source: PostgreSQL documentation, "Operator Precedence".
#[derive(Debug)]
pub(super) struct Grammar;

macro_rules! as_postgresql {
    ($($method:ident),+ $(,)?) => {
        $(fn $method(&self) -> bool {
            PostgreSqlDialect {}.$method()
        })+
    };
}

impl Dialect for Grammar {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        PostgreSqlDialect {}.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_identifier_part(ch)
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        PostgreSqlDialect {}.is_reserved_for_identifier(keyword)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        PostgreSqlDialect {}.is_custom_operator_part(ch)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        PostgreSqlDialect {}.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        PostgreSqlDialect {}.prec_value(precedence)
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let other = self.prec_value(Precedence::PgOther);
        let (op, precedence) = match parser.peek_token_ref().token {
            Token::Minus => (UnaryOperator::Minus, SIGN_PRECEDENCE),
            Token::Plus => (UnaryOperator::Plus, SIGN_PRECEDENCE),
            Token::Tilde => (UnaryOperator::BitwiseNot, other),
            Token::AtSign => (UnaryOperator::PGAbs, other),
            Token::PGSquareRoot => (UnaryOperator::PGSquareRoot, other),
            Token::PGCubeRoot => (UnaryOperator::PGCubeRoot, other),
            _ => return None,
        };
        parser.advance_token();
        let operand = parser.parse_subexpr(precedence);
        Some(operand.map(|expr| Expr::UnaryOp {
            op,
            expr: Box::new(expr),
        }))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        left: &Expr,
        _precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        use Keyword::{DISTINCT, FROM, IS, NOT};
        let comparison = match parser.parse_keywords(&[IS, DISTINCT, FROM]) {
            true => Expr::IsDistinctFrom,
            false if parser.parse_keywords(&[IS, NOT, DISTINCT, FROM]) => Expr::IsNotDistinctFrom,
            false => return None,
        };
        let right = parser.parse_subexpr(self.prec_value(Precedence::Is));
        Some(right.map(|right| comparison(Box::new(left.clone()), Box::new(right))))
    }

    as_postgresql!(
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_alter_column_type_using,
        supports_array_typedef_with_brackets,
        supports_bitwise_shift_operators,
        supports_comma_separated_trim,
        supports_comment_on,
        supports_comment_optimizer_hint,
        supports_create_index_with_clause,
        supports_create_table_like_parenthesized,
        supports_empty_projections,
        supports_explain_with_utility_options,
        supports_factorial_operator,
        supports_filter_during_aggregation,
        supports_geometric_types,
        supports_group_by_expr,
        supports_insert_table_alias,
        supports_interval_options,
        supports_listen_notify,
        supports_load_extension,
        supports_named_fn_args_with_colon_operator,
        supports_named_fn_args_with_expr_name,
        supports_nested_comments,
        supports_notnull_operator,
        supports_numeric_literal_underscores,
        supports_select_wildcard_with_alias,
        supports_set_names,
        supports_string_escape_constant,
        supports_unicode_string_literal,
        supports_xml_expressions,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_bind_before_powers_and_other_prefixes_after_sums() {
        check("-a ^ b", "(-a) ^ b");
        check("-a::int", "-(a::int)");
        check("- a + b", "(-a) + b");
        check("-a AT TIME ZONE b", "(-a) AT TIME ZONE b");
        check("~ a + b", "~ (a + b)");
        check("~ a & b", "(~ a) & b");
        check("@ a - b = c", "(@ (a - b)) = c");
        check("|/ a * b", "|/ (a * b)");
        check("a * - b ^ c", "a * ((-b) ^ c)");
    }

    #[test]
    fn distinct_from_takes_no_more_than_a_comparison() {
        check("a IS DISTINCT FROM b AND c", "(a IS DISTINCT FROM b) AND c");
        check(
            "x AND a IS NOT DISTINCT FROM b OR c",
            "(x AND (a IS NOT DISTINCT FROM b)) OR c",
        );
        check("a IS DISTINCT FROM b = c", "a IS DISTINCT FROM (b = c)");
        check(
            "NOT a IS DISTINCT FROM b OR c",
            "(NOT (a IS DISTINCT FROM b)) OR c",
        );
        check("a IS NULL OR b", "(a IS NULL) OR b");
    }

    /// What else is not alike would be a method that is missing here.
    #[test]
    fn everything_else_is_parsed_as_the_dialect_does() {
        let sql = r#"
            SELECT DISTINCT ON (a) U&"d\0061t" AS "x", E'\n', 1_000, a NOTNULL, b[1:2], c::int[],
                   interval '1' day, extract('year' FROM d), trim(BOTH 'x' FROM e), f << 2,
                   count(*) FILTER (WHERE g), json_object('k': 1), p <-> q /* /* */ */
              FROM t AS u (a, b), LATERAL generate_series(1, 2) AS v
             GROUP BY ROLLUP (a), GROUPING SETS ((b), ())"#;
        assert_eq!(parsed(sql, &Grammar), parsed(sql, &PostgreSqlDialect {}));
    }

    fn check(sql: &str, bracketed: &str) {
        let plain = |sql: &str| format!("{:?}", unnested(sql));
        assert_eq!(plain(sql), plain(bracketed), "{sql}");
    }

    fn parsed(sql: &str, dialect: &dyn Dialect) -> Vec<String> {
        let statements = Parser::parse_sql(dialect, sql).unwrap();
        statements.iter().map(|one| format!("{one:?}")).collect()
    }

    /// `sql` without its parentheses, and without places.
    fn unnested(sql: &str) -> Expr {
        use datafusion::sql::sqlparser::ast::{VisitMut, VisitorMut};
        use std::ops::ControlFlow;

        struct Unnest;
        impl VisitorMut for Unnest {
            type Break = ();
            fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
                if let Expr::Nested(inner) = expr {
                    *expr = (**inner).clone();
                }
                if let Expr::Identifier(name) = expr {
                    *expr = Expr::Identifier(name.value.as_str().into());
                }
                ControlFlow::Continue(())
            }
        }
        let mut parser = Parser::new(&Grammar).try_with_sql(sql).unwrap();
        let mut expr = parser.parse_expr().unwrap();
        let _ = expr.visit(&mut Unnest);
        expr
    }
}
