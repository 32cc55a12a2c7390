//! Whom a server runs as: PostgreSQL refuses to run as root.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use towpath_engine::{Error, ErrorKind, Result};

/// Users of the system that may own a throw-away server, in order of preference.
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// A user of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// The user that a server in `folder`, which this process has just created, must change to;
    /// `None` if it may stay who it is.
    ///
    /// # Errors
    /// `Config`, if this process is root and the system has no user to change to.
    pub(super) fn unprivileged(folder: &Path) -> Result<Option<Self>> {
        // The owner of a new folder is the effective user: std has no other way to ask for it.
        let owner = fs::metadata(folder).map(|metadata| metadata.uid());
        if owner.is_ok_and(|uid| uid != 0) {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::choose(&passwd).map(Some).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "PostgreSQL does not run as root, and this system has no user \"postgres\" or \"nobody\"",
            )
            .with_hint("run it as another user")
        })
    }

    /// The first of [`NAMES`] that `passwd`, in the format of `/etc/passwd`, holds.
    fn choose(passwd: &str) -> Option<Self> {
        NAMES.iter().find_map(|name| {
            passwd.lines().find_map(|line| {
                let mut fields = line.split(':');
                if fields.next() != Some(*name) {
                    return None;
                }
                let uid = fields.nth(1)?.parse().ok()?;
                let gid = fields.next()?.parse().ok()?;
                Some(Self { uid, gid })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_comes_before_nobody() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n\
                      postgres:x:101:104::/var/lib/postgresql:/bin/bash\n";
        assert_eq!(
            Account::choose(passwd),
            Some(Account { uid: 101, gid: 104 })
        );
    }

    #[test]
    fn nobody_will_do() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        let nobody = Account {
            uid: 65534,
            gid: 65533,
        };
        assert_eq!(Account::choose(passwd), Some(nobody));
    }

    #[test]
    fn a_system_without_either_has_no_account() {
        assert_eq!(Account::choose("root:x:0:0::/root:/bin/sh\n"), None);
    }
}
