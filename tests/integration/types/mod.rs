//! Every type comes through: as it is, through SQL that does not touch it, and in a merge; and SQL
//! that computes on it gives what PostgreSQL gives, or is refused.
//!
//! Types and values stand in tables. `15: numeric(5,-2)` is a type, and `14: 'Infinity'` a value,
//! that came with that version of PostgreSQL: where the source knows it and the destination does
//! not, the plan must refuse it. What each run finds is held against the file of its pair of versions
//! in `tests/types`, and docs/types.md is made from these files.

mod arrays;
mod check;
mod composed;
mod coverage;
mod dates;
mod extensions;
mod found;
mod later;
mod network;
mod numbers;
mod refused;
mod system;
mod texts;

/// A column type, and values of it as SQL literals; NULL is always tried as well.
type Column = (&'static str, &'static [&'static str]);

/// Columns of one table, and of one test.
struct Group {
    /// The test's name: what is kept.
    name: &'static str,
    /// SQL that runs in both databases first.
    setup: &'static str,
    columns: &'static [Column],
}

/// All groups, by the headings of docs/types.md.
const SECTIONS: &[(&str, &[Group])] = &[
    ("Numbers", numbers::GROUPS),
    ("Dates and times", dates::GROUPS),
    ("Text, bytes, bits and documents", texts::GROUPS),
    ("Network addresses and geometry", network::GROUPS),
    ("PostgreSQL's own", system::GROUPS),
    ("Arrays", arrays::GROUPS),
    ("Enums, domains, rows and ranges", composed::GROUPS),
    ("Extensions", extensions::GROUPS),
];

/// The groups of a file, and a test for each.
macro_rules! groups {
    ($($name:ident ($setup:expr) $columns:expr;)*) => {
        pub(super) const GROUPS: &[super::Group] = &[$(super::Group {
            name: stringify!($name),
            setup: $setup,
            columns: $columns,
        }),*];

        $(
            #[tokio::test]
            async fn $name() {
                let group = GROUPS.iter().find(|group| group.name == stringify!($name));
                super::check::check(group.unwrap()).await;
            }
        )*
    };
}

use groups;
