//! Any text as the SQL of a transform: it is one SELECT that can be planned, or it is refused.
#![no_main]

use towpath_engine::pipeline::Settings;
use towpath_sql::SqlTransform;

libfuzzer_sys::fuzz_target!(|sql: &str| {
    let _ = SqlTransform::new(sql, &Settings::default());
});
