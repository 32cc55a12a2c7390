CREATE TABLE public.orders (
    id bigint PRIMARY KEY,
    customer varchar(20) NOT NULL,
    total numeric(12, 2),
    rate numeric,
    placed_at timestamptz(3),
    day date,
    paid boolean NOT NULL,
    tags text[],
    attributes jsonb,
    code uuid,
    "Mixed" char(4)
);
INSERT INTO public.orders VALUES
    (1, 'Ada', 10.50, 1.000, '2024-01-01 10:00:00.123+02', '2024-01-01', true, '{a,NULL,"b,c"}', '{"a": 1.10}', '0f0e0d0c-0b0a-0908-0706-050403020100', 'ab'),
    (2, 'Łukasz', NULL, 'NaN', 'infinity', '-infinity', false, '{}', 'null', NULL, ''),
    (3, '', 0, 1e-30, NULL, NULL, true, NULL, NULL, NULL, NULL);
