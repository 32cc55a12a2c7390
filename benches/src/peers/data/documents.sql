-- Fills public.documents. {row_count}: how many rows. A document is an order with 63 to 102 lines: keys
-- and phrases repeat, as they do in real documents, numbers and names do not.
INSERT INTO public.documents
SELECT n,
       jsonb_build_object(
           'order', n, 'customer', md5(n::text), 'currency', 'EUR', 'lines',
           (SELECT jsonb_agg(jsonb_build_object(
                       'sku', md5((n * 1009 + line)::text),
                       'name', 'Article ' || (n * 7919 + line * 104729) % 100003,
                       'description', 'Delivered in recycled packaging, returns within thirty days of '
                                      || 'delivery, batch ' || (n * line * 31) % 99991,
                       'quantity', 1 + (n + line) % 9,
                       'price', round(((n * 613 + line * 7919) % 1000000)::numeric / 100, 2),
                       'options', jsonb_build_array('gift', (n + line) % 2 = 0, NULL)))
              FROM generate_series(1, 63 + n % 40) AS line)),
       timestamptz '2024-01-01 00:00:00+00' + n * interval '7 seconds'
  FROM generate_series(1, {row_count}::bigint) AS n
