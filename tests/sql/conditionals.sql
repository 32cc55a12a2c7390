-- CASE, coalesce, nullif, greatest, least, and three-valued logic.
-- source: public.sample

SELECT id, CASE WHEN b THEN 'yes' WHEN NOT b THEN 'no' ELSE 'unknown' END AS answer FROM {{ source }};

SELECT id, CASE i WHEN 0 THEN 'zero' WHEN 1 THEN 'one' END AS word FROM {{ source }};

SELECT id, CASE WHEN i = 0 THEN NULL ELSE 100 / i END AS guarded FROM {{ source }};

SELECT id, CASE WHEN b THEN 1 ELSE 1.5 END AS number, CASE WHEN b THEN day ELSE ts END AS moment FROM {{ source }};

SELECT id, CASE WHEN m > 100 THEN CASE WHEN b THEN 'big and true' ELSE 'big' END ELSE 'small' END AS nested FROM {{ source }};

SELECT id, coalesce(i, s, -1) AS number, coalesce(t, v, 'none') AS word, coalesce(day, date '1900-01-01') AS day FROM {{ source }};

SELECT id, nullif(i, 0) AS number, nullif(t, '') AS word, nullif(m, 0.00) AS amount, nullif(d, 'NaN') AS real_number FROM {{ source }};

SELECT id, greatest(i, s) AS most, least(i, s) AS least, greatest(day, ts::date) AS later, greatest(NULL, i) AS ignores_null FROM {{ source }};

SELECT id, b AND NULL AS and_null, b OR NULL AS or_null, NOT b AS negated FROM {{ source }};

SELECT id, b IS TRUE AS t, b IS NOT TRUE AS nt, b IS FALSE AS f, b IS NOT FALSE AS nf, b IS UNKNOWN AS u, b IS NOT UNKNOWN AS nu FROM {{ source }};

SELECT id, i IN (1, 10, NULL) AS within, i NOT IN (1, 2) AS outside, i NOT IN (1, NULL) AS never_true FROM {{ source }};

SELECT id, i IS DISTINCT FROM s AS differs, t IS NOT DISTINCT FROM NULL AS missing FROM {{ source }};

SELECT id, (i, s) = (1, 1) AS equal, (i, s) < (5, 0) AS before, (i, t) IS NULL AS all_null, ROW(i, t) IS NOT NULL AS none_null FROM {{ source }};

SELECT id, num_nulls(i, t, b) AS missing, num_nonnulls(i, t, b) AS present FROM {{ source }};

SELECT id, t ISNULL AS missing, t NOTNULL AS present, b = (i > 0) AS agrees, b::integer + (i > 0)::integer AS votes FROM {{ source }};

SELECT id FROM {{ source }} WHERE (b OR i > 3) AND NOT (t = 'Plain' AND m > 2);

SELECT id FROM {{ source }} WHERE CASE WHEN i <> 0 THEN 10 / i > 1 ELSE false END;

SELECT id, CASE WHEN t = '' THEN 'empty' WHEN t IS NULL THEN 'null' WHEN t COLLATE "C" < 'a' THEN 'early' ELSE 'late' END AS kind FROM {{ source }};

-- source: public.everything
SELECT id, coalesce(feeling, 'sad') AS mood, coalesce(docb, '{}') AS doc, coalesce(key, '00000000-0000-0000-0000-000000000000') AS key FROM {{ source }};

-- source: public.everything
SELECT id, CASE feeling WHEN 'happy' THEN 1 WHEN 'sad' THEN -1 ELSE 0 END AS score, greatest(feeling, 'ok') AS at_least_ok FROM {{ source }};

-- source: public.everything
SELECT id, coalesce(wholes, '{0}') AS wholes, nullif(span, interval '0') AS span, coalesce(addr, '127.0.0.1') AS addr FROM {{ source }};

-- source: public.sample
SELECT id, coalesce(r, 1) AS a, nullif(r, 1) AS b, greatest(r, s) AS c, CASE WHEN b THEN r ELSE 0 END AS d FROM {{ source }};

-- source: public.sample
SELECT id, nullif(s, 100000) AS small, nullif(i, l) AS whole, nullif(r, d) AS single, nullif(day, ts) AS day, nullif(v, 'plain') AS word, nullif(m, 0) AS exact FROM {{ source }};

SELECT id, nullif(d, 0) AS positive, nullif(r, 0::real) AS single, nullif(r, 0.1) AS wide, greatest(d, 0) AS most, least(0, d) AS least FROM {{ source }} WHERE id IN (3, 5, 9);

SELECT id FROM {{ source }} WHERE r IN (0.1, 2.5) OR r NOT IN (0.1, 7, 1.5);

SELECT id FROM {{ source }} WHERE id IN (3, 9) ORDER BY d, id DESC LIMIT 1;
