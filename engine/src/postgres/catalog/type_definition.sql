-- The statement that creates a user-defined type elsewhere; NULL for kinds that no statement makes:
-- base types, which are code, and ranges with a canonical function, which must be there first.
-- $1 oid: pg_type.oid; $2 boolean: whether the other server has multiranges (14 and later).
SELECT CASE t.typtype
       WHEN 'e' THEN pg_catalog.format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
           (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(l.enumlabel), ', '
                                         ORDER BY l.enumsortorder)
              FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = t.oid))
       WHEN 'c' THEN pg_catalog.format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname,
           (SELECT pg_catalog.string_agg(
                       pg_catalog.quote_ident(a.attname) || ' '
                       || pg_catalog.format_type(a.atttypid, a.atttypmod)
                       || CASE WHEN a.attcollation <> at.typcollation
                               THEN pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname)
                               ELSE '' END,
                       ', ' ORDER BY a.attnum)
              FROM pg_catalog.pg_attribute AS a
              JOIN pg_catalog.pg_type AS at ON at.oid = a.atttypid
              LEFT JOIN pg_catalog.pg_collation AS co ON co.oid = a.attcollation
              LEFT JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
             WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped))
       WHEN 'd' THEN pg_catalog.format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname,
                                       pg_catalog.format_type(t.typbasetype, t.typtypmod))
           || CASE WHEN t.typcollation <> b.typcollation
                   THEN (SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname)
                           FROM pg_catalog.pg_collation AS co
                           JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
                          WHERE co.oid = t.typcollation)
                   ELSE '' END
           || COALESCE(' DEFAULT ' || pg_catalog.pg_get_expr(t.typdefaultbin, 0), '')
           || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
           || COALESCE((SELECT pg_catalog.string_agg(
                                   pg_catalog.format(' CONSTRAINT %I %s', k.conname,
                                                     pg_catalog.pg_get_constraintdef(k.oid)),
                                   '' ORDER BY k.conname)
                          FROM pg_catalog.pg_constraint AS k
                         WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated), '')
       WHEN 'r' THEN
           (SELECT pg_catalog.format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s, SUBTYPE_OPCLASS = %I.%I',
                                     n.nspname, t.typname,
                                     pg_catalog.format_type(r.rngsubtype, NULL),
                                     opn.nspname, op.opcname)
                   || CASE WHEN r.rngcollation <> 0
                           THEN (SELECT pg_catalog.format(', COLLATION = %I.%I',
                                                          cn.nspname, co.collname)
                                   FROM pg_catalog.pg_collation AS co
                                   JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
                                  WHERE co.oid = r.rngcollation)
                           ELSE '' END
                   -- The distance of two bounds serves indexes; one of the user's may be missing.
                   || COALESCE((SELECT pg_catalog.format(', SUBTYPE_DIFF = %I.%I', 'pg_catalog', p.proname)
                                  FROM pg_catalog.pg_proc AS p
                                 WHERE p.oid = r.rngsubdiff::pg_catalog.oid
                                   AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace), '')
                   || COALESCE((SELECT pg_catalog.format(', MULTIRANGE_TYPE_NAME = %I.%I',
                                                         mn.nspname, m.typname)
                                  FROM pg_catalog.pg_type AS m
                                  JOIN pg_catalog.pg_namespace AS mn ON mn.oid = m.typnamespace
                                 -- The column is of version 14; to_jsonb gives NULL before.
                                 WHERE $2 AND m.oid = (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid),
                               '')
                   || ')'
              FROM pg_catalog.pg_range AS r
              JOIN pg_catalog.pg_opclass AS op ON op.oid = r.rngsubopc
              JOIN pg_catalog.pg_namespace AS opn ON opn.oid = op.opcnamespace
             WHERE r.rngtypid = t.oid AND r.rngcanonical::pg_catalog.oid = 0)
       END AS statement
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
 WHERE t.oid = $1
