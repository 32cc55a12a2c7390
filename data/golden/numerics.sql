-- numeric without precision: display scales, NaN, infinities, many digits, NULL. One column holds
-- NaN under numeric(10, 2), where infinities are not allowed.
SELECT id, a_numeric, a_10_2::numeric(10, 2)
FROM (VALUES
    (1, '0'::numeric, '0'::numeric(10, 2)),
    (2, '0.0000', '-0.00'),
    (3, '1', '1'),
    (4, '1.0', '0.10'),
    (5, '1.000', '-12345678.90'),
    (6, '1e-30', '99999999.99'),
    (7, '0.00010000', 'NaN'),
    (8, '10000', '10000'),
    (9, '-123456789012345678901234567890.123456789', '0.01'),
    (10, repeat('9', 100)::numeric, NULL),
    (11, 'NaN', NULL),
    (12, 'Infinity', NULL),
    (13, '-Infinity', NULL),
    (14, NULL, NULL)
) AS golden (id, a_numeric, a_10_2)
ORDER BY id
