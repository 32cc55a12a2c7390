-- What one table has beside its columns' own and its indexes, a line for each, for people.
-- $1 oid: pg_class.oid of the table.
WITH t AS (
    SELECT c.*, c.relkind IN ('r', 'p', 'm') AS is_stored
      FROM pg_catalog.pg_class AS c WHERE c.oid = $1
), grants AS (
    SELECT NULL::pg_catalog.name AS attname, g.*
      FROM t, pg_catalog.aclexplode(t.relacl) AS g WHERE g.grantee <> t.relowner
     UNION ALL
    SELECT a.attname, g.*
      FROM t JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND NOT a.attisdropped,
           pg_catalog.aclexplode(a.attacl) AS g
     WHERE g.grantee <> t.relowner
), lines (rank, name, line) AS (
    SELECT 1, k.conname::pg_catalog.text,
           pg_catalog.format('check constraint "%s": %s', k.conname,
                             pg_catalog.pg_get_constraintdef(k.oid))
      FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = $1 AND k.contype = 'c'
     UNION ALL
    SELECT 2, k.conname,
           pg_catalog.format('not-null constraint "%s", which is not valid: %s', k.conname,
                             pg_catalog.pg_get_constraintdef(k.oid))
      FROM pg_catalog.pg_constraint AS k
     WHERE k.conrelid = $1 AND k.contype = 'n' AND NOT k.convalidated
     UNION ALL
    -- A foreign key to a partitioned table has entries of its own for the partitions.
    SELECT 3, k.conname,
           pg_catalog.format('foreign key "%s": %s', k.conname,
                             pg_catalog.pg_get_constraintdef(k.oid))
      FROM pg_catalog.pg_constraint AS k
     WHERE k.conrelid = $1 AND k.contype = 'f'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS p
                        WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
     UNION ALL
    SELECT 4, g.tgname, pg_catalog.format('trigger "%s"', g.tgname)
      FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = $1 AND NOT g.tgisinternal
     UNION ALL
    SELECT 5, r.rulename, pg_catalog.format('rule "%s"', r.rulename)
      FROM pg_catalog.pg_rewrite AS r WHERE r.ev_class = $1 AND r.rulename <> '_RETURN'
     UNION ALL
    SELECT 6, '', CASE WHEN t.relforcerowsecurity THEN 'row security: enabled and forced'
                       ELSE 'row security: enabled' END
      FROM t WHERE t.relrowsecurity
     UNION ALL
    SELECT 7, p.polname, pg_catalog.format('row security policy "%s"', p.polname)
      FROM pg_catalog.pg_policy AS p WHERE p.polrelid = $1
     UNION ALL
    SELECT 8, s.stxname, pg_catalog.format('statistics object "%s"', s.stxname)
      FROM pg_catalog.pg_statistic_ext AS s WHERE s.stxrelid = $1
     UNION ALL
    SELECT 9, '', 'partitioning: ' || pg_catalog.pg_get_partkeydef(t.oid)
      FROM t WHERE t.relkind = 'p'
     UNION ALL
    SELECT 10, i.inhparent::pg_catalog.regclass::pg_catalog.text,
           CASE WHEN t.relispartition
                THEN pg_catalog.format('partition of %s: %s', i.inhparent::pg_catalog.regclass,
                                       pg_catalog.pg_get_expr(t.relpartbound, t.oid))
                ELSE pg_catalog.format('inheritance from %s', i.inhparent::pg_catalog.regclass) END
      FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.oid
     UNION ALL
    SELECT 11, i.inhrelid::pg_catalog.regclass::pg_catalog.text,
           pg_catalog.format('inheritance by %s', i.inhrelid::pg_catalog.regclass)
      FROM t JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid
     WHERE t.relkind <> 'p'
     UNION ALL
    SELECT 12, '', 'its row type: ' || pg_catalog.format_type(t.reloftype, NULL)
      FROM t WHERE t.reloftype <> 0
     UNION ALL
    SELECT 13, o.option, 'storage parameter ' || o.option
      FROM t, pg_catalog.unnest(t.reloptions) AS o (option) WHERE t.is_stored
     UNION ALL
    SELECT 13, 'toast.' || o.option, 'storage parameter toast.' || o.option
      FROM t JOIN pg_catalog.pg_class AS c ON c.oid = t.reltoastrelid,
           pg_catalog.unnest(c.reloptions) AS o (option)
     UNION ALL
    SELECT 14, a.attname, pg_catalog.format('%s of column "%s"', o.option, a.attname)
      FROM pg_catalog.pg_attribute AS a
      JOIN pg_catalog.pg_type AS y ON y.oid = a.atttypid,
           LATERAL (
               SELECT 'storage ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                                                      WHEN 'x' THEN 'EXTENDED' ELSE 'MAIN' END
                WHERE a.attstorage <> y.typstorage
                UNION ALL
               -- The column is of version 14; to_jsonb gives NULL where it is missing.
               SELECT 'compression ' || CASE pg_catalog.to_jsonb(a) ->> 'attcompression'
                                        WHEN 'p' THEN 'pglz' ELSE 'lz4' END
                WHERE pg_catalog.to_jsonb(a) ->> 'attcompression' <> ''
                UNION ALL
               SELECT 'statistics target ' || a.attstattarget WHERE a.attstattarget >= 0
                UNION ALL
               SELECT 'option ' || u.option FROM pg_catalog.unnest(a.attoptions) AS u (option)
           ) AS o (option)
     WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
       AND EXISTS (SELECT FROM t WHERE t.is_stored)
     UNION ALL
    SELECT 15, s.spcname, pg_catalog.format('tablespace "%s"', s.spcname)
      FROM t JOIN pg_catalog.pg_tablespace AS s ON s.oid = t.reltablespace
     UNION ALL
    SELECT 16, m.amname, pg_catalog.format('access method "%s"', m.amname)
      FROM t JOIN pg_catalog.pg_am AS m ON m.oid = t.relam
     WHERE t.is_stored AND m.amname <> 'heap'
     UNION ALL
    SELECT 17, '', 'UNLOGGED: the created table is logged' FROM t WHERE t.relpersistence = 'u'
     UNION ALL
    SELECT 18, pg_catalog.concat(g.attname, ' ', r.name),
           pg_catalog.format(
               'grant of %s%s to %s',
               pg_catalog.string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type),
               CASE WHEN g.attname IS NOT NULL
                    THEN pg_catalog.format(' on column "%s"', g.attname) ELSE '' END,
               r.name)
      FROM grants AS g,
           LATERAL (SELECT CASE g.grantee WHEN 0 THEN 'PUBLIC'
                           ELSE pg_catalog.format('"%s"', pg_catalog.pg_get_userbyid(g.grantee))
                           END AS name) AS r
     GROUP BY g.attname, r.name
     UNION ALL
    SELECT 19, p.pubname, pg_catalog.format('publication "%s"', p.pubname)
      FROM t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
      JOIN pg_catalog.pg_publication_tables AS p
        ON p.schemaname = n.nspname AND p.tablename = t.relname
     UNION ALL
    SELECT 20, '', 'replica identity ' || CASE t.relreplident WHEN 'f' THEN 'FULL'
                                          WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX' END
      FROM t WHERE t.relkind IN ('r', 'p') AND t.relreplident IN ('f', 'n', 'i')
)
SELECT line FROM lines ORDER BY rank, name, line
