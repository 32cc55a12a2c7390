-- Arrays: empty, with NULL, several dimensions, lower bounds other than 1, NULL itself.
SELECT id, int4s, int8s, texts, float8s, decimals::numeric(12, 2)[], timestamptzs, bools
FROM (VALUES
    (1, '{}'::integer[], '{}'::bigint[], '{}'::text[], '{}'::double precision[], '{}'::numeric[], '{}'::timestamptz[], '{}'::boolean[]),
    (2, '{1,NULL,3}', '{1,NULL,3}', '{a,NULL,"NULL",""}', '{NaN,-0,Infinity}', '{1.10,NULL}', '{infinity,2024-01-01 00:00:00+00}', '{t,NULL,f}'),
    (3, '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}'),
    (4, '{2147483647}', '{-9223372036854775808}', '{"a,b","c\"d","e\\f","{}"}', '{0.1}', '{9999999999.99}', '{-infinity}', '{t}'),
    (5, '{{1,2},{3,4}}', '{{{1},{2}},{{3},{4}}}', '{{a,b},{c,d}}', '{{1},{2}}', '{{1.00},{2.00}}', '{{2024-01-01 00:00:00+00},{NULL}}', '{{t,f}}'),
    (6, '[0:2]={7,8,9}', '[-5:-3][2:3]={{1,2},{3,4},{5,6}}', '[5:5]={x}', '[0:0]={1}', '[2:2]={1.00}', '[3:3]={NULL}', '[0:1]={t,f}'),
    (7, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS golden (id, int4s, int8s, texts, float8s, decimals, timestamptzs, bools)
ORDER BY id
