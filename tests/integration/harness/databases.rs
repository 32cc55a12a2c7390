//! Two servers for the whole test process, and a database on each for every test.

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use towpath::server::{ServerOptions, ServerPrograms, ThrowawayServer};

use super::Session;

/// Names the folder of the source's server programs; without it, those that are found.
const SOURCE_PROGRAMS: &str = "TOWPATH_TEST_PG_SOURCE_BIN";

/// Names the folder of the destination's server programs; without it, those that are found.
const DESTINATION_PROGRAMS: &str = "TOWPATH_TEST_PG_DESTINATION_BIN";

/// Both servers. A static is never dropped: the shells beside the servers see this process end.
static SERVERS: OnceCell<Servers> = OnceCell::const_new();

/// Databases created so far by this process.
static DATABASE_COUNT: AtomicU32 = AtomicU32::new(0);

struct Servers {
    source: ThrowawayServer,
    destination: ThrowawayServer,
    versions: Versions,
}

/// The major versions of PostgreSQL that the tests run between.
///
/// What a version lacks is told to the test that wants it, by [`both_since`](Self::both_since) or
/// by a version beside a value: nothing is skipped for any other reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    /// The source's.
    pub(crate) source: u32,
    /// The destination's.
    pub(crate) destination: u32,
}

impl Versions {
    /// Those of the servers of this process, which are started if they do not run yet.
    pub(crate) async fn of_servers() -> Self {
        Servers::running().await.versions
    }

    /// Whether both know what came with `version`.
    pub(crate) fn both_since(self, version: u32) -> bool {
        self.source.min(self.destination) >= version
    }
}

impl Servers {
    async fn running() -> &'static Self {
        SERVERS.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        let options = ServerOptions {
            // Prepared transactions hold locks as long as a test likes; logical decoding is what
            // change capture reads.
            settings: vec![
                ("max_prepared_transactions".to_owned(), "10".to_owned()),
                ("wal_level".to_owned(), "logical".to_owned()),
            ],
        };
        let source = source_programs();
        let destination = destination_programs();
        let versions = Versions {
            source: source.major_version(),
            destination: destination.major_version(),
        };
        let (source, destination) = tokio::join!(
            ThrowawayServer::start(&source, &options),
            ThrowawayServer::start(&destination, &options)
        );
        Self {
            source: source.unwrap_or_else(|err| panic!("{err}: {:?}", err.hint())),
            destination: destination.unwrap_or_else(|err| panic!("{err}: {:?}", err.hint())),
            versions,
        }
    }
}

/// The server programs of the source.
pub(crate) fn source_programs() -> ServerPrograms {
    programs(SOURCE_PROGRAMS)
}

/// The server programs of the destination.
pub(crate) fn destination_programs() -> ServerPrograms {
    programs(DESTINATION_PROGRAMS)
}

fn programs(variable: &str) -> ServerPrograms {
    let programs = match env::var_os(variable) {
        Some(folder) => ServerPrograms::in_folder(Path::new(&folder)),
        None => ServerPrograms::find(),
    };
    programs.unwrap_or_else(|err| panic!("{err}; {}", err.hint().unwrap_or_default()))
}

/// A fresh database on both servers, with a session in each; dropped with this value.
pub(crate) struct Databases {
    name: String,
    /// The servers' versions.
    pub(crate) versions: Versions,
    /// The superuser's URL of the source database.
    pub(crate) source_url: String,
    /// The superuser's URL of the destination database.
    pub(crate) destination_url: String,
    /// A session in the source database.
    pub(crate) source: Session,
    /// A session in the destination database.
    pub(crate) destination: Session,
}

impl Databases {
    /// Two empty databases.
    pub(crate) async fn create() -> Self {
        let servers = Servers::running().await;
        let number = DATABASE_COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        for server in [&servers.source, &servers.destination] {
            let admin = Session::open(&server.url("postgres")).await;
            admin
                .run(&format!("CREATE DATABASE {name} TEMPLATE template0"))
                .await;
        }
        let source_url = servers.source.url(&name);
        let destination_url = servers.destination.url(&name);
        let (source, destination) =
            tokio::join!(Session::open(&source_url), Session::open(&destination_url));
        Self {
            name,
            versions: servers.versions,
            source_url,
            destination_url,
            source,
            destination,
        }
    }

    /// Two databases, after `source` and `destination` have run in them.
    pub(crate) async fn with(source: &str, destination: &str) -> Self {
        let databases = Self::create().await;
        databases.source.run(source).await;
        databases.destination.run(destination).await;
        databases
    }

    /// Runs `sql` in both databases.
    pub(crate) async fn run_in_both(&self, sql: &str) {
        self.source.run(sql).await;
        self.destination.run(sql).await;
    }

    /// The name of the database, the same on both servers.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Every table, view and sequence of the destination with its columns and the place and text
    /// of its rows: the same before and after means that nothing was created, changed or
    /// rewritten. The ledger's and staging's own schemas do not count.
    pub(crate) async fn destination_state(&self) -> Vec<String> {
        let relations = "SELECT format('%s %I.%I', c.relkind, n.nspname, c.relname) \
             || coalesce((SELECT ' ' || string_agg(format('%s %s', a.attname, \
                    format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum) \
                    FROM pg_attribute a \
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname !~ '^(pg_|information_schema$|towpath(_staging)?$)' \
             ORDER BY n.nspname, c.relname";
        let tables = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' \
             AND n.nspname !~ '^(pg_|information_schema$|towpath(_staging)?$)' ORDER BY 1";
        let mut state = self.destination.column(relations).await;
        for table in self.destination.column(tables).await {
            let rows =
                format!("SELECT concat(ctid, ' ', xmin, ' ', t) FROM {table} AS t ORDER BY ctid");
            state.extend(self.destination.column(&rows).await);
        }
        state
    }

    /// Fails if the destination holds a staging table.
    pub(crate) async fn assert_no_staging(&self) {
        let tables = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c \
                      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                      WHERE n.nspname = 'towpath_staging' AND c.relkind IN ('r', 'p')";
        let left = self.destination.column(tables).await;
        assert!(left.is_empty(), "staging tables are left: {left:?}");
    }
}

impl Drop for Databases {
    /// Drops both databases: a few hundred of them would fill a small disk.
    fn drop(&mut self) {
        let Some(servers) = SERVERS.get() else { return };
        let urls = [&servers.source, &servers.destination].map(|server| server.url("postgres"));
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                for url in &urls {
                    let admin = Session::open(url).await;
                    let _ = admin.batch_execute(&statement).await;
                }
            });
        });
        let _ = dropping.join();
    }
}

/// `url` with another role; the superuser's URLs are `postgresql://postgres:PASSWORD@…`.
pub(crate) fn url_of_role(url: &str, role: &str, password: &str) -> String {
    let address = url.rsplit_once('@').map_or(url, |(_, address)| address);
    format!("postgresql://{role}:{password}@{address}")
}
