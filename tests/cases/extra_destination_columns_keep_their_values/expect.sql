-- source: updated rows keep the columns that the source does not have, inserted ones take defaults
SELECT 1 AS id, 'new name'::text AS name, 'keep this'::text AS note, 'hand'::text AS loaded_by
UNION ALL SELECT 2, 'inserted', NULL, 'default'
-- destination:
SELECT id, name, note, loaded_by FROM public.items
