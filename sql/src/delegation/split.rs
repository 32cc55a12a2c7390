//! A SELECT cut in two: what takes one row of a table at a time, and what is made of that.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, JoinConstraint, JoinOperator, Query, Select, SelectItem,
    SetExpr, Statement, TableWithJoins, Value, ValueWithSpan, Visit, VisitMut, Visitor, VisitorMut,
};
use towpath_engine::Result;
use towpath_engine::table::ident;

use super::joins::{constraint, padded, spread_wildcards};
use super::scope::{Meaning, Named, Occurrence, Reads, RowSet, Scope, column, reads, table_factor};
use super::shape::{has_group_by, last_name, name_of};
use super::strict::is_null_of_nulls;
use super::{Base, Names, WholeQuery};
use crate::template::{bare_order, folded, may_fail, name_results, parsed, result_name};

/// A SELECT over tables of which sources give the rows.
pub(crate) struct Split {
    /// The SELECT.
    pub(crate) statement: Statement,
    /// Its tables.
    pub(crate) delegated: Vec<Delegated>,
}

/// A table that a SELECT which a source runs gives.
pub(crate) struct Delegated {
    /// The number of the table whose rows it makes others of.
    pub(crate) table: usize,
    /// Its name.
    pub(crate) name: String,
    /// The SELECT.
    pub(crate) whole: WholeQuery,
    /// The columns that it computes; the others are the table's own.
    pub(crate) computed: HashSet<String>,
    /// Whether computing them may fail for some values.
    pub(crate) may_fail: bool,
}

/// A SELECT over the table with that number.
type Question = (usize, String);

/// A statement, and what must be known of it to cut it.
pub(crate) struct Splitter<'a> {
    statement: &'a Statement,
    bases: &'a [Base<'a>],
    named: Named,
    names: Names,
    /// Columns of row sets, by their questions.
    columns: HashMap<Question, Vec<String>>,
}

impl<'a> Splitter<'a> {
    /// Asks the servers of `bases` what the names in `statement` mean.
    ///
    /// # Errors
    /// `Read`, if a server does not answer.
    pub(crate) async fn new(statement: &'a Statement, bases: &'a [Base<'a>]) -> Result<Self> {
        let names = Names::of(statement, bases).await?;
        let mut parts = Parts::default();
        let _ = Visit::visit(statement, &mut parts);
        let mut columns = HashMap::new();
        for question in parts.questions(&names) {
            let base = &bases[question.0];
            let query = base.row_wise(&question.1);
            if let Ok(described) = base.catalog.describe(base.table, &query).await? {
                let names = described.into_iter().map(|result| result.column.name);
                columns.insert(question, names.collect::<Vec<_>>());
            }
        }
        Ok(Self {
            statement,
            bases,
            named: parts.named,
            names,
            columns,
        })
    }

    /// SELECTs of each expression over one row that may be left to the source, or not.
    pub(crate) fn candidates(&self) -> BTreeSet<String> {
        let (_, _, candidates) = self.cut(&HashSet::new());
        candidates
    }

    /// The statement cut so that the source computes what takes one row at a time, but for the
    /// candidates in `native`; `None` if nothing would be left to the source.
    pub(crate) fn split(&self, native: &HashSet<String>) -> Option<Split> {
        let (statement, relations, _) = self.cut(native);
        let delegated: Option<Vec<Delegated>> = relations
            .into_iter()
            .map(|relation| relation.delegated(self))
            .collect();
        delegated
            .filter(|delegated| !delegated.is_empty())
            .map(|delegated| Split {
                statement,
                delegated,
            })
    }

    /// Cuts the statement; gives the rest of it, what is left to the source, and the SELECTs of all
    /// expressions that were, or would have been but for `native`.
    fn cut(&self, native: &HashSet<String>) -> (Statement, Vec<Relation>, BTreeSet<String>) {
        let mut statement = self.statement.clone();
        let mut cutter = Cutter {
            known: self,
            native,
            tried: BTreeSet::new(),
            frames: Vec::new(),
            pushed: Vec::new(),
            within: Vec::new(),
            relations: Vec::new(),
        };
        let _ = VisitMut::visit(&mut statement, &mut cutter);
        (statement, cutter.relations, cutter.tried)
    }
}

/// Collects all SELECTs, and the queries that WITH names once.
#[derive(Default)]
struct Parts {
    named: Named,
    repeated: HashSet<String>,
    /// Whether the outermost query has been entered.
    is_inside: bool,
    selects: Vec<Select>,
}

impl Parts {
    /// What must be asked about the row sets of all SELECTs.
    fn questions(&self, names: &Names) -> BTreeSet<Question> {
        let sets = self
            .selects
            .iter()
            .flat_map(|select| match reads(select, &self.named, names) {
                Reads::One(set) => vec![set],
                Reads::Several(sets) => sets.into_iter().map(|(_, set)| set).collect(),
            });
        sets.flat_map(|set| {
            let questions = set.questions().into_iter();
            questions.map(move |question| (set.table, question))
        })
        .collect()
    }
}

impl Visitor for Parts {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let is_outermost = !std::mem::replace(&mut self.is_inside, true);
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let name = folded(&cte.alias.name);
                let is_new = self.repeated.insert(name.clone());
                // A name of a query within another means something else outside of that.
                match is_new && is_outermost && !with.recursive {
                    true => {
                        let query = cte.query.clone();
                        self.named.insert(name, (cte.alias.clone(), query));
                    }
                    false => {
                        self.named.remove(&name);
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.selects.push(select.clone());
        ControlFlow::Continue(())
    }
}

/// A SELECT over one row set that is being put together.
struct Relation {
    name: String,
    set: RowSet,
    condition: Option<Expr>,
    /// Columns of the set that are wanted as they are.
    columns: BTreeSet<String>,
    /// What is computed, and the columns' names.
    computed: Vec<(String, String)>,
    /// Whether any of that may fail for some values.
    may_fail: bool,
}

impl Relation {
    /// The column that `expr` becomes.
    fn compute(&mut self, expr: &Expr) -> Expr {
        let sql = expr.to_string();
        if let Some((_, name)) = self.computed.iter().find(|(other, _)| *other == sql) {
            return column(&self.set.alias, name.clone());
        }
        // Its text is its best name, as long as PostgreSQL does not cut it.
        let name = match sql.len() < 60 && !sql.contains('\n') {
            true => format!("({sql})"),
            false => format!("(expression {})", self.computed.len() + 1),
        };
        self.may_fail |= may_fail(expr);
        self.computed.push((sql, name.clone()));
        column(&self.set.alias, name)
    }

