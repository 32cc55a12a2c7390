//! Any text as a URL or as `key=value` words; what is a connection has a text without password.
#![no_main]

use towpath_engine::postgres::{ConnectionConfig, is_connection_string, parse_parameters};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let (Ok(parameters), true) = (parse_parameters(text), is_connection_string(text)) {
        let _ = ConnectionConfig::from_parameters(&parameters).map(|config| config.to_string());
    }
});
