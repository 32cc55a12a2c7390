//! Who is measured, from which start, and how.

use std::path::Path;

use towpath_engine::Result;

use crate::data::{TABLE, add_key_statement, create_statement};
use crate::database::{Database, Databases};
use crate::process::{Program, Usage, run};

/// One way to get the table across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// `psql | psql` into a table that has its key.
    Relay,
    /// `psql | psql` into a table without key, then the key.
    RelayThenKey,
    /// Two of those at once, for half of the table's pages each, then the key.
    TwoRelaysThenKey,
    /// towpath, the table is missing.
    TowpathMissing,
    /// towpath, the table is there, with its key and without rows.
    TowpathEmpty,
    /// towpath, the table holds all the rows already.
    TowpathUnchanged,
}

/// Between whom, and with which towpath.
pub(crate) struct Setting<'a> {
    pub(crate) databases: &'a Databases,
    pub(crate) towpath: &'a Path,
    /// The page of the source's table that begins its second half.
    pub(crate) middle: &'a str,
}

impl Contender {
    pub(crate) const ALL: [Self; 6] = [
        Self::Relay,
        Self::RelayThenKey,
        Self::TwoRelaysThenKey,
        Self::TowpathMissing,
        Self::TowpathEmpty,
        Self::TowpathUnchanged,
    ];

    /// All of them in the order of one repetition: each repetition begins one further, so that
    /// nobody always comes after the same one. [`TowpathUnchanged`](Self::TowpathUnchanged) needs
    /// what [`TowpathEmpty`](Self::TowpathEmpty) leaves, and always follows it.
    pub(crate) fn in_turn(repetition: u32) -> Vec<Self> {
        let mut groups = [
            vec![Self::Relay],
            vec![Self::RelayThenKey],
            vec![Self::TwoRelaysThenKey],
            vec![Self::TowpathMissing],
            vec![Self::TowpathEmpty, Self::TowpathUnchanged],
        ];
        let count = groups.len();
        groups.rotate_left((repetition as usize + count - 1) % count);
        groups.concat()
    }

    /// Its name in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::RelayThenKey => "relay, then key",
            Self::TwoRelaysThenKey => "two relays, then key",
            Self::TowpathMissing => "towpath, table missing",
            Self::TowpathEmpty => "towpath, table empty",
            Self::TowpathUnchanged => "towpath, nothing changed",
        }
    }

    /// Brings the destination to where it starts from, with nothing left to write on either server.
    ///
    /// # Errors
    /// `Load`, if a server refuses.
    pub(crate) async fn reset(self, databases: &Databases) -> Result<()> {
        let destination = &databases.destination;
        if self == Self::TowpathUnchanged {
            // What autovacuum, which is off, would have done by the next run.
            destination
                .execute(&format!("VACUUM ANALYZE {TABLE}"))
                .await?;
        } else {
            destination
                .execute(&format!("DROP TABLE IF EXISTS {TABLE}"))
                .await?;
        }
        match self {
            Self::Relay | Self::TowpathEmpty => {
                destination.execute(&create_statement(true)).await?;
            }
            Self::RelayThenKey | Self::TwoRelaysThenKey => {
                destination.execute(&create_statement(false)).await?;
            }
            Self::TowpathMissing | Self::TowpathUnchanged => {}
        }
        databases.checkpoint().await
    }

    /// Does it, and says what that took.
    ///
    /// # Errors
    /// `Load`, if a program does not end well.
    pub(crate) fn run(self, setting: &Setting<'_>) -> Result<Usage> {
        let Setting {
            databases,
            towpath,
            middle,
        } = setting;
        eprintln!("{}", self.name());
        let key = || {
            run(&[vec![psql(
                databases,
                &databases.destination,
                &add_key_statement(),
            )]])
        };
        match self {
            Self::Relay => run(&[relay(databases, "")]),
            Self::RelayThenKey => Ok(run(&[relay(databases, "")])?.then(key()?)),
            Self::TwoRelaysThenKey => {
                let [first, second] = halves(middle).map(|half| relay(databases, &half));
                Ok(run(&[first, second])?.then(key()?))
            }
            Self::TowpathMissing | Self::TowpathEmpty | Self::TowpathUnchanged => {
                run(&[vec![copy(databases, towpath)]])
            }
        }
    }
}

/// The commands of every contender, for people, without addresses.
pub(crate) fn command_lines(middle: &str) -> String {
    let [first, second] = halves(middle);
    format!(
        "relay:    psql -c \"{}\" | psql -c \"{}\"\nhalves:   …{first} and …{second}\n\
         key:      psql -c \"{}\"\ntowpath:  towpath copy --from … --to … --table {TABLE} \
         --write upsert --quiet",
        copy_out(""),
        copy_in(),
        add_key_statement(),
    )
}

/// Conditions that cut the table at page `middle`.
fn halves(middle: &str) -> [String; 2] {
    ["<", ">="].map(|operator| format!(" WHERE ctid {operator} '({middle},0)'"))
}

fn copy_out(condition: &str) -> String {
    format!("COPY (SELECT * FROM {TABLE}{condition}) TO STDOUT (FORMAT binary)")
}

fn copy_in() -> String {
    format!("COPY {TABLE} FROM STDIN (FORMAT binary)")
}

fn relay<'a>(databases: &'a Databases, condition: &str) -> Vec<Program<'a>> {
    vec![
        psql(databases, &databases.source, &copy_out(condition)),
        psql(databases, &databases.destination, &copy_in()),
    ]
}

fn psql<'a>(databases: &'a Databases, database: &Database, statement: &str) -> Program<'a> {
    let words = [
        "--no-psqlrc",
        "--quiet",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        &database.url,
        "-c",
        statement,
    ];
    Program {
        path: &databases.psql,
        arguments: words.map(str::to_owned).to_vec(),
    }
}

fn copy<'a>(databases: &Databases, towpath: &'a Path) -> Program<'a> {
    let (from, to) = (&*databases.source.url, &*databases.destination.url);
    let words = [
        "copy", "--from", from, "--to", to, "--table", TABLE, "--write", "upsert", "--quiet",
    ];
    Program {
        path: towpath,
        arguments: words.map(str::to_owned).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_has_a_turn_in_each_repetition() {
        for repetition in 1..10 {
            let turn = Contender::in_turn(repetition);
            assert!(
                Contender::ALL
                    .iter()
                    .all(|contender| turn.contains(contender))
            );
            assert_eq!(turn.len(), Contender::ALL.len());
        }
    }

    #[test]
    fn each_repetition_begins_with_another() {
        assert_eq!(Contender::in_turn(1)[0], Contender::Relay);
        assert_eq!(Contender::in_turn(2)[0], Contender::RelayThenKey);
        assert_eq!(Contender::in_turn(6)[0], Contender::Relay);
    }
}
