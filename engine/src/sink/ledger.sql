-- One row for each stream that a run published, written in the publishing transaction.
CREATE TABLE IF NOT EXISTS towpath.runs (
    run_id         pg_catalog.text NOT NULL,
    pipeline       pg_catalog.text NOT NULL,
    stream         pg_catalog.text NOT NULL,
    source         pg_catalog.text NOT NULL,
    destination    pg_catalog.text NOT NULL,
    write          pg_catalog.text NOT NULL,
    plan_hash      pg_catalog.text NOT NULL,
    cursor         pg_catalog.text,
    watermark      pg_catalog.text,
    rows_read      pg_catalog.int8 NOT NULL,
    rows_inserted  pg_catalog.int8 NOT NULL,
    rows_updated   pg_catalog.int8 NOT NULL,
    rows_unchanged pg_catalog.int8 NOT NULL,
    rows_deleted   pg_catalog.int8 NOT NULL,
    bytes_read     pg_catalog.int8 NOT NULL,
    started_at     pg_catalog.timestamptz NOT NULL,
    finished_at    pg_catalog.timestamptz NOT NULL,
    PRIMARY KEY (run_id, stream)
);
CREATE INDEX IF NOT EXISTS runs_stream ON towpath.runs (pipeline, stream, finished_at);