    fn delegated(self, known: &Splitter<'_>) -> Option<Delegated> {
        let alias = &self.set.alias;
        let own = self.columns.iter();
        let mut items: Vec<String> = own
            .map(|column| format!("{alias}.{}", ident(column)))
            .collect();
        let computed = self.computed.iter();
        items.extend(computed.map(|(sql, name)| format!("{sql} AS {}", ident(name))));
        if items.is_empty() {
            items.push("true AS \"(row)\"".to_owned());
        }
        let mut select = format!("SELECT {} FROM {}", items.join(", "), self.set.items_sql());
        if let Some(condition) = &self.condition {
            select += &format!(" WHERE {condition}");
        }
        let Some(Statement::Query(query)) = parsed(&select) else {
            return None;
        };
        let base = &known.bases[self.set.table];
        let whole = WholeQuery::row_wise(&select, &query, base, &known.names)?;
        let is_own = |name: &String| self.set.is_table && self.columns.contains(name);
        let names = self.computed.into_iter().map(|(_, name)| name);
        let columns = self.columns.iter().filter(|name| !is_own(name)).cloned();
        Some(Delegated {
            table: self.set.table,
            computed: names.chain(columns).collect(),
            name: self.name,
            may_fail: self.may_fail,
            whole,
        })
    }
}

/// One SELECT that is being visited, or a query that is none.
#[derive(Default)]
struct Frame {
    scope: Scope,
    /// The relation of each occurrence.
    relations: Vec<usize>,
    /// Occurrences that an outer join may add rows of NULLs to.
    padded: HashSet<usize>,
    /// The expressions that are grouped by, if rows are grouped.
    groups: Option<HashSet<String>>,
    /// How many aggregates are around what is visited.
    aggregates: usize,
    /// Whether it was made for a query whose SELECT is still to come.
    awaits_select: bool,
}

/// What was found where a visit to an expression began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Aggregate,
    /// An expression that need not be left to the source.
    Native,
}

/// Replaces what the source computes by columns of the relations that it gives.
struct Cutter<'a> {
    known: &'a Splitter<'a>,
    native: &'a HashSet<String>,
    tried: BTreeSet<String>,
    frames: Vec<Frame>,
    /// For each SELECT that is being visited, whether it has a frame of its own.
    pushed: Vec<bool>,
    within: Vec<Found>,
    relations: Vec<Relation>,
}

