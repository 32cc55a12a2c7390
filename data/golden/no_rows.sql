-- A stream with header and trailer and nothing between them.
SELECT 1 AS id WHERE false
