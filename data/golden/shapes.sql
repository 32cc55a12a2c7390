-- Geometric types and full-text search.
SELECT * FROM (VALUES
    (1, '(0,0)'::point, '{1,-1,0}'::line, '[(0,0),(1,1)]'::lseg, '(1,1),(0,0)'::box, '[(0,0),(1,1)]'::path, '((0,0),(1,1),(1,0))'::polygon, '<(0,0),1>'::circle, 'a:1A b:2,3 c'::tsvector, 'a & (b | !c) <-> d:*A'::tsquery),
    (2, '(NaN,Infinity)', '{0,1,-0.5}', '[(-0,1e-300),(2,3)]', '(2,3),(-1,-1)', '((0,0),(1,1))', '((0,0))', '<(1.5,-2),0>', '', ''),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS golden (id, a_point, a_line, an_lseg, a_box, a_path, a_polygon, a_circle, a_tsvector, a_tsquery)
ORDER BY id
