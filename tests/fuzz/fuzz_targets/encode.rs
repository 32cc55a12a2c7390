//! Any bytes as a value of each type that is not rewritten: what is decoded, encodes to what decodes
//! to the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let mut columns = towpath_fuzz::columns();
    columns.retain(|column| !column.pg_type.embeds_local_oids());
    for column in columns.chunks(1) {
        let Ok(batches) = towpath_fuzz::decode(column, &towpath_fuzz::row(value), 64) else {
            continue;
        };
        let bytes = towpath_fuzz::encode(&column[0], &column[0].pg_type, &batches);
        let again = bytes.and_then(|bytes| towpath_fuzz::decode(column, &bytes, 64));
        assert_eq!(again.ok(), Some(batches));
    }
});
