-- Indexes of one table, valid or not, and what each needs to be built elsewhere.
-- $1 oid: pg_class.oid of the table.
SELECT x.relname AS name,
       m.amname AS method,
       i.indisprimary AS is_primary,
       i.indisunique AS is_unique,
       i.indisexclusion AS is_exclusion,
       i.indisvalid AS is_valid,
       pg_catalog.pg_get_constraintdef(k.oid) AS constraint_sql,
       -- What follows the table's name: USING btree (a) WHERE ...
       pg_catalog.substr(
           pg_catalog.pg_get_indexdef(i.indexrelid),
           1 + pg_catalog.length(pg_catalog.format(
               'CREATE %sINDEX %s ON %s%s.%s ',
               CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END,
               pg_catalog.quote_ident(x.relname),
               CASE WHEN x.relkind = 'I' THEN 'ONLY ' ELSE '' END,
               pg_catalog.quote_ident(n.nspname),
               pg_catalog.quote_ident(t.relname)))) AS index_sql,
       -- These columns are of versions 15 and 18; to_jsonb gives NULL where they are missing.
       CASE WHEN (pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool THEN 18
            WHEN (pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::pg_catalog.bool THEN 15
            ELSE 0 END AS since_version,
       -- The key columns, if there is nothing else to the index.
       CASE WHEN i.indexprs IS NULL AND i.indpred IS NULL AND i.indnatts = i.indnkeyatts
            THEN ARRAY(SELECT a.attname::pg_catalog.text
                         FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS p (at)
                         JOIN pg_catalog.pg_attribute AS a
                           ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p.at]
                        ORDER BY p.at) END AS key,
       -- Every column that it uses: those of its list, and those of its expressions.
       ARRAY(SELECT a.attname::pg_catalog.text
               FROM pg_catalog.pg_attribute AS a
              WHERE a.attrelid = i.indrelid AND a.attnum > 0
                AND (a.attnum = ANY (i.indkey::pg_catalog.int2[])
                     OR EXISTS (SELECT FROM pg_catalog.pg_depend AS w
                                 WHERE w.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                   AND w.refobjid = a.attrelid AND w.refobjsubid = a.attnum
                                   AND (w.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                                        AND w.objid = i.indexrelid
                                        OR w.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
                                           AND w.objid = k.oid)))
              ORDER BY a.attnum) AS columns,
       pg_catalog.pg_get_expr(i.indexprs, i.indrelid) AS expressions_sql,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate_sql,
       pg_catalog.strpos(
           pg_catalog.concat(pg_catalog.pg_get_expr(i.indexprs, i.indrelid), ' ',
                             pg_catalog.pg_get_expr(i.indpred, i.indrelid)),
           pg_catalog.quote_ident(t.relname) || '.*') > 0 AS uses_whole_row,
       ARRAY(SELECT DISTINCT pg_catalog.quote_ident(h.nspname) || '.'
                             || pg_catalog.quote_ident(o.opcname)
               FROM pg_catalog.unnest(i.indclass::pg_catalog.oid[]) AS u (oid)
               JOIN pg_catalog.pg_opclass AS o ON o.oid = u.oid
               JOIN pg_catalog.pg_namespace AS h ON h.oid = o.opcnamespace) AS operator_classes,
       ARRAY(SELECT DISTINCT pg_catalog.quote_ident(h.nspname) || '.'
                             || pg_catalog.quote_ident(o.collname)
               FROM pg_catalog.unnest(i.indcollation::pg_catalog.oid[]) AS u (oid)
               JOIN pg_catalog.pg_collation AS o ON o.oid = u.oid
               JOIN pg_catalog.pg_namespace AS h ON h.oid = o.collnamespace) AS collations,
       ARRAY(SELECT DISTINCT pg_catalog.concat(
                        pg_catalog.quote_ident(h.nspname), '.', o.oprname, '(',
                        pg_catalog.format_type(o.oprleft, NULL), ',',
                        pg_catalog.format_type(o.oprright, NULL), ')')
               FROM pg_catalog.unnest(k.conexclop) AS u (oid)
               JOIN pg_catalog.pg_operator AS o ON o.oid = u.oid
               JOIN pg_catalog.pg_namespace AS h ON h.oid = o.oprnamespace) AS operators
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid = x.relam
  JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_constraint AS k
    ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
 WHERE i.indrelid = $1 AND i.indislive
 ORDER BY i.indisprimary DESC, k.oid IS NULL, x.relname
