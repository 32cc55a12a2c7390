//! Network addresses and geometry.

use super::groups;

groups! {
    addresses_keep_host_bits_and_lengths ("") &[
        ("inet", &["'10.1.2.3/8'", "'::1/128'", "'192.168.0.1'", "'2001:db8::1/64'", "'::ffff:1.2.3.4'"]),
        ("cidr", &["'10.0.0.0/8'", "'::/0'"]),
        ("macaddr", &["'08:00:2b:01:02:03'"]),
        ("macaddr8", &["'08:00:2b:01:02:03:04:05'"]),
    ];

    geometry_keeps_nan_infinity_and_whether_it_is_closed ("") &[
        ("point", &["'(0,0)'", "'(NaN,Infinity)'", "'(-0,1e-300)'"]),
        ("line", &["'{1,-1,0}'", "'{NaN,1,Infinity}'"]),
        ("lseg", &["'[(0,0),(1,1)]'"]),
        ("box", &["'(2,3),(-1,-1)'"]),
        ("path", &["'[(0,0),(1,1)]'", "'((0,0),(1,1))'"]),
        ("polygon", &["'((0,0),(1,1),(1,0))'"]),
        ("circle", &["'<(1.5,-2),0>'"]),
    ];
}
