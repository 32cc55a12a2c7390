//! Numbers.

use super::groups;

groups! {
    integers_keep_their_limits ("") &[
        ("smallint", &["-32768", "0", "32767"]),
        ("integer", &["-2147483648", "0", "2147483647"]),
        ("bigint", &["-9223372036854775808", "0", "9223372036854775807"]),
        ("boolean", &["true", "false"]),
    ];

    floats_keep_nan_infinity_the_sign_of_zero_and_their_last_bit ("") &[
        ("real", &["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "0.1", "1e-45", "3.4028235e38"]),
        ("double precision", &["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "0.1", "4.9e-324",
            "1.7976931348623157e308"]),
    ];

    numerics_with_precision_keep_nan_and_every_digit ("") &[
        ("numeric(10,2)", &["'NaN'", "0", "-0.01", "99999999.99", "-99999999.99"]),
        ("numeric(38,10)", &["9999999999999999999999999999.9999999999", "-1e-10",
            "-9999999999999999999999999999.9999999999"]),
        ("numeric(39,0)", &["999999999999999999999999999999999999999", "-1"]),
        ("numeric(76,38)", &["1e37", "1e-38"]),
        ("numeric(77,0)", &["1e76", "-1e76"]),
        ("numeric(1000,0)", &["repeat('9', 1000)::numeric", "1"]),
    ];

    numerics_keep_scales_below_zero_and_above_the_precision ("") &[
        ("15: numeric(5,-2)", &["12345", "-9999900"]),
        ("15: numeric(3,5)", &["0.00999", "-0.00001"]),
    ];

    numerics_without_precision_keep_scale_and_size ("") &[
        ("numeric", &["'NaN'", "1", "1.0", "1.000", "1e-30", "0.0000", "-0.00", "0.00010000", "10000",
            "100000000.0001", "1e131071", "1e-16383", "repeat('123456789', 200)::numeric",
            "14: 'Infinity'", "14: '-Infinity'"]),
    ];

    money_keeps_its_units ("") &[
        ("money", &["'1234.56'", "'-92233720368547758.08'", "'92233720368547758.07'"]),
    ];
}
