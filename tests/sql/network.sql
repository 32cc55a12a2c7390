-- inet, cidr and macaddr.
-- source: public.orders

SELECT id, host(ip) AS address, masklen(ip) AS bits, family(ip) AS version FROM {{ source }};

SELECT id, text(ip) AS with_bits, abbrev(ip) AS short, ip::text AS shown FROM {{ source }};

SELECT id, network(ip) AS net, broadcast(ip) AS last_address, netmask(ip) AS mask, hostmask(ip) AS host_mask FROM {{ source }};

SELECT id, set_masklen(ip, 24) AS masked FROM {{ source }} WHERE family(ip) = 4;

SELECT id, ip << '10.0.0.0/8' AS private_ten, ip <<= '192.168.1.1' AS exactly, ip >> '10.0.0.1' AS contains FROM {{ source }};

SELECT id, ip && '192.168.0.0/16' AS overlaps, ip = '192.168.1.1' AS same, ip < '100.0.0.0' AS below FROM {{ source }};

SELECT id, ip + 1 AS next_address, ip - 1 AS previous_address, ip - '10.0.0.0'::inet AS offset_in_net FROM {{ source }} WHERE family(ip) = 4;

SELECT network(set_masklen(ip, 16)) AS net, count(*) AS n FROM {{ source }} WHERE family(ip) = 4 GROUP BY 1;

SELECT id, host(ip) || '/' || masklen(ip) AS built, ~ip AS inverted, ip & '255.255.0.0' AS masked FROM {{ source }} WHERE family(ip) = 4;

-- source: public.everything
SELECT id, addr, net, mac FROM {{ source }};

-- source: public.everything
SELECT id, net >>= addr AS in_net, inet_same_family(addr, net) AS same_family, inet_merge(addr, addr) AS merged FROM {{ source }};

-- source: public.everything
SELECT id, trunc(mac) AS maker, mac::macaddr8 AS longer, mac < '10:00:00:00:00:00' AS below, mac::text AS shown FROM {{ source }};

-- source: public.everything
SELECT id, addr::cidr AS as_net, net::inet AS as_addr, abbrev(net) AS short_net FROM {{ source }};

-- source: public.everything
SELECT DISTINCT addr, mac FROM {{ source }};
