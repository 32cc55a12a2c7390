-- The latest entries of the ledger, newest first.
-- $1 text: a pipeline's name, or NULL for all; $2 int8: entries at most.
SELECT run_id, pipeline, stream, source, destination, write, plan_hash, watermark,
       rows_read, rows_inserted, rows_updated, rows_unchanged, rows_deleted, bytes_read,
       pg_catalog.to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
           AS started_at,
       pg_catalog.to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
           AS finished_at
  FROM towpath.runs AS r
 WHERE $1::pg_catalog.text IS NULL OR r.pipeline = $1
 ORDER BY r.finished_at DESC
 LIMIT $2
