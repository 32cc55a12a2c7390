#!/bin/bash
# What settings and a woken WAL writer change, with psql alone: measure.sh SOURCE_URL DESTINATION_URL > raw.csv
# The source has public.lineitem of scale 1, and public.events; the destination has both with their keys
# (w1 and w3 of benches/peers/run), and public.changed, an unlogged table with the rows that w3 merges.
set -euo pipefail
from=$1 to=$2
S=(psql --no-psqlrc --quiet -d "$from") T=(psql --no-psqlrc --quiet -d "$to")
groups="SELECT l_quantity, l_shipmode, l_shipinstruct, l_linenumber, count(*), sum(l_extendedprice * (1 - l_discount)),
  avg(l_extendedprice), min(l_shipdate), max(l_shipdate) FROM public.lineitem GROUP BY 1, 2, 3, 4"
set_columns=$("${T[@]}" -Atc "SELECT string_agg(format('%I = excluded.%I', attname, attname), ', ')
  FROM pg_attribute WHERE attrelid = 'public.events'::regclass AND attnum > 1")
merge="INSERT INTO public.events SELECT * FROM public.changed ON CONFLICT (id) DO UPDATE SET $set_columns"
wake="SELECT CASE WHEN pg_current_wal_insert_lsn() - pg_current_wal_lsn() > 4194304 THEN pg_current_xact_id() END"

timed() { # what, how, command …
  local what=$1 how=$2 begin end; shift 2
  begin=$(date +%s.%N); "$@" > /dev/null; end=$(date +%s.%N)
  echo "$what,$how,$(bc <<< "$end - $begin")"
}
woken() {
  "${T[@]}" > /dev/null < <(printf 'SET synchronous_commit = off;\n%s \\watch 0.005\n' "$wake") & local waker=$!
  "${T[@]}" -c "$merge"
  kill "$waker"; wait "$waker" 2> /dev/null || true
}
again() {
  "${T[@]}" -c "DROP TABLE IF EXISTS public.events" -c "CREATE TABLE public.events (LIKE public.kept)" \
    -c "INSERT INTO public.events SELECT * FROM public.kept" -c "ALTER TABLE public.events ADD PRIMARY KEY (id)" -c CHECKPOINT
}
echo what,how,seconds
for repetition in 1 2 3 4 5 6; do
  for how in "4MB 2" "64MB 2" "64MB 1"; do
    read -r memory workers <<< "$how"
    timed groups "work_mem $memory; $workers workers" "${S[@]}" -c "SET work_mem = '$memory'" \
      -c "SET max_parallel_workers_per_gather = $workers" -c "COPY ($groups) TO STDOUT (FORMAT binary)"
  done
  for how in "256MB 2" "512MB 1"; do
    read -r memory workers <<< "$how"
    "${T[@]}" -c "ALTER TABLE public.lineitem DROP CONSTRAINT IF EXISTS lineitem_pkey" -c CHECKPOINT
    timed index "maintenance_work_mem $memory; $workers workers" "${T[@]}" -c "SET maintenance_work_mem = '$memory'" \
      -c "SET max_parallel_maintenance_workers = $workers" -c "ALTER TABLE public.lineitem ADD PRIMARY KEY (l_orderkey, l_linenumber)"
  done
  again; timed merge alone "${T[@]}" -c "$merge"
  again; timed merge "WAL writer woken" woken
done
