//! What names mean in one SELECT, as far as they name columns of the source.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::ptr;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, FunctionArg, FunctionArguments, Ident, Query, Select, TableAlias,
    TableFactor, TableWithJoins, Visit, Visitor,
};

use super::Names;
use super::shape::{
    first_and_functions, is_about_one_row, is_row_wise, name_of, table_number, table_of_rows,
};
use crate::template::folded;

/// Rows that a source gives one by one: those of a table, or of a SELECT over it that takes one row at
/// a time, perhaps with what functions make of them.
#[derive(Clone, Debug)]
pub(super) struct RowSet {
    /// The items of FROM that give them.
    pub(super) from: Vec<TableWithJoins>,
    /// The name of the first item.
    pub(super) alias: Ident,
    /// The names of the others.
    pub(super) function_aliases: Vec<Ident>,
    /// The number of the table that they come from.
    pub(super) table: usize,
    /// Whether the first is that table itself.
    pub(super) is_table: bool,
}

impl RowSet {
    /// The items of FROM as SQL.
    pub(super) fn items_sql(&self) -> String {
        let items: Vec<String> = self.from.iter().map(ToString::to_string).collect();
        items.join(", ")
    }

    /// The SELECTs that tell which columns its items have: that of the first, then the others.
    pub(super) fn questions(&self) -> Vec<String> {
        let aliases = std::iter::once(&self.alias).chain(&self.function_aliases);
        aliases
            .map(|alias| format!("SELECT {alias}.* FROM {}", self.items_sql()))
            .collect()
    }
}

/// Queries that WITH names.
pub(super) type Named = HashMap<String, (TableAlias, Box<Query>)>;

/// What FROM of one SELECT reads.
pub(super) enum Reads {
    /// One row set and nothing else.
    One(RowSet),
    /// Row sets among other things, by the position of the item and of the join in it.
    Several(Vec<((usize, Option<usize>), RowSet)>),
}

/// What `select` reads of tables.
pub(super) fn reads(select: &Select, named: &Named, names: &Names) -> Reads {
    let rows = |factor: &TableFactor| row_item(factor, named, names);
    if let Some(first) = first_and_functions(&select.from)
        && let Some(item) = rows(first)
    {
        let mut from = select.from.clone();
        from[0].relation = item.factor;
        let others = from.iter().enumerate().flat_map(|(at, item)| {
            let first = (at > 0).then_some(&item.relation);
            first
                .into_iter()
                .chain(item.joins.iter().map(|join| &join.relation))
        });
        if let Some(function_aliases) = others.map(alias_of).collect() {
            return Reads::One(RowSet {
                function_aliases,
                from,
                alias: item.alias,
                table: item.table,
                is_table: item.is_table,
            });
        }
    }
    let mut several = Vec::new();
    for (at, item) in select.from.iter().enumerate() {
        let joined = item.joins.iter().enumerate();
        let joined = joined.map(|(number, join)| (Some(number), &join.relation));
        for (number, factor) in std::iter::once((None, &item.relation)).chain(joined) {
            let Some(item) = rows(factor) else {
                continue;
            };
            let from = TableWithJoins {
                relation: item.factor,
                joins: Vec::new(),
            };
            let set = RowSet {
                from: vec![from],
                alias: item.alias,
                function_aliases: Vec::new(),
                table: item.table,
                is_table: item.is_table,
            };
            several.push(((at, number), set));
        }
    }
    Reads::Several(several)
}

/// An item of FROM that gives rows of a table one by one.
struct RowItem {
    /// The item, a named query being in the place of its name.
    factor: TableFactor,
    alias: Ident,
    /// The number of the table.
    table: usize,
    /// Whether it is the table itself.
    is_table: bool,
}

/// `factor`, which is the table with this number.
fn table_item(factor: &TableFactor, table: usize, names: &Names) -> Option<RowItem> {
    let TableFactor::Table { alias, .. } = factor else {
        return None;
    };
    let alias = match alias {
        Some(alias) if alias.columns.is_empty() => alias.name.clone(),
        Some(_) => return None,
        None => Ident::new(&*names.tables[table]),
    };
    Some(RowItem {
        factor: factor.clone(),
        alias,
        table,
        is_table: true,
    })
}

