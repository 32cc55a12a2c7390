//! What joins make of their tables: rows of NULLs, merged columns, and the columns of `*`.

use std::collections::HashSet;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectNamePart, Select, SelectItem,
    SelectItemQualifiedWildcardKind, TableWithJoins, Value,
};

use super::scope::{Occurrence, Scope, column};
use crate::template::folded;

/// Puts columns in the places of `*`; `false` if not all of them are known.
pub(super) fn spread_wildcards(select: &mut Select, scope: &Scope) -> bool {
    let Some(all) = joined_columns(&mut select.from, scope) else {
        return false;
    };
    let mut items = Vec::with_capacity(select.projection.len());
    for item in std::mem::take(&mut select.projection) {
        match &item {
            SelectItem::Wildcard(_) if !scope.is_alone => {
                items.push(item);
                select.projection = items;
                return false;
            }
            SelectItem::Wildcard(_) => {
                items.extend(all.iter().map(|(alias, name)| carried(alias, name)));
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let own = match &*name.0 {
                    [ObjectNamePart::Identifier(name)] => Some(folded(name)),
                    _ => None,
                };
                let mut aliases = scope.occurrences.iter().flat_map(Occurrence::aliases);
                match aliases.find(|(alias, _)| Some(folded(alias)) == own) {
                    Some((alias, columns)) => {
                        items.extend(columns.iter().map(|name| carried(alias, name)));
                    }
                    None => items.push(item),
                }
            }
            _ => items.push(item),
        }
    }
    select.projection = items;
    true
}

/// The columns of all items of `from`, each with its alias, in the order that `*` has: those that a join
/// merges come first, as the left one's. NATURAL becomes USING.
///
/// `None` if a merged column would not be the left one's.
fn joined_columns<'a>(
    from: &mut [TableWithJoins],
    scope: &'a Scope,
) -> Option<Vec<(&'a Ident, &'a String)>> {
    let columns = |occurrence: &'a Occurrence| -> Vec<(&'a Ident, &'a String)> {
        let aliases = occurrence.aliases();
        let columns =
            aliases.flat_map(|(alias, names)| names.iter().map(move |name| (alias, name)));
        columns.collect()
    };
    let items: usize = from.iter().map(|item| 1 + item.joins.len()).sum();
    if items != scope.occurrences.len() {
        // Functions that are joined with the first item merge nothing.
        return Some(scope.occurrences.iter().flat_map(columns).collect());
    }
    let mut occurrences = scope.occurrences.iter().map(columns);
    let mut all = Vec::new();
    for item in from {
        let mut left = occurrences.next()?;
        for join in &mut item.joins {
            let right = occurrences.next()?;
            left = merged(left, right, &mut join.join_operator)?;
        }
        all.extend(left);
    }
    Some(all)
}

/// The columns of a join of what has the columns `left` and `right`.
fn merged<'a>(
    left: Vec<(&'a Ident, &'a String)>,
    right: Vec<(&'a Ident, &'a String)>,
    operator: &mut JoinOperator,
) -> Option<Vec<(&'a Ident, &'a String)>> {
    let keeps_left = pads(operator).is_some_and(|(pads_left, _)| !pads_left);
    let names: Vec<String> = match constraint(operator) {
        Some(JoinConstraint::Using(names)) => {
            let names = names
                .iter()
                .map(|name| name.0.last()?.as_ident().map(folded));
            names.collect::<Option<_>>()?
        }
        Some(natural @ JoinConstraint::Natural) => {
            let is_common = |name: &String| right.iter().any(|(_, other)| *other == name);
            let names = left.iter().map(|(_, name)| (*name).clone());
            let names: Vec<String> = names.filter(is_common).collect();
            let parts = names
                .iter()
                .map(|name| Ident::with_quote('"', name.clone()));
            *natural = match names.is_empty() {
                true => JoinConstraint::On(Expr::value(Value::Boolean(true))),
                false => JoinConstraint::Using(parts.map(|part| vec![part].into()).collect()),
            };
            names
        }
        _ => Vec::new(),
    };
    if !keeps_left && !names.is_empty() {
        return None;
    }
    let of_left = |name: &String| left.iter().copied().find(|(_, other)| *other == name);
    let mut all: Vec<_> = names.iter().map(of_left).collect::<Option<_>>()?;
    let others = left.iter().chain(&right);
    all.extend(others.filter(|(_, name)| !names.contains(name)));
    Some(all)
}

/// What rows of a join must have in common.
pub(super) fn constraint(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint) => Some(constraint),
        _ => None,
    }
}

/// The column `name` of `alias` under its own name.
fn carried(alias: &Ident, name: &str) -> SelectItem {
    SelectItem::ExprWithAlias {
        expr: column(alias, name.to_owned()),
        alias: Ident::with_quote('"', name),
    }
}

/// Which of the row sets in `places` the joins of `select` may add rows of NULLs to; `None` if it has
/// joins of other kinds.
pub(super) fn padded(select: &Select, places: &[(usize, Option<usize>)]) -> Option<HashSet<usize>> {
    let mut padded = HashSet::new();
    for (at, item) in select.from.iter().enumerate() {
        for (number, join) in item.joins.iter().enumerate() {
            let (left, right) = pads(&join.join_operator)?;
            let sets = places.iter().enumerate();
            let sets = sets.filter(|(_, (item, place))| {
                let is_left = place.is_none_or(|place| place < number);
                *item == at && (left && is_left || right && *place == Some(number))
            });
            padded.extend(sets.map(|(set, _)| set));
        }
    }
    Some(padded)
}

/// Whether a join adds rows of NULLs to what is left of it, and to what is right; `None` for other
/// kinds of joins.
fn pads(operator: &JoinOperator) -> Option<(bool, bool)> {
    match operator {
        JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_) => {
            Some((false, false))
        }
        JoinOperator::Left(_) | JoinOperator::LeftOuter(_) => Some((false, true)),
        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => Some((true, false)),
        JoinOperator::FullOuter(_) => Some((true, true)),
        _ => None,
    }
}