impl Cutter<'_> {
    /// Makes `select` read relations, and gives what names in it mean.
    fn enter(&mut self, select: &mut Select) -> Frame {
        name_results(select);
        let reads = reads(select, &self.known.named, &self.known.names);
        let is_one = matches!(reads, Reads::One(_));
        let sets = match reads {
            Reads::One(set) => vec![((0, None), set)],
            Reads::Several(sets) => sets,
        };
        let items = select.from.iter().map(|item| 1 + item.joins.len());
        let is_alone = is_one || sets.len() == items.sum::<usize>();
        let mut frame = Frame::default();
        frame.scope.is_alone = is_alone;
        let mut places = Vec::new();
        for (place, set) in sets {
            if let Some(occurrence) = self.occurrence(set) {
                frame.scope.occurrences.push(occurrence);
                places.push(place);
            }
        }
        let is_whole = frame.scope.occurrences.len() == places.len() && !places.is_empty();
        // Joins with functions are run where the rows are.
        let padded = match is_one {
            true => Some(HashSet::new()),
            false => padded(select, &places),
        };
        if !is_whole
            || padded.is_none()
            || hides_names(select, &frame.scope)
            || !spread_wildcards(select, &frame.scope)
        {
            return Frame::default();
        }
        frame.padded = padded.unwrap_or_default();
        name_computed(select, &frame.scope);
        let groups = self.groups(select, &frame.scope);
        self.replace_items(select, &mut frame, &places);
        self.delegate_condition(select, &mut frame);
        if groups.is_none() {
            self.delegate_sets(select, &mut frame);
        }
        let mut frame = self.visit_row_by_row(select, frame);
        frame.groups = groups;
        frame
    }

    /// `set` with the columns that the source says it has.
    fn occurrence(&self, set: RowSet) -> Option<Occurrence> {
        let mut columns = set
            .questions()
            .into_iter()
            .map(|question| self.known.columns.get(&(set.table, question)).cloned())
            .collect::<Option<Vec<_>>>()?;
        let own = columns.remove(0);
        Some(Occurrence {
            set,
            columns: own,
            function_columns: columns,
        })
    }

    /// The expressions that `select` groups by; `None` if it does not group.
    fn groups(&self, select: &Select, scope: &Scope) -> Option<HashSet<String>> {
        let mut aggregates = Aggregates {
            names: &self.known.names,
            is_found: false,
        };
        let _ = Visit::visit(&select.projection, &mut aggregates);
        if !has_group_by(select) && select.having.is_none() && !aggregates.is_found {
            return None;
        }
        let by = match &select.group_by {
            GroupByExpr::All(_) => &[],
            GroupByExpr::Expressions(by, _) => &**by,
        };
        let mut groups = HashSet::new();
        for expr in by {
            let inner: Vec<&Expr> = match expr {
                Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => {
                    sets.iter().flatten().collect()
                }
                Expr::Tuple(exprs) => exprs.iter().collect(),
                expr => vec![expr],
            };
            groups.extend(
                inner
                    .into_iter()
                    .map(|expr| key(output(select, scope, expr))),
            );
        }
        Some(groups)
    }

    /// Puts relations in the places of the row sets.
    fn replace_items(
        &mut self,
        select: &mut Select,
        frame: &mut Frame,
        places: &[(usize, Option<usize>)],
    ) {
        let is_one = frame.scope.is_alone && frame.scope.occurrences.len() == 1;
        for (occurrence, (item, join)) in frame.scope.occurrences.iter().zip(places) {
            let number = self.relations.len();
            let name = format!("towpath_{}", number + 1);
            let factor = table_factor(&name, &occurrence.set.alias);
            match (is_one, join) {
                (true, _) => {
                    select.from = vec![TableWithJoins {
                        relation: factor,
                        joins: Vec::new(),
                    }];
                }
                (false, None) => select.from[*item].relation = factor,
                (false, Some(join)) => select.from[*item].joins[*join].relation = factor,
            }
            frame.relations.push(number);
            self.relations.push(Relation {
                name,
                set: occurrence.set.clone(),
                condition: None,
                columns: BTreeSet::new(),
                computed: Vec::new(),
                may_fail: false,
            });
        }
        for join in select.from.iter_mut().flat_map(|item| &mut item.joins) {
            self.note_merged(frame, &mut join.join_operator);
        }
    }

    /// Columns that a join merges are wanted.
    fn note_merged(&mut self, frame: &Frame, operator: &mut JoinOperator) {
        let Some(JoinConstraint::Using(names)) = constraint(operator) else {
            return;
        };
        let names = names.iter().filter_map(|name| name.0.last()?.as_ident());
        for name in names.map(folded) {
            for (occurrence, relation) in frame.scope.occurrences.iter().zip(&frame.relations) {
                if occurrence.columns.contains(&name) {
                    self.relations[*relation].columns.insert(name.clone());
                }
            }
        }
    }

    /// Leaves WHERE to the source if it is about its rows only.
    fn delegate_condition(&mut self, select: &mut Select, frame: &mut Frame) {
        let Some(condition) = &select.selection else {
            return;
        };
        let names = &self.known.names;
        let is_one = frame.scope.is_alone && frame.scope.occurrences.len() == 1;
        if is_one && frame.scope.row_wise(condition, names).is_some() {
            self.relations[frame.relations[0]].condition = select.selection.take();
        }
    }

    /// Leaves a list in which a function gives several rows to the source, as a whole.
    fn delegate_sets(&mut self, select: &mut Select, frame: &mut Frame) {
        let gives_set = |expr: &Expr| {
            let mut names = super::functions_of(expr).into_iter();
            names.any(|name| self.known.names.returns_set(&name))
        };
        if select.projection.iter().any(|item| {
            matches!(item, SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr)
                if gives_set(expr))
        }) {
            name_all(select);
        }
        let exprs: Option<Vec<&mut Expr>> = select
            .projection
            .iter_mut()
            .map(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(expr)
                }
                _ => None,
            })
            .collect();
        let Some(mut exprs) = exprs else {
            return;
        };
        let is_one = frame.scope.is_alone && frame.scope.occurrences.len() == 1;
        // Rows are made distinct before sets become several.
        let is_distinct_on = matches!(select.distinct, Some(Distinct::On(_)));
        if !is_one
            || is_distinct_on
            || !exprs.iter().any(|expr| gives_set(expr))
            || !exprs
                .iter()
                .all(|expr| frame.scope.is_row_wise_with_sets(expr, &self.known.names))
        {
            return;
        }
        for expr in &mut exprs {
            let relation = &mut self.relations[frame.relations[0]];
            **expr = relation.compute(expr);
        }
    }

    /// Visits what is about single rows whatever the list is: WHERE, and the conditions of joins.
    fn visit_row_by_row(&mut self, select: &mut Select, frame: Frame) -> Frame {
        self.frames.push(frame);
        let _ = VisitMut::visit(&mut select.selection, self);
        for join in select.from.iter_mut().flat_map(|item| &mut item.joins) {
            let _ = VisitMut::visit(&mut join.join_operator, self);
        }
        self.frames.pop().unwrap_or_default()
    }

    /// Notes the column that `expr` is, here or in a query around this one; gives what the source
    /// computes for it, if that is no column of its own.
    fn name(&mut self, expr: &Expr) -> Option<(usize, Meaning)> {
        for (depth, frame) in self.frames.iter().rev().enumerate() {
            match frame.scope.meaning(expr) {
                Meaning::Column(at) => {
                    let relation = frame.relations[at];
                    self.relations[relation]
                        .columns
                        .extend(last_name(expr).map(folded));
                    return None;
                }
                Meaning::Computed(at) if depth == 0 => {
                    return Some((frame.relations[at], Meaning::Computed(at)));
                }
                // A name that is ambiguous must not become clear by what is left out.
                _ => {
                    for at in frame.scope.holders(expr) {
                        let columns = &mut self.relations[frame.relations[at]].columns;
                        columns.extend(last_name(expr).map(folded));
                    }
                }
            }
        }
        None
    }

    /// The relation that is to compute `expr`; `None` if nothing but its parts can be left to the
    /// source, and whether it need not be.
    fn judge(&mut self, expr: &Expr) -> (Option<usize>, Found) {
        if let Expr::Function(function) = expr
            && function.over.is_none()
            && name_of(function).is_some_and(|name| self.known.names.takes_several_rows(&name))
        {
            return (None, Found::Aggregate);
        }
        let is_within_native = self.within.contains(&Found::Native);
        let Some(frame) = self.frames.last().filter(|_| !is_within_native) else {
            return (None, Found::Nothing);
        };
        let names = &self.known.names;
        let Some(at) = frame.scope.row_wise(expr, names) else {
            return (None, Found::Nothing);
        };
        if frame.padded.contains(&at) && !is_null_of_nulls(expr, names) {
            return (None, Found::Nothing);
        }
        let is_grouped = frame.aggregates == 0
            && frame
                .groups
                .as_ref()
                .is_some_and(|groups| !groups.contains(&key(expr)));
        if is_grouped {
            return (None, Found::Nothing);
        }
        let set = &frame.scope.occurrences[at].set;
        if set.is_table && set.function_aliases.is_empty() {
            let select = format!("SELECT {expr} AS value FROM {}", set.items_sql());
            let is_native = self.native.contains(&select);
            self.tried.insert(select);
            if is_native {
                return (None, Found::Native);
            }
        }
        (Some(frame.relations[at]), Found::Nothing)
    }
}

