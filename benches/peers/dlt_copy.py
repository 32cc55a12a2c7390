"""Copies tables by dlt: https://dlthub.com/docs/dlt-ecosystem/verified-sources/sql_database

Settings are those that dlt's performance guide names: arrow all the way (no normalising of rows),
full precision of types, CSV through COPY, several files that are loaded at the same time.
"""

import argparse
import os
import sys

os.environ.setdefault("EXTRACT__WORKERS", "2")
os.environ.setdefault("NORMALIZE__WORKERS", "1")  # of arrow files nothing is normalised
os.environ.setdefault("LOAD__WORKERS", "4")
os.environ.setdefault("DATA_WRITER__FILE_MAX_ITEMS", "1000000")

import dlt  # noqa: E402
from dlt.sources.sql_database import sql_table  # noqa: E402


def resource(arguments, name):
    """The table `name` as a resource."""
    options = {}
    if arguments.backend == "connectorx":
        options["backend_kwargs"] = {"return_type": "arrow"}
        if arguments.partition_on:
            partitions = {"partition_on": arguments.partition_on, "partition_num": 2}
            options["backend_kwargs"].update(partitions)
    table = sql_table(
        credentials=arguments.source,
        schema=arguments.schema,
        table=name,
        backend=arguments.backend,
        chunk_size=100_000,
        reflection_level="full_with_precision",
        **options,
    )
    keys = arguments.key.split(",")
    disposition = arguments.disposition
    if disposition == "merge":
        disposition = {"disposition": "merge", "strategy": "upsert"}
    table.apply_hints(write_disposition=disposition, primary_key=keys)
    return table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("destination")
    parser.add_argument("--schema", required=True)
    parser.add_argument("--tables", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--backend", required=True)
    parser.add_argument("--disposition", required=True)
    parser.add_argument("--partition-on")
    arguments = parser.parse_args()
    pipeline = dlt.pipeline(
        pipeline_name="peer",
        destination=dlt.destinations.postgres(arguments.destination, create_indexes=True),
        dataset_name=arguments.schema,
    )
    tables = [resource(arguments, name) for name in arguments.tables.split(",")]
    info = pipeline.run(tables, loader_file_format="csv")
    info.raise_on_failed_jobs()


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001: whatever it is, its last cause is the result
        while error.__cause__ is not None:
            error = error.__cause__
        sys.exit(f"error: {type(error).__name__}: {error}")
