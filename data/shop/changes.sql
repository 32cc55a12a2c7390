-- A day at the shop: 500 orders are shipped, 200 are new, 50 customers move, 20 events are
-- withdrawn. A shop with fewer orders has fewer changes.

UPDATE public.orders
   SET status = 'shipped', attributes = attributes || '{"shipped": true}'
 WHERE id <= 500;

INSERT INTO public.orders
SELECT last.id + n, 1, 'new', timestamptz '2025-01-01 09:00:00+00' + n * interval '1 minute',
       n + 0.99, 'EUR', NULL, NULL, '{"channel": "web", "gift": false}', NULL
  FROM (SELECT max(id) AS id FROM public.orders) AS last, generate_series(1, 200) AS n;

INSERT INTO public.order_items
SELECT id, 1, 'SKU-NEW', 1, total, NULL, 0.5 FROM public.orders WHERE placed_at >= '2025-01-01';

UPDATE public.customers SET address = address || '{"street": "Lock 1"}' WHERE id <= 50;

DELETE FROM public.events WHERE id IN (SELECT md5('event ' || n)::uuid FROM generate_series(1, 20) AS n);
