//! Any bytes, over up to three columns of any types, cut anywhere: the same batches, or none.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (first, count, piece, bytes) = input;
    let mut columns = towpath_fuzz::columns();
    columns = columns.split_off(usize::from(first) % columns.len());
    columns.truncate(usize::from(count % 4));
    let whole = towpath_fuzz::decode(&columns, bytes, bytes.len());
    let cut = towpath_fuzz::decode(&columns, bytes, piece.into());
    assert_eq!(whole.ok(), cut.ok());
});