/// `factor`, if it gives rows of a table one by one.
fn row_item(factor: &TableFactor, named: &Named, names: &Names) -> Option<RowItem> {
    if let Some(table) = table_number(factor, names) {
        return table_item(factor, table, names);
    }
    match factor {
        TableFactor::Table {
            name,
            alias,
            args: None,
            sample: None,
            ..
        } => {
            let [part] = &*name.0 else {
                return None;
            };
            let (own, query) = named.get(&folded(part.as_ident()?))?;
            if !is_row_wise(query, names) {
                return None;
            }
            let mut given = own.clone();
            if let Some(alias) = alias {
                given.name = alias.name.clone();
                if !alias.columns.is_empty() {
                    given.columns.clone_from(&alias.columns);
                }
            }
            given.explicit = true;
            let name = given.name.clone();
            Some(RowItem {
                factor: TableFactor::Derived {
                    lateral: false,
                    subquery: query.clone(),
                    alias: Some(given),
                    sample: None,
                },
                alias: name,
                table: table_of_rows(query, names)?,
                is_table: false,
            })
        }
        TableFactor::Derived {
            lateral: false,
            subquery,
            alias: Some(alias),
            sample: None,
        } if is_row_wise(subquery, names) => Some(RowItem {
            factor: factor.clone(),
            alias: alias.name.clone(),
            table: table_of_rows(subquery, names)?,
            is_table: false,
        }),
        _ => None,
    }
}

/// The name that a function in FROM has.
fn alias_of(factor: &TableFactor) -> Option<Ident> {
    match factor {
        TableFactor::Table { alias, name, .. } | TableFactor::Function { alias, name, .. } => {
            match alias {
                Some(alias) => Some(alias.name.clone()),
                None => name.0.last()?.as_ident().cloned(),
            }
        }
        TableFactor::UNNEST { alias, .. } => match alias {
            Some(alias) => Some(alias.name.clone()),
            None => Some(Ident::new("unnest")),
        },
        TableFactor::TableFunction { alias, .. } => alias.as_ref().map(|alias| alias.name.clone()),
        _ => None,
    }
}

