-- What ALTER DEFAULT PRIVILEGES IN SCHEMA grants on tables that the current role creates there.
-- $1 text: the schema.
SELECT a.privilege_type,
       CASE a.grantee WHEN 0 THEN 'PUBLIC'
            ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END AS grantee,
       a.is_grantable
  FROM pg_catalog.pg_default_acl AS d
  JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
  JOIN pg_catalog.pg_roles AS r ON r.oid = d.defaclrole,
       pg_catalog.aclexplode(d.defaclacl) AS a
 WHERE n.nspname = $1 AND d.defaclobjtype = 'r' AND r.rolname = current_user
