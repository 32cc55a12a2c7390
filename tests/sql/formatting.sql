-- to_char, to_date, to_timestamp, to_number, format, and quoting.
-- source: public.orders

SELECT id, to_char(placed_at, 'YYYY-MM-DD') AS day FROM {{ source }};

SELECT id, to_char(placed_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS iso FROM {{ source }};

SELECT id, to_char(placed_at, 'DD.MM.YYYY HH24:MI') AS german FROM {{ source }};

SELECT id, to_char(placed_at, 'FMDay, FMDDth FMMonth YYYY') AS spoken FROM {{ source }};

SELECT id, to_char(placed_at, 'Dy DY dy Mon MON mon') AS shorts FROM {{ source }};

SELECT id, to_char(placed_at, 'HH12:MI AM') AS twelve, to_char(placed_at, 'hh:mi p.m.') AS dotted FROM {{ source }};

SELECT id, to_char(placed_at, 'IYYY-"W"IW-ID') AS iso_week, to_char(placed_at, 'YYYY DDD WW W Q D') AS counters FROM {{ source }};

SELECT id, to_char(placed_at, 'MS FF3 FF6 SSSS J CC') AS parts FROM {{ source }};

SELECT id, to_char(shipped_on, 'YYMMDD') AS compact, to_char(shipped_on, 'Month') AS month_padded FROM {{ source }};

SELECT id, to_char(took, 'DD HH24:MI:SS') AS taken, to_char(took, 'HH24') AS hours FROM {{ source }};

SELECT id, to_char(amount, '999G999D99') AS grouped, to_char(amount, 'FM999990.00') AS plain FROM {{ source }};

SELECT id, to_char(amount, 'S99999.99') AS signed, to_char(amount, '99999.99MI') AS minus_behind, to_char(amount, '99999.99PR') AS brackets FROM {{ source }};

SELECT id, to_char(amount_cents, '0000000') AS zeros, to_char(amount_cents, 'FM9,999,999') AS commas FROM {{ source }};

SELECT id, to_char(id, 'RN') AS roman, to_char(id, 'FMRN') AS roman_short, to_char(id, 'FM999th') AS ordinal FROM {{ source }};

SELECT id, to_char(amount, '99') AS overflowed, to_char(amount, '9.99EEEE') AS scientific FROM {{ source }} WHERE amount IS NOT NULL;

SELECT id, to_char(discount, 'FM0.999') AS up_to_three, to_char(amount_cents, '9999V99') AS shifted FROM {{ source }};

SELECT id, to_date(to_char(placed_at, 'DD/MM/YYYY'), 'DD/MM/YYYY') AS day FROM {{ source }};

SELECT id, to_date('2024' || lpad(id::text, 3, '0'), 'YYYYDDD') AS day_of_year FROM {{ source }};

SELECT id, to_timestamp('2024-03-01 ' || lpad((id % 24)::text, 2, '0'), 'YYYY-MM-DD HH24') AS hour FROM {{ source }};

SELECT id, to_timestamp(amount_cents) AS from_epoch, to_timestamp(amount_cents / 8.0) AS from_fraction FROM {{ source }};

SELECT id, to_date('05 Dec 2000', 'DD Mon YYYY') + id::integer AS later FROM {{ source }};

SELECT id, to_number('1,234.5' || id % 10, '9G999D99') AS parsed FROM {{ source }};

SELECT id, to_number(to_char(amount, '99999.99MI'), '99999.99MI') AS there_and_back FROM {{ source }};

SELECT id, format('%s of %s', id, status) AS sentence FROM {{ source }};

SELECT id, format('%I = %L', status, notes) AS assignment FROM {{ source }} WHERE status IS NOT NULL;

SELECT id, format('%2$s-%1$s 100%%', id, currency) AS swapped, format('|%10s|%-10s|', status, currency) AS columns FROM {{ source }};

SELECT id, quote_literal(notes) AS literal, quote_nullable(notes) AS nullable, quote_ident(status) AS name FROM {{ source }};

SELECT id, lpad(to_hex(id), 4, '0') AS hex FROM {{ source }};

-- source: public.sample
SELECT id, to_char(i, '999') AS short, to_char(d, '9.9') AS float_short FROM {{ source }} WHERE id IN (1, 2, 3, 9, 10);

-- source: public.sample
SELECT id, to_char(ts, 'YYYY-MM-DD HH24:MI:SS.MS') AS stamp, to_char(day, 'FMMM/FMDD/YY') AS us FROM {{ source }};

-- source: public.sample
SELECT id, to_char(iv, 'YYYY-MM-DD HH24:MI:SS') AS taken FROM {{ source }};

-- source: public.sample
SELECT id, format('%s|%s|%s', t, NULL, b) AS with_null FROM {{ source }};

-- source: public.everything
SELECT id, to_char(stamp, 'YYYY BC') AS era FROM {{ source }} WHERE isfinite(stamp);

-- source: public.everything
SELECT id, to_char(num, 'FM9999999999999999999999999999990.099999999') AS digits FROM {{ source }} WHERE num <> 'NaN';