impl VisitorMut for Cutter<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        bare_order(query);
        let mut frame = match &mut *query.body {
            SetExpr::Select(select) => self.enter(select),
            _ => Frame::default(),
        };
        frame.awaits_select = matches!(&*query.body, SetExpr::Select(_));
        self.frames.push(frame);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.frames.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let is_awaited = match self.frames.last_mut() {
            Some(frame) => std::mem::take(&mut frame.awaits_select),
            None => false,
        };
        if !is_awaited {
            let frame = self.enter(select);
            self.frames.push(frame);
        }
        self.pushed.push(!is_awaited);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<()> {
        if self.pushed.pop() == Some(true) {
            self.frames.pop();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let mut found = Found::Nothing;
        let relation = match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                self.name(expr).map(|(relation, _)| relation)
            }
            Expr::Value(_) => None,
            _ => {
                let (relation, judged) = self.judge(expr);
                found = judged;
                relation
            }
        };
        if let Some(relation) = relation {
            *expr = self.relations[relation].compute(expr);
        }
        if found == Found::Aggregate
            && let Some(frame) = self.frames.last_mut()
        {
            frame.aggregates += 1;
        }
        self.within.push(found);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, _: &mut Expr) -> ControlFlow<()> {
        if self.within.pop() == Some(Found::Aggregate)
            && let Some(frame) = self.frames.last_mut()
        {
            frame.aggregates -= 1;
        }
        ControlFlow::Continue(())
    }
}

