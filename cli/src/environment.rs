//! What the process was started with: variables, home directory, user. The one place that asks.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Variables and directories, read once; tests make their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// The home directory, if there is one.
    pub(crate) home: Option<PathBuf>,
    /// The name of the operating system's user, if it can be told.
    pub(crate) user: Option<String>,
}

impl Environment {
    /// That of this process; variables that are not UTF-8 do not count.
    pub(crate) fn current() -> Self {
        let variables: BTreeMap<_, _> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let user = system_user()
            .or_else(|| variables.get("USER").cloned())
            .or_else(|| variables.get("LOGNAME").cloned());
        Self {
            variables,
            home: std::env::home_dir(),
            user,
        }
    }

    /// The variable `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The directory of towpath's own configuration: `$XDG_CONFIG_HOME/towpath` or
    /// `~/.config/towpath`.
    pub(crate) fn config_directory(&self) -> Option<PathBuf> {
        let base = match self.get("XDG_CONFIG_HOME").filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => self.home.as_ref()?.join(".config"),
        };
        Some(base.join("towpath"))
    }

    /// An environment of these variables, without home and user.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            variables: variables.iter().map(owned).collect(),
            home: None,
            user: None,
        }
    }
}

/// The name of the user that runs this process, by the password file: `sudo` and `su` leave `USER`.
fn system_user() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let uid = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}
