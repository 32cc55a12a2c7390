//! Arrays.

use super::groups;

groups! {
    arrays_keep_nulls_shape_and_lower_bounds ("") &[
        ("integer[]", &["'{}'", "'{NULL}'", "'{1,NULL,3}'", "'{{1,2},{3,4}}'", "'[0:2]={7,8,9}'",
            "'[-5:-3][2:3]={{1,2},{3,4},{5,6}}'"]),
        ("bigint[]", &["'{9223372036854775807}'", "'{{{{{{1}}}}}}'"]),
        ("smallint[]", &["'{-32768,NULL}'", "'{{1},{2}}'"]),
    ];

    arrays_of_texts_keep_what_their_text_form_escapes ("") &[
        ("text[]", &["'{}'", "'{a,NULL,\"NULL\",\"\",\"b,c\",\"d\\\"e\",\"f\\\\\\\\g\",\"{}\"}'"]),
        ("character varying(5)[]", &["'{abc,NULL}'"]),
        ("character(3)[]", &["'{a,NULL,\"\"}'"]),
        ("name[]", &["'{a,b}'"]),
        ("\"char\"[]", &["'{a,b}'"]),
    ];

    arrays_of_numbers_keep_nan_infinity_and_scale ("") &[
        ("numeric[]", &["'{NaN,1.10,1.100}'", "14: '{Infinity,-Infinity}'"]),
        ("numeric(10,2)[]", &["'{NaN,1.10}'"]),
        ("double precision[]", &["'{NaN,-0,Infinity,0.1}'"]),
        ("real[]", &["'{NaN,-0,Infinity,0.1}'"]),
        ("boolean[]", &["'{t,NULL,f}'"]),
        ("money[]", &["'{1.5,NULL}'"]),
    ];

    arrays_of_times_keep_infinity ("") &[
        ("timestamp with time zone[]", &["'{infinity,\"2024-01-01 00:00+00\"}'"]),
        ("timestamp(0) without time zone[]", &["'{-infinity,\"2024-01-01 00:00\"}'"]),
        ("date[]", &["'{-infinity,2024-01-01,NULL}'"]),
        ("time without time zone[]", &["'{24:00:00,NULL}'"]),
        ("time with time zone[]", &["'{24:00:00+05}'"]),
        ("interval[]", &["'{1 mon,30 days}'", "17: '{infinity}'"]),
    ];

    arrays_of_other_types_keep_their_elements ("") &[
        ("bytea[]", &["ARRAY['\\x00'::bytea, '', NULL]"]),
        ("uuid[]", &["'{00000000-0000-0000-0000-000000000000}'"]),
        ("json[]", &["ARRAY['{\"a\":  1.10}'::json, 'null', NULL]"]),
        ("jsonb[]", &["ARRAY['{\"a\": 1.10}'::jsonb, 'null', NULL]"]),
        ("xml[]", &["ARRAY['<a/>'::xml, '']"]),
        ("bit(3)[]", &["'{101,NULL}'"]),
        ("bit varying[]", &["'{101,\"\"}'"]),
        ("inet[]", &["'{10.1.2.3/8,::1}'"]),
        ("cidr[]", &["'{10.0.0.0/8}'"]),
        ("macaddr[]", &["'{08:00:2b:01:02:03}'"]),
        ("point[]", &["'{\"(NaN,-0)\",NULL}'"]),
        ("box[]", &["'{(2,3),(-1,-1);(1,1),(0,0)}'"]),
        ("tsvector[]", &["ARRAY['a:1A'::tsvector]"]),
        ("oid[]", &["'{4294967295}'"]),
        ("regclass[]", &["'{pg_class,NULL}'"]),
        ("aclitem[]", &["'{=r/postgres}'"]),
        ("int4range[]", &["'{\"[1,5)\",empty}'"]),
        ("14: int4multirange[]", &["ARRAY['{[1,5)}'::int4multirange, '{}']"]),
        ("int2vector[]", &["ARRAY['1 2'::int2vector]"]),
        ("oidvector[]", &["ARRAY['1 2'::oidvector]"]),
    ];
}
