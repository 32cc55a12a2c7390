-- text, varchar, char(n), name and "char": empty, blanks, control characters, UTF-8 of 1 to 4
-- bytes, combining marks, NULL.
SELECT id, a_text, a_varchar::varchar(10), a_char::char(4), a_name, a_byte
FROM (VALUES
    (1, ''::text, ''::varchar(10), ''::char(4), ''::name, ''::"char"),
    (2, 'plain', 'plain', 'ab', 'plain', 'x'),
    (3, E'tab\tnew\nline\rback\\slash', E'\\.', ' b', 'with "quotes"', '1'),
    (4, E'\x01\x1f\x7f', E'\\N', 'abcd', repeat('n', 63)::name, 127::"char"),
    (5, 'é ü 表 😀', '𝄞', '表', 'ünïcödé', 'z'),
    (6, E'e\u0301\uffff', '  ', '    ', 'NULL', ' '),
    (7, NULL, NULL, NULL, NULL, NULL)
) AS golden (id, a_text, a_varchar, a_char, a_name, a_byte)
ORDER BY id
