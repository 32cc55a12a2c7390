-- interval: its three fields apart, both signs, limits, NULL.
SELECT * FROM (VALUES
    (1, '0'::interval),
    (2, '1 month'),
    (3, '30 days'),
    (4, '720 hours'),
    (5, '1 mon -1 day +00:00:00.000001'),
    (6, '178000000 years'),
    (7, '-178000000 years'),
    (8, '-1 year -2 mons +3 days -04:05:06.789'),
    (9, '2562047788:00:54.775807'),
    (10, NULL)
) AS golden (id, an_interval)
ORDER BY id
