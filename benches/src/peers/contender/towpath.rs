//! towpath itself.

use crate::process::Program;
use crate::setting::Setting;

/// `towpath copy` between the two servers, with more arguments.
pub(crate) fn copy(setting: &Setting, arguments: &[&str]) -> Program {
    let (from, to) = (&*setting.from, &*setting.to);
    let words = [
        "copy", "--from", from, "--to", to, "--write", "upsert", "--quiet",
    ];
    towpath(setting, &[&words, arguments].concat())
}

/// `towpath` with these arguments.
pub(crate) fn towpath(setting: &Setting, arguments: &[&str]) -> Program {
    Program {
        path: setting.towpath.clone(),
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        environment: Vec::new(),
    }
}
