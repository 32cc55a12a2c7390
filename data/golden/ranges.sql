-- Ranges and multiranges: empty, unbounded, each kind of bound, infinity and NaN as bounds, NULL.
SELECT * FROM (VALUES
    (1, 'empty'::int4range, 'empty'::numrange, 'empty'::tstzrange, 'empty'::daterange, '{}'::int4multirange),
    (2, '(,)', '(,)', '(,)', '(,)', '{(,)}'),
    (3, '[1,10)', '[1.0,1.10]', '[2024-01-01 00:00:00+00,2024-02-01 00:00:00+00)', '[2024-01-01,2024-02-01)', '{[1,3),[5,8)}'),
    (4, '[1,)', '(0,NaN]', '[2024-01-01 00:00:00+00,infinity]', '(,2024-01-01)', '{[1,1]}'),
    (5, '(,5]', '[0.00,)', '(,2024-01-01 00:00:00+00)', '[-infinity,infinity]', '{(,1),[3,)}'),
    (6, NULL, NULL, NULL, NULL, NULL)
) AS golden (id, an_int4range, a_numrange, a_tstzrange, a_daterange, an_int4multirange)
ORDER BY id
