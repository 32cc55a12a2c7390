-- uuid: comparison, text, grouping.
-- source: public.everything

SELECT id, key, key::text AS shown, upper(key::text) AS loud FROM {{ source }};

SELECT id FROM {{ source }} WHERE key = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11';

SELECT id, key > '6ba7b810-9dad-11d1-80b4-00c04fd430c8' AS above, key IS NULL AS missing FROM {{ source }};

SELECT key, count(*) AS n FROM {{ source }} GROUP BY key;

SELECT id, replace(key::text, '-', '') AS plain, split_part(key::text, '-', 3) AS third FROM {{ source }};

SELECT id, md5(coalesce(body, ''))::uuid AS made FROM {{ source }};

SELECT id, key IN ('00000000-0000-0000-0000-000000000000', '{ffffffff-ffff-ffff-ffff-ffffffffffff}') AS extreme FROM {{ source }};

SELECT a.id, b.id AS twin FROM {{ source }} AS a JOIN {{ source }} AS b ON a.key = b.key AND a.id < b.id;

SELECT id FROM {{ source }} ORDER BY key DESC NULLS LAST, id LIMIT 4;
