-- What the columns of one table have beside type and NOT NULL: comment, expressions, sequence.
-- $1 oid: pg_class.oid of the table.
SELECT a.attname AS name,
       pg_catalog.col_description(a.attrelid, a.attnum) AS comment,
       CASE WHEN a.attgenerated = '' THEN e.sql END AS default_sql,
       CASE WHEN a.attgenerated <> '' THEN e.sql END AS generation_sql,
       s.deptype IS NOT NULL AS has_sequence,
       -- An identity's sequence is a part of it; a serial column's default draws from its own.
       COALESCE(s.deptype = 'i' OR s.is_drawn, false) AS fills_column,
       s.sequence,
       s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       s.may_read,
       CASE WHEN s.may_read THEN pg_catalog.pg_sequence_last_value(s.seqrelid) END AS last_value
  FROM pg_catalog.pg_attribute AS a
  LEFT JOIN (SELECT d.adrelid, d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS sql
               FROM pg_catalog.pg_attrdef AS d) AS e
    ON e.adrelid = a.attrelid AND e.adnum = a.attnum
  LEFT JOIN LATERAL (
       SELECT w.deptype, q.*,
              n.name AS sequence,
              e.sql = 'nextval(''' || pg_catalog.replace(n.name, '''', '''''') || '''::regclass)'
                  AS is_drawn,
              -- The position of an unlogged sequence is not known on a standby.
              pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT')
              AND (c.relpersistence = 'p' OR NOT pg_catalog.pg_is_in_recovery()) AS may_read
         FROM pg_catalog.pg_depend AS w
         JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = w.objid
         JOIN pg_catalog.pg_class AS c ON c.oid = w.objid,
              LATERAL (SELECT pg_catalog.quote_ident(h.nspname) || '.'
                              || pg_catalog.quote_ident(c.relname) AS name
                         FROM pg_catalog.pg_namespace AS h WHERE h.oid = c.relnamespace) AS n
        WHERE w.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND w.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND w.refobjid = a.attrelid AND w.refobjsubid = a.attnum AND w.deptype IN ('a', 'i')
        ORDER BY w.deptype DESC, is_drawn DESC NULLS LAST, n.name
        LIMIT 1) AS s ON true
 WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum
