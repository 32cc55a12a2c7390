-- The shop's tables, in the source only: towpath creates them in the destination.

CREATE TABLE public.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code uuid NOT NULL UNIQUE,
    name text NOT NULL,
    email text,
    country char(2) NOT NULL,
    tier public.customer_tier NOT NULL,
    born date,
    tags text[] NOT NULL,
    address jsonb NOT NULL,
    last_seen_from inet,
    created_at timestamptz NOT NULL
);

CREATE TABLE public.orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES public.customers,
    status public.order_status NOT NULL,
    placed_at timestamptz NOT NULL,
    total numeric(12, 2) NOT NULL,
    currency text NOT NULL,
    delivery interval,
    coupons text[],
    attributes jsonb NOT NULL,
    note text
);

CREATE TABLE public.order_items (
    order_id bigint NOT NULL REFERENCES public.orders ON DELETE CASCADE,
    line smallint NOT NULL,
    sku varchar(20) NOT NULL,
    quantity integer NOT NULL,
    price numeric(10, 2) NOT NULL,
    discount numeric,
    weight real,
    PRIMARY KEY (order_id, line)
);

CREATE TABLE public.events (
    id uuid PRIMARY KEY,
    order_id bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    client inet,
    payload jsonb NOT NULL,
    signature bytea NOT NULL
);
