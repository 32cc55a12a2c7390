#!/bin/sh
# Writes the golden files anew: for each query in *.sql its rows as PostgreSQL's COPY writes them,
# binary in *.copy and as text in *.txt, under the settings that towpath's sessions have.
#
# usage: make.sh [CONNECTION]    any database of PostgreSQL 14 or later, as psql takes it
set -eu
cd "$(dirname "$0")"
connection=${1:-postgres}
export PGOPTIONS='-c TimeZone=UTC -c DateStyle=ISO,YMD -c IntervalStyle=postgres
    -c extra_float_digits=3 -c bytea_output=hex -c xmloption=content -c lc_monetary=C'
export PGCLIENTENCODING=UTF8

for file in *.sql; do
    name=${file%.sql}
    query=$(sed '/^--/d' "$file")
    psql -X -q -v ON_ERROR_STOP=1 -c "COPY ($query) TO STDOUT (FORMAT binary)" "$connection" >"$name.copy"
    psql -X -q -v ON_ERROR_STOP=1 -c "COPY ($query) TO STDOUT (FORMAT text)" "$connection" >"$name.txt"
done