/// The item of FROM that reads table `name` under `alias`.
pub(super) fn table_factor(name: &str, alias: &Ident) -> TableFactor {
    TableFactor::Table {
        name: vec![Ident::with_quote('"', name)].into(),
        alias: Some(TableAlias {
            explicit: true,
            name: alias.clone(),
            columns: Vec::new(),
            at: None,
        }),
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

/// The column `name` of `alias`.
pub(super) fn column(alias: &Ident, name: String) -> Expr {
    Expr::CompoundIdentifier(vec![alias.clone(), Ident::with_quote('"', name)])
}

/// A row set with the columns it has, and which of them are wanted of it.
pub(super) struct Occurrence {
    pub(super) set: RowSet,
    /// Columns of the first item.
    pub(super) columns: Vec<String>,
    /// Columns of each function.
    pub(super) function_columns: Vec<Vec<String>>,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A column of the first item of this occurrence.
    Column(usize),
    /// A whole row of this occurrence, or a column that a function gives.
    Computed(usize),
    /// Something else.
    Other,
}

/// The row sets of one SELECT.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) occurrences: Vec<Occurrence>,
    /// Whether FROM has nothing else.
    pub(super) is_alone: bool,
}

impl Scope {
    /// What `expr` means, if it is a name.
    pub(super) fn meaning(&self, expr: &Expr) -> Meaning {
        let (qualifier, name) = match expr {
            Expr::Identifier(name) => (None, folded(name)),
            Expr::CompoundIdentifier(parts) => match &**parts {
                [qualifier, name] => (Some(folded(qualifier)), folded(name)),
                _ => return Meaning::Other,
            },
            _ => return Meaning::Other,
        };
        let mut meanings = self
            .occurrences
            .iter()
            .enumerate()
            .filter_map(|(at, found)| {
                found
                    .has(qualifier.as_deref(), &name)
                    .map(|is_column| match is_column {
                        true => Meaning::Column(at),
                        false => Meaning::Computed(at),
                    })
            });
        match (meanings.next(), meanings.next()) {
            // Beside other tables, a bare name may be theirs.
            (Some(meaning), None) if qualifier.is_some() || self.is_alone => meaning,
            _ => Meaning::Other,
        }
    }

    /// The occurrences of which `expr`, if it is a bare name, may be a column.
    pub(super) fn holders(&self, expr: &Expr) -> impl Iterator<Item = usize> {
        let name = match expr {
            Expr::Identifier(name) => Some(folded(name)),
            _ => None,
        };
        let occurrences = self.occurrences.iter().enumerate();
        occurrences
            .filter(move |(_, found)| {
                name.as_ref()
                    .is_some_and(|name| found.columns.contains(name))
            })
            .map(|(at, _)| at)
    }

    /// The occurrence whose rows alone decide `expr`, row by row; `None` if more does, or nothing.
    pub(super) fn row_wise(&self, expr: &Expr, names: &Names) -> Option<usize> {
        let mut rows = Rows::new(self, names, false);
        match expr.visit(&mut rows) {
            ControlFlow::Continue(()) => rows.occurrence,
            ControlFlow::Break(()) => None,
        }
    }

    /// Whether rows decide `expr` one by one, of which it may make several.
    pub(super) fn is_row_wise_with_sets(&self, expr: &Expr, names: &Names) -> bool {
        let mut rows = Rows::new(self, names, true);
        expr.visit(&mut rows).is_continue()
    }
}

impl Occurrence {
    /// The items of FROM, and the columns of each.
    pub(super) fn aliases(&self) -> impl Iterator<Item = (&Ident, &[String])> {
        let functions = self.set.function_aliases.iter();
        let functions = functions.zip(self.function_columns.iter().map(|columns| &**columns));
        std::iter::once((&self.set.alias, &*self.columns)).chain(functions)
    }

    /// Whether `name` is a column of the first item, or else something it gives otherwise; `None` if
    /// it is nothing of these.
    fn has(&self, qualifier: Option<&str>, name: &str) -> Option<bool> {
        let alias = folded(&self.set.alias);
        let is_own = qualifier.is_none_or(|qualifier| qualifier == alias);
        if is_own && self.columns.iter().any(|column| column == name) {
            return Some(true);
        }
        let functions = self.set.function_aliases.iter().map(folded);
        let gives = functions
            .zip(&self.function_columns)
            .any(|(alias, columns)| {
                let is_own = qualifier.is_none_or(|qualifier| qualifier == alias);
                is_own && columns.iter().any(|column| column == name)
                    || qualifier.is_none() && alias == name
            });
        (gives || qualifier.is_none() && alias == name).then_some(false)
    }
}

/// Breaks where an expression is about more than rows of one occurrence.
struct Rows<'a> {
    scope: &'a Scope,
    names: &'a Names,
    allows_sets: bool,
    occurrence: Option<usize>,
    /// Names that are no columns: of fields and of arguments.
    labels: Vec<*const Expr>,
}

impl<'a> Rows<'a> {
    fn new(scope: &'a Scope, names: &'a Names, allows_sets: bool) -> Self {
        Self {
            scope,
            names,
            allows_sets,
            occurrence: None,
            labels: Vec::new(),
        }
    }
}

impl Visitor for Rows<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.labels.contains(&ptr::from_ref(expr)) {
            return ControlFlow::Continue(());
        }
        self.labels.extend(labels(expr).map(ptr::from_ref));
        let gives_set = matches!(expr, Expr::Function(function)
            if name_of(function).is_some_and(|name| self.names.returns_set(&name)));
        if gives_set && !self.allows_sets || !is_about_one_row(expr, self.names) {
            return ControlFlow::Break(());
        }
        if !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            return ControlFlow::Continue(());
        }
        match self.scope.meaning(expr) {
            Meaning::Column(at) | Meaning::Computed(at)
                if self.occurrence.is_none_or(|other| other == at) =>
            {
                self.occurrence = Some(at);
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        }
    }
}

/// The names directly in `expr` that are those of fields or arguments.
fn labels(expr: &Expr) -> impl Iterator<Item = &Expr> {
    let fields = match expr {
        Expr::CompoundFieldAccess { access_chain, .. } => &**access_chain,
        _ => &[],
    };
    let fields = fields.iter().filter_map(|access| match access {
        AccessExpr::Dot(name) => Some(name),
        AccessExpr::Subscript(_) => None,
    });
    let arguments = match expr {
        Expr::Function(function) => match &function.args {
            FunctionArguments::List(list) => &*list.args,
            _ => &[],
        },
        _ => &[],
    };
    let arguments = arguments.iter().filter_map(|argument| match argument {
        FunctionArg::ExprNamed { name, .. } => Some(name),
        _ => None,
    });
    fields.chain(arguments)
}
