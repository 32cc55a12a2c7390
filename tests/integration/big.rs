//! Values and rows that are large, and the memory that they take.

use std::process::Child;
use std::time::Duration;

use crate::harness::{Databases, Outcome, Program};

#[tokio::test]
async fn values_of_256_megabytes_come_through() {
    // jsonb holds a little less in one string: its length has 28 bits.
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, t text, b bytea, j jsonb);
         INSERT INTO public.t (id, t) SELECT 1, repeat('0123456789abcdef', 16777216);
         INSERT INTO public.t (id, b) SELECT 2, convert_to(repeat('fedcba9876543210', 16777216), 'UTF8');
         INSERT INTO public.t (id, j) SELECT 3, to_jsonb(left(repeat('0123456789abcde ', 16777216), 268435000))",
        "",
    )
    .await;
    let (child, _folder) = Program::run_of(&databases, "public.t: {}").start();
    let (outcome, peak) = peak_memory(child).await;
    outcome.assert_done();
    let rows = "SELECT concat_ws(' ', id, octet_length(t), md5(t), octet_length(b), md5(b), \
                octet_length(j #>> '{}'), md5(j #>> '{}')) FROM public.t ORDER BY id";
    let expected = databases.source.column(rows).await;
    assert_eq!(databases.destination.column(rows).await, expected);
    // One value on its way is held as what was received, as a batch, and as what is sent.
    assert!(peak < 2_500_000_000, "{peak} bytes");
}

#[tokio::test]
async fn rows_of_100_kilobytes_stay_within_the_memory_limit() {
    let databases = Databases::with(
        "CREATE TABLE public.t (id integer PRIMARY KEY, t text);
         ALTER TABLE public.t ALTER COLUMN t SET STORAGE EXTERNAL;
         INSERT INTO public.t SELECT n, repeat(md5(n::text), 3200) FROM generate_series(1, 4000) AS n",
        "",
    )
    .await;
    for sql in [
        "SELECT * FROM {{ source }}",
        "SELECT id, t || '.' AS t FROM {{ source }}",
    ] {
        databases
            .destination
            .run("DROP TABLE IF EXISTS public.t")
            .await;
        let arguments = [
            "--table",
            "public.t",
            "--sql",
            sql,
            "--memory-limit",
            "128MB",
        ];
        let (child, _folder) = Program::copy(&databases, &arguments).start();
        let (outcome, peak) = peak_memory(child).await;
        outcome.assert_done();
        let rows = "SELECT concat_ws(' ', count(*), sum(length(t))) FROM public.t";
        let found = databases.destination.value(rows).await;
        assert!(found.starts_with("4000 "), "{found}");
        // All rows are 400 MB; the program itself takes some 60 MB.
        assert!(peak < 350_000_000, "{peak} bytes: {sql}");
    }
}

/// What `child` does, and the most memory that it had at any time, in bytes.
async fn peak_memory(mut child: Child) -> (Outcome, u64) {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    // The system keeps the peak; it only has to be read before the process is gone.
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) * 1024);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(peak > 0, "{status} could not be read");
    (Outcome::of(child).await, peak)
}