/// Finds aggregates that are not windowed.
struct Aggregates<'a> {
    names: &'a Names,
    is_found: bool,
}

impl Visitor for Aggregates<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.is_found |= matches!(expr, Expr::Function(function)
            if function.over.is_none()
                && name_of(function).is_some_and(|name| self.names.takes_several_rows(&name)));
        ControlFlow::Continue(())
    }
}

/// Gives every result of `select` the name that it has, columns too.
fn name_all(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item {
            let alias = Ident::with_quote('"', result_name(expr));
            let expr = expr.clone();
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
}

/// Whether a result is called as something else that a function in FROM gives: which of the two is
/// meant depends on the clause.
fn hides_names(select: &Select, scope: &Scope) -> bool {
    select.projection.iter().any(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            let name = Expr::Identifier(alias.clone());
            *expr != name && matches!(scope.meaning(&name), Meaning::Computed(_))
        }
        _ => false,
    })
}

/// Names results that are no columns of their own, as they are about to become some.
fn name_computed(select: &mut Select, scope: &Scope) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && matches!(scope.meaning(expr), Meaning::Computed(_))
        {
            let alias = Ident::with_quote('"', result_name(expr));
            let expr = expr.clone();
            *item = SelectItem::ExprWithAlias { expr, alias };
        }
    }
}

/// The expression that `expr`, in GROUP BY, stands for: that of a result, if it is its number or
/// its name, and no column is called so.
fn output<'a>(select: &'a Select, scope: &Scope, expr: &'a Expr) -> &'a Expr {
    let expr_of = |item: &'a SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    };
    let found = match expr {
        Expr::Value(ValueWithSpan {
            value: Value::Number(number, _),
            ..
        }) => {
            let at: Option<usize> = number.parse().ok();
            let item = at.and_then(|at| select.projection.get(at.checked_sub(1)?));
            item.and_then(expr_of)
        }
        Expr::Identifier(name) if scope.meaning(expr) == Meaning::Other => {
            let item = select.projection.iter().find(|item| {
                matches!(item, SelectItem::ExprWithAlias { alias, .. } if folded(alias) == folded(name))
            });
            item.and_then(expr_of)
        }
        _ => None,
    };
    found.unwrap_or(expr)
}

/// The text of `expr` without parentheses around it.
fn key(expr: &Expr) -> String {
    match expr {
        Expr::Nested(inner) => key(inner),
        expr => expr.to_string(),
    }
}
