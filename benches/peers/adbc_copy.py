"""Copies a table by ADBC's driver: https://arrow.apache.org/adbc/current/driver/postgresql.html

Arrow batches of one query are ingested as they come; both ends use binary COPY.
"""

import argparse
import sys

from adbc_driver_postgresql import dbapi


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("destination")
    parser.add_argument("--table", required=True)
    parser.add_argument("--mode", choices=["create", "append"], required=True)
    arguments = parser.parse_args()
    schema, name = arguments.table.split(".")
    with dbapi.connect(arguments.source) as source, dbapi.connect(arguments.destination) as destination:
        with source.cursor() as reading, destination.cursor() as writing:
            reading.execute(f"SELECT * FROM {arguments.table}")
            batches = reading.fetch_record_batch()
            writing.adbc_ingest(name, batches, mode=arguments.mode, db_schema_name=schema)
        destination.commit()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001: whatever it is, it is the result
        sys.exit(f"error: {type(error).__name__}: {error}")
