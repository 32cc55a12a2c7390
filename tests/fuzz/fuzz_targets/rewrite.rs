//! Any bytes as a value that holds OIDs: they are replaced or refused, and no byte comes or goes.
#![no_main]

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    for (from, to) in towpath_fuzz::local_types(16_400)
        .iter()
        .zip(towpath_fuzz::local_types(20_000))
    {
        let column = towpath_fuzz::column(from.clone(), towpath_fuzz::CARRIED);
        let row = towpath_fuzz::row(value);
        let batches = towpath_fuzz::decode(std::slice::from_ref(&column), &row, 64);
        let bytes = batches.and_then(|batches| towpath_fuzz::encode(&column, &to, &batches));
        assert!(bytes.map_or(true, |bytes| bytes.len() == row.len()));
    }
});
