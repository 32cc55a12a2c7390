//! Types of PostgreSQL's own tables.

use super::groups;

groups! {
    identifiers_of_the_system_keep_their_limits ("") &[
        ("oid", &["0", "2147483648", "4294967295"]),
        ("xid", &["'0'", "'4294967295'"]),
        ("xid8", &["'0'", "'18446744073709551615'"]),
        ("cid", &["'4294967295'"]),
        ("tid", &["'(0,0)'", "'(4294967295,65535)'"]),
        ("pg_lsn", &["'0/0'", "'FFFFFFFF/FFFFFFFF'"]),
        ("txid_snapshot", &["'10:20:10,14,15'"]),
        ("pg_snapshot", &["'10:20:10,14,15'"]),
    ];

    vectors_keep_their_count_from_zero ("") &[
        ("oidvector", &["''", "'1 2 3'"]),
        ("int2vector", &["''", "'1 2 3'"]),
    ];

    names_of_objects_keep_the_object_not_its_number (
        "CREATE TABLE public.moved_first (); CREATE TABLE public.pointed_at ()") &[
        ("regclass", &["'pg_catalog.pg_class'", "'public.pointed_at'"]),
        ("regcollation", &["'pg_catalog.\"C\"'"]),
        ("regconfig", &["'pg_catalog.english'"]),
        ("regdictionary", &["'pg_catalog.simple'"]),
        ("regnamespace", &["'public'"]),
        ("regoper", &["'pg_catalog.||/'"]),
        ("regoperator", &["'pg_catalog.+(integer,integer)'"]),
        ("regproc", &["'pg_catalog.now'"]),
        ("regprocedure", &["'pg_catalog.abs(integer)'"]),
        ("regrole", &["'postgres'"]),
        ("regtype", &["'integer'", "'numeric'"]),
    ];

    cursors_and_privileges_keep_their_text ("") &[
        ("refcursor", &["'a cursor'", "''"]),
        ("aclitem", &["'postgres=arwdDxt/postgres'", "'=r/postgres'", "17: '=m/postgres'"]),
    ];
}
