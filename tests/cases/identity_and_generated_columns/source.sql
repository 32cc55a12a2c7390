CREATE TABLE public.lines (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    quantity integer NOT NULL,
    price numeric(10, 2) NOT NULL,
    total numeric GENERATED ALWAYS AS (quantity * price) STORED
);
INSERT INTO public.lines (quantity, price) SELECT n, n / 4.0 FROM generate_series(1, 100) AS n;
