-- smallint, integer, bigint, oid and boolean at their limits, and NULL.
SELECT * FROM (VALUES
    (1, false, (-32768)::smallint, (-2147483648)::integer, (-9223372036854775808)::bigint, 0::oid),
    (2, true, 32767::smallint, 2147483647::integer, 9223372036854775807::bigint, 4294967295::oid),
    (3, true, 0::smallint, 0::integer, 0::bigint, 1::oid),
    (4, false, (-1)::smallint, (-1)::integer, (-1)::bigint, 2147483648::oid),
    (5, NULL, NULL, NULL, NULL, NULL)
) AS golden (id, a_bool, a_int2, a_int4, a_int8, an_oid)
ORDER BY id
