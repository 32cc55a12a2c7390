-- Three rows of no columns: tuples that hold only a count of zero.
SELECT FROM generate_series(1, 3)
