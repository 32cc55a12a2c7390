//! Any text as a table's name and as a pattern: what is shown of it means the same.
#![no_main]

use towpath_engine::table::{TableName, TablePattern};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<TableName>() {
        assert_eq!(name.to_string().parse::<TableName>().ok(), Some(name));
    }
    if let Ok(pattern) = text.parse::<TablePattern>() {
        let shown = pattern.to_string();
        assert_eq!(
            shown
                .parse::<TablePattern>()
                .map(|again| again.to_string())
                .ok(),
            Some(shown)
        );
    }
});
