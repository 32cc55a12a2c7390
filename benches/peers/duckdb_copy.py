"""Copies a table by DuckDB's extension for PostgreSQL: https://duckdb.org/docs/extensions/postgres

Both servers are attached; rows are read and written by binary COPY, which is the extension's default, by
as many threads as there are cores.
"""

import argparse
import pathlib
import sys

import duckdb
import duckdb_extension_postgres_scanner as extension


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("destination")
    parser.add_argument("--select", required=True, help="calls the source's database `source`")
    parser.add_argument("--into", required=True)
    parser.add_argument("--then", help="a statement that the destination runs")
    arguments = parser.parse_args()
    folder = pathlib.Path(extension.__file__).parent
    library = next(folder.rglob("postgres_scanner.duckdb_extension"))
    session = duckdb.connect()
    session.load_extension(str(library))
    session.execute(f"ATTACH '{arguments.source}' AS source (TYPE postgres, READ_ONLY)")
    session.execute(f"ATTACH '{arguments.destination}' AS destination (TYPE postgres)")
    # Rows may arrive in any order, which lets the threads write at the same time.
    session.execute("SET preserve_insertion_order = false")
    session.execute(f"INSERT INTO destination.{arguments.into} {arguments.select}")
    if arguments.then:
        session.execute("CALL postgres_execute('destination', ?)", [arguments.then])


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001: whatever it is, it is the result
        sys.exit(f"error: {type(error).__name__}: {error}")
