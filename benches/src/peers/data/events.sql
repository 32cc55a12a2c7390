-- Fills public.events. {row_count}: how many rows.
INSERT INTO public.events
SELECT md5(n::text)::uuid,
       (enum_range(NULL::public.event_kind))[1 + h % 4],
       h % 1000000,
       CASE WHEN n % 7 <> 6 THEN round((h % 10000000)::numeric / 100, 2) END,
       jsonb_build_object('id', n, 'items', jsonb_build_array(h, NULL),
                          'customer', jsonb_build_object('name', md5(h::text), 'returning', h % 3 = 0)),
       CASE WHEN n % 7 <> 6
            THEN (ARRAY['web', 'mobile', 'für später', 'returning customer', '', 'Zürich'])
                 [1 + h % 6 : h % 6 + h % 4] END,
       inet '10.0.0.0' + h % 16777216,
       occurred_at,
       date '2024-01-01' + (h % 365)::int,
       CASE WHEN n % 7 <> 6
            THEN make_interval(days => (h % 30)::int) + (h % 86400000000) * interval '1 microsecond' END,
       decode(repeat(md5(h::text), (h % 4)::int), 'hex'),
       CASE WHEN n % 7 <> 6 THEN repeat('returning customer ', (h % 3)::int) || 'Zürich' END,
       CASE WHEN n % 10 = 3
            THEN timestamptz '2025-06-01 00:00:00+00' + (h % 86400) * interval '1 second'
            ELSE occurred_at END
  FROM (SELECT n, h,
               timestamptz '2024-01-01 00:00:00+00' + (h % 31536000000000) * interval '1 microsecond'
          FROM (SELECT n, hashint8extended(n, 7) & 9007199254740991
                  FROM generate_series(1, {row_count}::bigint) AS n) AS hashed (n, h)
       ) AS timed (n, h, occurred_at)
