-- Arithmetic and the functions of numbers.
-- source: public.sample

SELECT id, i + l AS plus, s - i AS minus, s * i AS times, l / 3 AS divided, i % 3 AS rest FROM {{ source }};

SELECT id, -i AS negative, +l AS positive, abs(i) AS absolute, sign(i) AS signum, @ l AS magnitude FROM {{ source }};

SELECT id, i / -2 AS towards_zero, -i % 3 AS negative_rest, mod(l, 7) AS modulo, div(n, 7) AS quotient FROM {{ source }};

SELECT id, n + m AS plus, n - m AS minus, n * m AS times FROM {{ source }} WHERE id <> 4;

SELECT id, m / 3 AS third, m / 7.00 AS seventh, n / 3 AS third_of_any FROM {{ source }};

SELECT id, 1 / nullif(m, 0) AS inverse, i / nullif(s, 0)::numeric AS ratio FROM {{ source }};

SELECT id, round(m) AS whole, round(m, 1) AS tenth, round(n, 3) AS thousandth, round(m, -2) AS hundred FROM {{ source }};

SELECT id, trunc(m) AS whole, trunc(m, 1) AS tenth, ceil(m) AS up, floor(n) AS down FROM {{ source }};

SELECT id, round(d) AS to_even, trunc(d) AS cut, ceiling(d) AS up, floor(r) AS down FROM {{ source }};

SELECT id, d + 1 AS plus, d * r AS times, d / 3 AS third, -d AS negative FROM {{ source }};

SELECT id, r + 0.1::real AS single, r + 0.1 AS doubled, r * 3 AS three FROM {{ source }};

SELECT id, sqrt(abs(m)) AS root, sqrt(abs(d)) AS float_root, cbrt(d) AS cube_root, |/ abs(d) AS operator_root FROM {{ source }};

SELECT id, power(2, s % 60) AS two_to, 2 ^ (s % 10) AS caret, power(m % 100, 2) AS square, i ^ 2 AS float_square FROM {{ source }};

SELECT id, exp(m % 10) AS e_to, ln(abs(m) + 1) AS natural, log(abs(m) + 1) AS ten, log(2, abs(m) + 1) AS two FROM {{ source }};

SELECT id, round(exp(1.0::float8)::numeric, 6) AS e, degrees(0.5::float8) > 28 AS more, pi() > 3 AS pi_more, id * 1.0 AS exact FROM {{ source }};

SELECT id, i & 6 AS bits_and, i | 1 AS bits_or, i # 5 AS bits_xor, ~i AS bits_not, i << 2 AS shifted_left, l >> 1 AS shifted_right FROM {{ source }};

SELECT id, gcd(i, 12) AS divisor, lcm(s::integer, 4) AS multiple FROM {{ source }};

SELECT id, scale(n) AS digits, min_scale(n) AS needed, trim_scale(n) AS trimmed FROM {{ source }};

SELECT id, width_bucket(m, 0, 100, 5) AS bucket, width_bucket(i, ARRAY[0, 10, 100]) AS bound FROM {{ source }};

SELECT id, greatest(i, s, 5) AS most, least(l, m, n) AS least_of_kinds FROM {{ source }};

SELECT id, i = 1.0 AS equal, m > 1.5::float8 AS above, d = 'NaN' AS not_a_number, d > 1e300 AS huge FROM {{ source }};

SELECT id, m BETWEEN 0 AND 10 AS within, m NOT BETWEEN SYMMETRIC 10 AND 0 AS outside FROM {{ source }};

SELECT id, 0.1 + 0.2 AS exact, 0.1::float8 + 0.2::float8 AS binary_sum, 1e3 AS exponent, 7 / 2 AS whole, 7 / 2.0 AS fraction FROM {{ source }};

SELECT id, 9223372036854775807 AS big, 9223372036854775808 AS bigger, -2147483648 AS small, .5 AS half FROM {{ source }};

SELECT id, z * 2 AS twice, z % 7 AS rest, -z AS negative FROM {{ source }};

-- source: public.everything
SELECT id, num * 2 AS twice, num + 0.000000001 AS plus, num / 4 AS quarter FROM {{ source }};

-- source: public.everything
SELECT id, num = 'NaN' AS not_a_number, num > 0 AS positive, single = doubled AS same FROM {{ source }};

-- source: public.everything
SELECT id, abs(num) AS absolute, sign(num) AS signum, sign(doubled) AS float_signum FROM {{ source }};

-- source: public.everything
SELECT id, single::double precision AS widened, -doubled AS negative, abs(single) AS absolute FROM {{ source }};

-- source: public.everything
SELECT id, positive + 1 AS next, whole % 10 AS last_digit FROM {{ source }} WHERE positive < 1000;

-- source: public.readings
SELECT sensor, at, value * 9 / 5 + 32 AS fahrenheit, round(value) AS rounded, value::numeric(6, 1) AS one_digit FROM {{ source }};

-- source: public.readings
SELECT sensor, at, floor(value / 5) * 5 AS bucket, mod(value::numeric, 5) AS rest FROM {{ source }};

-- source: public.orders
SELECT id, amount * (1 - discount / 100) AS net, round(amount * 0.077, 2) AS tax, amount_cents / 100 AS units, amount_cents % 100 AS cents FROM {{ source }};
