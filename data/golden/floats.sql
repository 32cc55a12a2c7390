-- real and double precision: limits, denormals, negative zero, infinities, NaN, NULL.
SELECT * FROM (VALUES
    (1, '0'::real, '0'::double precision),
    (2, '-0'::real, '-0'::double precision),
    (3, '0.1'::real, '0.1'::double precision),
    (4, '3.4028235e38'::real, '1.7976931348623157e308'::double precision),
    (5, '1e-45'::real, '4.9e-324'::double precision),
    (6, 'Infinity'::real, 'Infinity'::double precision),
    (7, '-Infinity'::real, '-Infinity'::double precision),
    (8, 'NaN'::real, 'NaN'::double precision),
    (9, NULL, NULL)
) AS golden (id, a_float4, a_float8)
ORDER BY id
