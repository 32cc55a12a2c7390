-- Fills the shop: one customer for ten orders, two to four items and two events for an order. All
-- values follow from row numbers, so that every shop of one size is the same.
-- Setting shop.orders: how many orders there are, as in PGOPTIONS='-c shop.orders=1000' psql -f rows.sql.

INSERT INTO public.customers (code, name, email, country, tier, born, tags, address, last_seen_from, created_at)
SELECT md5('customer ' || n)::uuid,
       (ARRAY['Ada', 'Grace', 'Edsger', 'Barbara', 'Niklaus', 'Zoë', 'Łukasz', '表'])[n % 8 + 1] || ' ' || n,
       CASE WHEN n % 7 <> 0 THEN 'customer.' || n || '@example.org' END,
       (ARRAY['DE', 'FR', 'NL', 'PL', 'JP'])[n % 5 + 1],
       (ARRAY['guest', 'member', 'gold'])[n % 3 + 1]::public.customer_tier,
       CASE WHEN n % 4 <> 0 THEN date '1950-01-01' + n % 20000 END,
       CASE n % 3 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY['newsletter'] ELSE ARRAY['newsletter', 'a, b'] END,
       jsonb_build_object('street', 'Canal ' || n % 300, 'zip', lpad((n % 99999)::text, 5, '0'), 'floor', n % 9),
       CASE WHEN n % 6 <> 0 THEN inet '10.0.0.0' + n % 65536 END,
       timestamptz '2023-01-01 00:00:00+00' + n % 500 * interval '1 day' + n * interval '1.000001 seconds'
  FROM generate_series(1, greatest(current_setting('shop.orders')::integer / 10, 1)) AS n;

INSERT INTO public.orders
SELECT n,
       n % greatest(current_setting('shop.orders')::integer / 10, 1) + 1,
       (ARRAY['paid', 'paid', 'shipped', 'shipped', 'shipped', 'new', 'returned', 'cancelled'])[n % 8 + 1]::public.order_status,
       timestamptz '2024-01-01 00:00:00+00' + n % 366 * interval '1 day' + n % 86400 * interval '1 second',
       (n::bigint * 7919 % 100000)::numeric / 100 + 5,
       (ARRAY['EUR', 'EUR', 'EUR', 'PLN', 'JPY'])[n % 5 + 1],
       CASE WHEN n % 9 <> 0 THEN n % 12 * interval '1 day' + n % 24 * interval '1 hour' END,
       CASE WHEN n % 5 = 0 THEN ARRAY['WELCOME', 'C-' || n % 100] END,
       jsonb_build_object('channel', (ARRAY['web', 'app', 'shop'])[n % 3 + 1], 'gift', n % 11 = 0, 'score', round(n % 1000 / 7.0, 3)),
       CASE WHEN n % 20 = 0 THEN E'please ring twice\n"' || n || '"' END
  FROM generate_series(1, current_setting('shop.orders')::integer) AS n;

INSERT INTO public.order_items
SELECT n, line,
       'SKU-' || (n * 31 + line * 17) % 5000,
       1 + (n + line) % 4,
       ((n * 131 + line * 977) % 20000)::numeric / 100 + 1,
       CASE WHEN (n + line) % 10 = 0 THEN 1.0 / (3 + n % 5) END,
       ((n + line) % 500)::real / 8
  FROM generate_series(1, current_setting('shop.orders')::integer) AS n, generate_series(1, 2 + n % 3) AS line;

INSERT INTO public.events
SELECT md5('event ' || n)::uuid,
       (n + 1) / 2,
       (ARRAY['placed', 'viewed'])[n % 2 + 1],
       timestamptz '2024-01-01 00:00:00+00' + n % 31622400 * interval '1 second' + n % 1000 * interval '1 microsecond',
       CASE WHEN n % 3 = 0 THEN inet '2001:db8::1' + n % 4096 ELSE inet '192.168.0.0/16' + n % 65536 END,
       jsonb_build_object('n', n, 'agent', 'browser/' || n % 40, 'path', ARRAY['cart', 'pay']),
       sha256(n::text::bytea)
  FROM generate_series(1, 2 * current_setting('shop.orders')::integer) AS n;

ANALYZE;
