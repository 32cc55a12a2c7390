-- inet, cidr, macaddr, macaddr8, pg_lsn, money, tid.
SELECT * FROM (VALUES
    (1, '10.1.2.3/8'::inet, '10.0.0.0/8'::cidr, '08:00:2b:01:02:03'::macaddr, '08:00:2b:01:02:03:04:05'::macaddr8, '0/0'::pg_lsn, '0'::money, '(0,0)'::tid),
    (2, '::1/128', '::/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', 'FFFFFFFF/FFFFFFFF', '1234.56', '(0,1)'),
    (3, '192.168.0.1', '192.168.0.0/24', 'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', '16/B374D848', '-92233720368547758.08', '(4294967295,65535)'),
    (4, '2001:db8::1/64', '2001:db8::/32', NULL, NULL, NULL, NULL, NULL),
    (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS golden (id, an_inet, a_cidr, a_macaddr, a_macaddr8, a_lsn, a_money, a_tid)
ORDER BY id
