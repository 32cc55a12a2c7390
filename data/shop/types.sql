-- The shop's own types, in the source and in the destination: towpath moves tables, and leaves
-- types that people define to them.
CREATE TYPE public.customer_tier AS ENUM ('guest', 'member', 'gold');
CREATE TYPE public.order_status AS ENUM ('new', 'paid', 'shipped', 'returned', 'cancelled');
