-- LIKE, ILIKE, SIMILAR TO and regular expressions.
-- source: public.sample

SELECT id FROM {{ source }} WHERE t LIKE 'P%';

SELECT id, t LIKE '_lain' AS one, t NOT LIKE '%a%' AS none FROM {{ source }};

SELECT id, t LIKE '%\%%' AS percent, t LIKE '%\_%' AS underscore, t LIKE '%\\' AS backslash FROM {{ source }};

SELECT id, t LIKE '%!%%' ESCAPE '!' AS percent FROM {{ source }};

SELECT id, v LIKE 'a\%b_c' AS exact FROM {{ source }};

SELECT id, t LIKE '%' || v || '%' AS contains FROM {{ source }};

SELECT id, t ILIKE 'p%' AS starts, t NOT ILIKE '%A%' AS lacks FROM {{ source }};

SELECT id, t ILIKE 'ÜN%' AS umlaut FROM {{ source }};

SELECT id, c LIKE 'ab%' AS padded, c LIKE 'ab' AS whole FROM {{ source }};

SELECT id, t LIKE E'%\n%' AS newline, t LIKE 'line%tab' AS across FROM {{ source }};

SELECT id, t ~~ 'P%' AS operator_like, t !~~* 'p%' AS operator_not_ilike FROM {{ source }};

SELECT id, t SIMILAR TO '(P|a)%' AS similar_to, t NOT SIMILAR TO '[a-z,]+' AS not_similar FROM {{ source }};

SELECT id, t ~ '^P' AS starts, t ~* '^p' AS any_case, t !~ 'a' AS lacks, t !~* 'A' AS lacks_any_case FROM {{ source }};

SELECT id, t ~ '\d' AS digit, t ~ '\s' AS space, t ~ '^\w+$' AS word FROM {{ source }};

SELECT id, t ~ '[[:upper:]]' AS upper_class, t ~ '[^[:alnum:]]' AS other FROM {{ source }};

SELECT id, t ~ '(?i)plain' AS embedded, t ~ 'a(?=,)' AS ahead, t ~ '^(?!P)' AS not_ahead FROM {{ source }};

SELECT id, t ~ '^.{5}$' AS five, t ~ '^(.)\1' AS doubled FROM {{ source }};

SELECT id, t LIKE ANY (ARRAY['P%', 'a%']) AS any_of, t NOT LIKE ALL (ARRAY['%a%', '%e%']) AS none_of FROM {{ source }};

SELECT id, regexp_replace(t, '[aeiou]', '*') AS first_vowel, regexp_replace(t, '[aeiou]', '*', 'g') AS vowels FROM {{ source }};

SELECT id, regexp_replace(t, '(\w)(\w)', '\2\1', 'g') AS swapped FROM {{ source }};

SELECT id, regexp_replace(t, 'p', '<\&>', 'gi') AS marked FROM {{ source }};

SELECT id, regexp_match(t, '(\w+)\W+(\w+)') AS two_words FROM {{ source }};

SELECT id, regexp_split_to_array(t, '[,\s]+') AS words FROM {{ source }};

SELECT id, substring(t FROM '[a-z]+') AS letters, substring(t FROM '^(.)') AS first_letter FROM {{ source }};

SELECT id, substring(t FROM '%#"[a-z]#"%' FOR '#') AS sql_pattern FROM {{ source }};

-- source: public.orders
SELECT id, m[1] AS found FROM {{ source }}, regexp_matches(notes, '[A-Z]{2,}', 'g') AS m;

-- source: public.orders
SELECT id, word FROM {{ source }}, regexp_split_to_table(trim(notes), '\s+') AS word;

-- source: public.orders
SELECT id, (regexp_match(notes, '(\d{3}) (\d{3}) (\d{2}) (\d{2})'))[2] AS middle FROM {{ source }} WHERE notes ~ '\d{3} \d{3}';

-- source: public.orders
SELECT id, notes ~ 'http(s)?://[^/]+/' AS link FROM {{ source }};

-- source: public.customers
SELECT id, email ~* '^[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}$' AS valid FROM {{ source }};

-- source: public.customers
SELECT id, name FROM {{ source }} WHERE name SIMILAR TO '%(a|A)n_%' OR name ~ '[^ -~]';
