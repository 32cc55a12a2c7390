-- Points, lines, boxes, paths, polygons, circles.
-- source: public.orders

SELECT id, location[0] AS x, location[1] AS y FROM {{ source }};

SELECT id, location::text AS shown FROM {{ source }};

SELECT id, round((location <-> point '(0,0)')::numeric, 6) AS distance FROM {{ source }};

SELECT id, location <@ box '((0,0),(4,4))' AS inside, location <@ circle '<(0,0),3>' AS near FROM {{ source }};

SELECT id, location + point '(1,1)' AS moved, location * point '(2,0)' AS scaled FROM {{ source }};

SELECT id, location ~= point '(1,3.5)' AS same, location << point '(1,0)' AS left_of FROM {{ source }};

SELECT id, point(location[1], location[0]) AS swapped, box(location, point '(0,0)') AS corner_box, circle(location, 1.5) AS disc FROM {{ source }};

SELECT id FROM {{ source }} WHERE location IS NOT NULL ORDER BY location <-> point '(1,1)', id LIMIT 5;

-- source: public.everything
SELECT id, spot, straight, segment, rect, route, shape, disc FROM {{ source }};

-- source: public.everything
SELECT id, area(rect) AS rect_area, width(rect) AS width, height(rect) AS height, center(rect) AS middle FROM {{ source }} WHERE id <> 4;

-- source: public.everything
SELECT id, npoints(route) AS route_points, npoints(shape) AS shape_points, isclosed(route) AS closed, isopen(route) AS open FROM {{ source }};

-- source: public.everything
SELECT id, radius(disc) AS radius, diameter(disc) AS diameter, center(disc) AS middle FROM {{ source }};

-- source: public.everything
SELECT id, segment[0] AS start, segment[1] AS finish, length(segment) AS length FROM {{ source }} WHERE id IN (1, 3, 5, 8);

-- source: public.everything
SELECT id, rect && box '((0,0),(1,1))' AS overlaps, rect @> point '(1,1)' AS contains, rect[0] AS upper_right, rect[1] AS lower_left FROM {{ source }};

-- source: public.everything
SELECT id, shape @> point '(1,1)' AS contains, shape ~= polygon '((0,0),(4,0),(4,3))' AS same FROM {{ source }};

-- source: public.everything
SELECT id, disc @> point '(1,1)' AS contains, disc = circle '<(0,0),2>' AS same_area FROM {{ source }};

-- source: public.everything
SELECT id, popen(route) AS opened, pclose(route) AS closed, route::text AS shown FROM {{ source }};

-- source: public.everything
SELECT id, diagonal(rect) AS across, shape::box AS bounds, rect::point AS middle FROM {{ source }} WHERE id IN (1, 6, 7, 8, 9, 10);

-- source: public.everything
SELECT id, straight::text AS shown, ishorizontal(straight) AS level, isvertical(straight) AS upright FROM {{ source }};
