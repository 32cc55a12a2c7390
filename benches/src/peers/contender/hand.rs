//! What one can do with `psql`.

use crate::process::{Pipe, Program};
use crate::setting::Setting;
use crate::table::Table;

/// Rows of `select` through a pipe of two `psql` into `into`, binary.
pub(crate) fn relay_of(setting: &Setting, select: &str, into: &str) -> Pipe {
    let copy_out = format!("COPY ({select}) TO STDOUT (FORMAT binary)");
    let copy_in = format!("COPY {into} FROM STDIN (FORMAT binary)");
    vec![
        psql(setting, &setting.from, &[&copy_out]),
        psql(setting, &setting.to, &[&copy_in]),
    ]
}

/// All rows of `table` into the table of the same name.
pub(crate) fn relay(setting: &Setting, table: &Table) -> Pipe {
    relay_of(
        setting,
        &format!("SELECT * FROM {}", table.name),
        &table.name,
    )
}

/// A `psql` that builds the key of `table` in the destination.
pub(crate) fn key(setting: &Setting, table: &Table) -> Pipe {
    vec![psql(setting, &setting.to, &[&table.add_key()])]
}

/// A `psql` that runs statements, each in its own transaction.
pub(crate) fn psql(setting: &Setting, url: &str, statements: &[&str]) -> Program {
    let words = ["--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", url];
    let mut arguments = words.map(str::to_owned).to_vec();
    for statement in statements {
        arguments.extend(["-c".to_owned(), (*statement).to_owned()]);
    }
    Program {
        path: setting.psql.clone(),
        arguments,
        environment: Vec::new(),
    }
}
