-- bytea, uuid, bit(n) and bit varying.
SELECT * FROM (VALUES
    (1, ''::bytea, '00000000-0000-0000-0000-000000000000'::uuid, B'0'::bit(1), B''::varbit, B'000000001'::bit(9)),
    (2, '\x00'::bytea, 'ffffffff-ffff-ffff-ffff-ffffffffffff', B'1', B'1', B'111111111'),
    (3, (SELECT string_agg(set_byte('\x00'::bytea, 0, n), ''::bytea ORDER BY n) FROM generate_series(0, 255) AS n),
        '0F0E0D0C-0B0A-0908-0706-050403020100', B'1', B'00000001', B'100000000'),
    (4, '\xdeadbeef'::bytea, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'0', B'0000000011', B'010101010'),
    (5, NULL, NULL, NULL, NULL, NULL)
) AS golden (id, a_bytea, a_uuid, a_bit, a_varbit, a_bit9)
ORDER BY id
