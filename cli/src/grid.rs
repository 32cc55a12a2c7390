//! Text in aligned columns.

use std::fmt;

/// On which side the cells of a column begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells under a heading; displays with columns two blanks apart.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A grid with these headings and no rows.
    pub(crate) fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        let columns = columns
            .into_iter()
            .map(|(name, align)| (name.to_owned(), align));
        Self {
            columns: columns.collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; line ends and tabs in cells become visible, so that a row stays a line.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(
            cells
                .into_iter()
                .map(|cell| visible(&cell.into()))
                .collect(),
        );
    }

    /// How many rows there are.
    pub(crate) fn row_count(&self) -> usize {
        self.rows.len()
    }

    fn widths(&self) -> Vec<usize> {
        let width = |(at, (name, _)): (usize, &(String, Align))| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells
                .chain([name])
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        self.columns.iter().enumerate().map(width).collect()
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a String>, widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, (_, align)), width) in cells.zip(&self.columns).zip(widths) {
            match align {
                Align::Left => line.push_str(&format!("{cell:<width$}  ")),
                Align::Right => line.push_str(&format!("{cell:>width$}  ")),
            }
        }
        line.trim_end().to_owned()
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        writeln!(
            f,
            "{}",
            self.line(self.columns.iter().map(|(name, _)| name), &widths)
        )?;
        for row in &self.rows {
            writeln!(f, "{}", self.line(row.iter(), &widths))?;
        }
        Ok(())
    }
}

fn visible(cell: &str) -> String {
    cell.chars()
        .flat_map(|char| match char {
            char if char.is_control() => char.escape_default().collect::<Vec<_>>(),
            char => vec![char],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut grid = Grid::new([("name", Align::Left), ("rows", Align::Right)]);
        grid.row(["übers", "1"]);
        grid.row(["a\nb", "1,000"]);
        insta::assert_snapshot!(grid, @r"
        name    rows
        übers      1
        a\nb   1,000
        ");
    }
}
