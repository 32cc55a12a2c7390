//! What a run would do, for people.

use towpath_engine::report::{ColumnReport, Fidelity, PlanReport};

use crate::grid::{Align, Grid};
use crate::name::readable;

/// A heading, the columns as an aligned table, and every statement.
pub(crate) fn plan_text(plan: &PlanReport) -> String {
    let mut sections = vec![heading(plan), columns(&plan.columns)];
    sections.extend(section("types", &plan.types));
    sections.extend(section("notes", &plan.notes));
    sections.extend(section("not copied", &plan.not_copied));
    sections.extend(section("reads", &plan.reads));
    sections.extend(
        plan.engine
            .as_ref()
            .and_then(|text| section("engine", std::slice::from_ref(text))),
    );
    sections.extend(section("statements", &plan.statements));
    sections.join("\n\n")
}

fn heading(plan: &PlanReport) -> String {
    let key = match plan.key.is_empty() {
        true => String::new(),
        false => format!(" by {}", plan.key.join(", ")),
    };
    let exists = match plan.destination_exists {
        true => "exists",
        false => "will be created",
    };
    format!(
        "{}: {} → {} ({exists}), {}{key}\n  {}",
        plan.stream,
        readable(&plan.source),
        readable(&plan.destination),
        plan.write,
        plan.path
    )
}

fn columns(columns: &[ColumnReport]) -> String {
    let headings = [
        "column",
        "source type",
        "travels as",
        "destination type",
        "fidelity",
    ];
    let mut grid = Grid::new(headings.map(|heading| (heading, Align::Left)));
    for column in columns {
        let verdict = match column.fidelity {
            Fidelity::Exact => "exact",
            Fidelity::Converted => "converted",
            Fidelity::Refused => "REFUSED",
        };
        let fidelity = match &column.note {
            Some(note) => format!("{verdict}: {note}"),
            None => verdict.to_owned(),
        };
        let types = [&column.name, &column.source_type, &column.representation];
        grid.row(
            types
                .into_iter()
                .map(String::as_str)
                .chain([&*column.destination_type, &*fidelity]),
        );
    }
    indented(&grid.to_string())
}

/// A titled list; `None` if there is nothing in it.
pub(super) fn section(title: &str, items: &[String]) -> Option<String> {
    let items: Vec<_> = items.iter().map(|item| indented(item)).collect();
    (!items.is_empty()).then(|| format!("  {title}:\n{}", indented(&items.join("\n"))))
}

pub(super) fn indented(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| match line.is_empty() {
        true => String::new(),
        false => format!("  {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_tells_columns_before_statements() {
        let column = |name: &str, fidelity, note: Option<&str>| ColumnReport {
            name: name.into(),
            source_type: "numeric".into(),
            representation: "wire".into(),
            destination_type: "numeric(10,2)".into(),
            fidelity,
            note: note.map(str::to_owned),
        };
        let plan = PlanReport {
            stream: "orders".into(),
            source: "public.orders".into(),
            destination: "dwh.orders".into(),
            destination_exists: true,
            write: "upsert".into(),
            key: vec!["id".into(), "day".into()],
            path: "rows go through staging and are merged in one transaction".into(),
            columns: vec![
                column("id", Fidelity::Exact, None),
                column(
                    "amount",
                    Fidelity::Refused,
                    Some("cast it to numeric(10,2)"),
                ),
            ],
            reads: vec!["SELECT \"id\"\n  FROM \"orders\"".into()],
            engine: Some("Projection: id".into()),
            statements: vec!["BEGIN".into(), "COMMIT".into()],
            types: vec!["CREATE TYPE public.mood AS ENUM ('ok')".into()],
            not_copied: vec!["trigger \"audit\"".into()],
            notes: vec!["two rows may share a key".into()],
        };
        insta::assert_snapshot!(plan_text(&plan), @r#"
        orders: public.orders → dwh.orders (exists), upsert by id, day
          rows go through staging and are merged in one transaction

          column  source type  travels as  destination type  fidelity
          id      numeric      wire        numeric(10,2)     exact
          amount  numeric      wire        numeric(10,2)     REFUSED: cast it to numeric(10,2)

          types:
            CREATE TYPE public.mood AS ENUM ('ok')

          notes:
            two rows may share a key

          not copied:
            trigger "audit"

          reads:
            SELECT "id"
              FROM "orders"

          engine:
            Projection: id

          statements:
            BEGIN
            COMMIT
        "#);
    }
}
