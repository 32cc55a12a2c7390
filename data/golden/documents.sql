-- json keeps its text, jsonb does not; xml and jsonpath.
SELECT * FROM (VALUES
    (1, '{}'::json, '{}'::jsonb, '<a/>'::xml, '$'::jsonpath),
    (2, ' { "b" : 1.00, "a":  [1, 2,3] , "b": "twice" } ', '{"b": 1.00, "a": [1, 2, 3], "b": "twice"}', '<a b="1">text</a>', '$.a[*] ? (@ > 2)'),
    (3, '12345678901234567890', '12345678901234567890.10', 'content without a root', 'strict $.b'),
    (4, '"\u00e9 \ud83d\ude00"', '"é 😀"', '<é/>', '$."é"'),
    (5, 'null', 'null', '', '$.a + 1'),
    (6, NULL, NULL, NULL, NULL)
) AS golden (id, a_json, a_jsonb, an_xml, a_jsonpath)
ORDER BY id
