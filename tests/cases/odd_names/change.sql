UPDATE "Odd ""schema"".x"."ünïcödé 表.t" SET "with.dot" = 'changed', "Id" = 0 WHERE "select" < 5;
