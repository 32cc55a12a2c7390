//! SELECTs made by chance, over the table `sample`: each from a number, the same every time.

use fastrand::Rng;

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Numeric,
    Float,
    Text,
    Boolean,
    Date,
    Timestamp,
}

use Kind::{Boolean, Date, Float, Integer, Numeric, Text, Timestamp};

/// Kinds whose equal values look the same, so that any of a group stands for it.
const GROUPED: [Kind; 4] = [Integer, Boolean, Date, Timestamp];

const ALL: [Kind; 7] = [Integer, Numeric, Float, Text, Boolean, Date, Timestamp];

/// How deep expressions are nested.
const DEPTH: u32 = 3;

/// The SELECT with that number.
pub(super) fn select(number: u64) -> String {
    let mut writer = Writer {
        rng: Rng::with_seed(number),
        tables: vec![String::new()],
    };
    writer.select()
}

/// Writes one SELECT.
struct Writer {
    rng: Rng,
    /// What columns are qualified with: one of these, and the point behind it.
    tables: Vec<String>,
}

impl Writer {
    fn select(&mut self) -> String {
        match self.rng.u32(0..12) {
            0..=3 => self.rows(),
            4 | 5 => self.groups(),
            6 | 7 => self.join(),
            8 => self.windows(),
            9 => self.union(),
            10 => self.subquery(),
            _ => self.sets(),
        }
    }

    /// Expressions over single rows.
    fn rows(&mut self) -> String {
        let list = self.list();
        let condition = self.condition();
        format!("SELECT id, {list} FROM {{{{ source }}}}{condition}")
    }

    fn groups(&mut self) -> String {
        let key = self.one_of(&GROUPED);
        let key = self.expr(key, 2);
        let condition = self.condition();
        let aggregates: Vec<String> = (0..self.rng.usize(1..4))
            .map(|number| format!("{} AS a{number}", self.aggregate()))
            .collect();
        let having = match self.rng.u8(0..4) {
            0 => " HAVING count(*) > 1",
            _ => "",
        };
        let aggregates = aggregates.join(", ");
        let by = self.text_of(&["1", "key", &key]);
        format!(
            "SELECT {key} AS key, {aggregates} FROM {{{{ source }}}}{condition} GROUP BY {by}{having}"
        )
    }

    fn aggregate(&mut self) -> String {
        let call = match self.rng.u32(0..8) {
            0 => "count(*)".to_owned(),
            1 => format!("count(DISTINCT {})", self.expr(Integer, 2)),
            2 => format!("sum({})", self.expr(Integer, 2)),
            3 => format!("sum({})", self.expr(Numeric, 1)),
            4 => format!("avg({})", self.expr(Integer, 1)),
            5 => format!("bool_or({})", self.expr(Boolean, 2)),
            6 => format!("max({})", self.expr(Date, 2)),
            _ => format!("min({})", self.expr(Integer, 2)),
        };
        match self.rng.u8(0..4) {
            0 => format!("{call} FILTER (WHERE {})", self.expr(Boolean, 1)),
            _ => call,
        }
    }

    fn join(&mut self) -> String {
        self.tables = vec!["x.".to_owned(), "y.".to_owned()];
        let list = self.list();
        let kind = self.text_of(&["JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN"]);
        let further = match self.rng.bool() {
            true => format!(" AND {}", self.expr(Boolean, 1)),
            false => String::new(),
        };
        // A full join is by keys only.
        let further = if kind == "FULL JOIN" { "" } else { &*further };
        let condition = self.condition();
        format!(
            "SELECT x.id AS left_id, y.id AS right_id, {list} FROM {{{{ source }}}} AS x \
             {kind} {{{{ source }}}} AS y ON y.id = x.id + 1{further}{condition}"
        )
    }

    fn windows(&mut self) -> String {
        let mut list = Vec::new();
        for number in 0..self.rng.usize(1..3) {
            let kind = self.one_of(&ALL);
            let call = match self.rng.u32(0..5) {
                0 => format!("lag({})", self.expr(kind, 1)),
                1 => format!("first_value({})", self.expr(kind, 1)),
                2 => format!("sum({})", self.expr(Integer, 1)),
                3 => "count(*)".to_owned(),
                _ => "row_number()".to_owned(),
            };
            let by = match self.rng.bool() {
                true => format!("PARTITION BY {} ", self.expr(Boolean, 1)),
                false => String::new(),
            };
            let order = self.text_of(&["id", "id DESC"]);
            list.push(format!("{call} OVER ({by}ORDER BY {order}) AS w{number}"));
        }
        let condition = self.condition();
        let list = list.join(", ");
        format!("SELECT id, {list} FROM {{{{ source }}}}{condition}")
    }

    fn union(&mut self) -> String {
        let kind = self.one_of(&GROUPED);
        let (one, other) = (self.expr(kind, 2), self.expr(kind, 2));
        let conditions = [self.condition(), self.condition()];
        let operator = self.text_of(&["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]);
        format!(
            "SELECT {one} AS a FROM {{{{ source }}}}{} {operator} SELECT {other} FROM {{{{ source }}}}{}",
            conditions[0], conditions[1]
        )
    }

    fn subquery(&mut self) -> String {
        let list = self.list();
        let inner = self.expr(Boolean, 2);
        let outer = match self.rng.u8(0..3) {
            0 => format!("id IN (SELECT id FROM {{{{ source }}}} WHERE {inner})"),
            1 => format!("id NOT IN (SELECT id FROM {{{{ source }}}} WHERE {inner})"),
            _ => format!(
                "EXISTS (SELECT 1 FROM {{{{ source }}}} AS o WHERE o.id = s.id + 1 AND {})",
                {
                    self.tables = vec!["o.".to_owned()];
                    self.expr(Boolean, 1)
                }
            ),
        };
        format!("SELECT id, {list} FROM {{{{ source }}}} AS s WHERE {outer}")
    }

    fn sets(&mut self) -> String {
        let list = self.list();
        let set = self.text_of(&[
            "unnest(a)",
            "generate_series(1, 2)",
            "unnest(ARRAY[1, NULL])",
        ]);
        let condition = self.condition();
        match self.rng.bool() {
            true => format!("SELECT id, {set} AS element, {list} FROM {{{{ source }}}}{condition}"),
            false => format!(
                "SELECT id, element, {list} FROM {{{{ source }}}}, {set} AS t(element){condition}"
            ),
        }
    }

    /// One to three results, with their names.
    fn list(&mut self) -> String {
        let items: Vec<String> = (0..self.rng.usize(1..4))
            .map(|number| {
                let kind = self.one_of(&ALL);
                format!("{} AS e{number}", self.expr(kind, DEPTH))
            })
            .collect();
        items.join(", ")
    }

    fn condition(&mut self) -> String {
        match self.rng.bool() {
            true => format!(" WHERE {}", self.expr(Boolean, 2)),
            false => String::new(),
        }
    }

    fn expr(&mut self, kind: Kind, depth: u32) -> String {
        if depth == 0 || self.rng.u8(0..6) == 0 {
            return self.leaf(kind);
        }
        let depth = depth - 1;
        match self.rng.u8(0..8) {
            0 => {
                let (one, other) = (self.expr(kind, depth), self.expr(kind, depth));
                format!("coalesce({one}, {other})")
            }
            1 => {
                let condition = self.expr(Boolean, depth);
                let (one, other) = (self.expr(kind, depth), self.expr(kind, depth));
                format!("CASE WHEN {condition} THEN {one} ELSE {other} END")
            }
            2 => {
                let (one, other) = (self.expr(kind, depth), self.leaf(kind));
                format!("nullif({one}, {other})")
            }
            _ => match kind {
                Integer => self.integer(depth),
                Numeric => self.numeric(depth),
                Float => self.float(depth),
                Text => self.text(depth),
                Boolean => self.boolean(depth),
                Date => self.date(depth),
                Timestamp => self.timestamp(depth),
            },
        }
    }

    fn integer(&mut self, depth: u32) -> String {
        let one = self.expr(Integer, depth);
        match self.rng.u8(0..10) {
            0 => format!("({one} + {})", self.expr(Integer, depth)),
            1 => format!("({one} - {})", self.expr(Integer, depth)),
            2 => format!("({one} * {})", self.leaf(Integer)),
            3 => format!("({one} / nullif({}, 0))", self.expr(Integer, depth)),
            4 => format!("({one} % nullif({}, 0))", self.leaf(Integer)),
            5 => format!("abs({one})"),
            6 => format!("length({})", self.expr(Text, depth)),
            7 => format!("extract(year FROM {})::integer", self.expr(Date, depth)),
            8 => format!("({} - {})", self.expr(Date, depth), self.expr(Date, depth)),
            _ => format!("({})::integer", self.expr(Boolean, depth)),
        }
    }

    fn numeric(&mut self, depth: u32) -> String {
        let one = self.expr(Numeric, depth);
        match self.rng.u8(0..8) {
            0 => format!("({one} + {})", self.expr(Numeric, depth)),
            1 => format!("({one} - {})", self.expr(Numeric, depth)),
            2 => format!("({one} * {})", self.leaf(Numeric)),
            3 => format!("({one} / nullif({}, 0))", self.leaf(Numeric)),
            4 => format!("round({one}, {})", self.rng.u8(0..4)),
            5 => format!("trunc({one}, 1)"),
            6 => {
                // Of constants, the type depends on when they are computed.
                let column = self.column(Integer);
                format!("({} + {column})::numeric(20, 3)", self.expr(Integer, depth))
            }
            _ => format!("abs({one})"),
        }
    }

    fn float(&mut self, depth: u32) -> String {
        let one = self.expr(Float, depth);
        match self.rng.u8(0..6) {
            0 => format!("({one} + {})", self.leaf(Float)),
            1 => format!("({one} * {})", self.leaf(Float)),
            2 => format!("({})::double precision", self.expr(Integer, depth)),
            3 => format!("floor({one})"),
            4 => format!("abs({one})"),
            _ => format!("({})::double precision", self.expr(Numeric, depth)),
        }
    }

    fn text(&mut self, depth: u32) -> String {
        let one = self.expr(Text, depth);
        match self.rng.u8(0..14) {
            0 | 1 => format!("({one} || {})", self.expr(Text, depth)),
            2 => format!("upper({one})"),
            3 => format!("trim({one})"),
            4 => format!(
                "substr({one}, {}, {})",
                self.rng.i8(-1..4),
                self.rng.u8(0..5)
            ),
            5 => format!("replace({one}, 'a', {})", self.leaf(Text)),
            6 => format!("left({one}, {})", self.rng.i8(-2..5)),
            7 => format!("({})::text", self.expr(Integer, depth)),
            8 => format!("({})::text", self.expr(Date, depth)),
            9 => format!("({})::text", self.expr(Boolean, depth)),
            10 => format!("split_part({one}, ',', {})", self.rng.u8(1..3)),
            11 => format!("concat({one}, {})", self.expr(Integer, depth)),
            12 => format!("to_char({}, 'YYYY-MM-DD')", self.expr(Date, depth)),
            _ => format!("lpad({one}, {}, '.')", self.rng.u8(0..6)),
        }
    }

    fn boolean(&mut self, depth: u32) -> String {
        let compared = self.one_of(&[Integer, Numeric, Float, Date, Timestamp, Boolean]);
        let operator = self.text_of(&["=", "<>", "<", ">=", "IS DISTINCT FROM"]);
        match self.rng.u8(0..10) {
            0 | 1 => {
                let (one, other) = (self.expr(compared, depth), self.expr(compared, depth));
                format!("({one} {operator} {other})")
            }
            2 => format!("({} = {})", self.expr(Text, depth), self.expr(Text, depth)),
            3 => format!(
                "({} AND {})",
                self.expr(Boolean, depth),
                self.expr(Boolean, depth)
            ),
            4 => format!(
                "({} OR {})",
                self.expr(Boolean, depth),
                self.expr(Boolean, depth)
            ),
            5 => format!("(NOT {})", self.expr(Boolean, depth)),
            6 => {
                let kind = self.one_of(&ALL);
                format!("({} IS NULL)", self.expr(kind, depth))
            }
            7 => {
                let (one, list) = (
                    self.expr(Integer, depth),
                    [self.leaf(Integer), self.leaf(Integer)],
                );
                format!("({one} IN ({}))", list.join(", "))
            }
            8 => format!(
                "({} LIKE {})",
                self.expr(Text, depth),
                self.text_of(&["'%a%'", "'_l%'", "''"])
            ),
            _ => {
                let (one, low, high) = (
                    self.expr(compared, depth),
                    self.leaf(compared),
                    self.leaf(compared),
                );
                format!("({one} BETWEEN {low} AND {high})")
            }
        }
    }

    fn date(&mut self, depth: u32) -> String {
        match self.rng.u8(0..3) {
            0 => format!("({} + {})", self.expr(Date, depth), self.rng.i8(-5..6)),
            1 => format!("({})::date", self.expr(Timestamp, depth)),
            _ => format!(
                "greatest({}, {})",
                self.expr(Date, depth),
                self.expr(Date, depth)
            ),
        }
    }

    fn timestamp(&mut self, depth: u32) -> String {
        let one = self.expr(Timestamp, depth);
        match self.rng.u8(0..4) {
            0 => format!(
                "date_trunc('{}', {one})",
                self.text_of(&["month", "hour", "week"])
            ),
            1 => format!(
                "({one} + interval '{}')",
                self.text_of(&["1 month", "-1 day", "90 minutes"])
            ),
            2 => format!("({})::timestamp", self.expr(Date, depth)),
            _ => format!("least({one}, {})", self.expr(Timestamp, depth)),
        }
    }

    /// A column or a constant.
    fn leaf(&mut self, kind: Kind) -> String {
        let constants: &[&str] = match kind {
            Integer => &["0", "1", "-3", "NULL::integer", "100000"],
            Numeric => &["0.5", "-12.75", "NULL::numeric", "3.00"],
            Float => &[
                "0.1::double precision",
                "'-Infinity'::double precision",
                "2::real",
            ],
            Text => &["''", "'Plain'", "'a,b'", "'ü 表'", "NULL::text"],
            Boolean => &["(id > 4)", "(l IS NULL)", "(s <> i)"],
            Date => &["date '2024-02-29'", "date '1970-01-01'", "NULL::date"],
            Timestamp => &["timestamp '2023-12-31 23:59:59.5'", "NULL::timestamp"],
        };
        match self.rng.u8(0..7) {
            0 | 1 => self.text_of(constants),
            2 => self.of_other_type(kind),
            _ => self.column(kind),
        }
    }

    /// A value that is made of a column of a type that the engine only carries, or nearly so.
    fn of_other_type(&mut self, kind: Kind) -> String {
        let made: &[&str] = match kind {
            Integer => &["_a[1]", "cardinality(_a)", "extract(day FROM _iv)::integer"],
            Numeric => &["(_j ->> 'n')::numeric(8, 2)", "_m"],
            Float => &["_m::double precision", "(_j ->> 'n')::double precision"],
            Text => &[
                "_u::text",
                "(_j ->> 'a')",
                "_j::text",
                "_iv::text",
                "encode(_by, 'hex')",
            ],
            Boolean => &[
                "(_j ? 'a')",
                "(1 = ANY (_a))",
                "(_t ~ '^[A-Za-z]+$')",
                "(_iv > interval '1 day')",
            ],
            Date => &["_tz::date", "(_tz AT TIME ZONE 'Europe/Zurich')::date"],
            Timestamp => &[
                "(_tz AT TIME ZONE 'UTC')",
                "(_tz AT TIME ZONE 'Asia/Tokyo')",
            ],
        };
        let table = self.table();
        self.text_of(made).replace('_', &table)
    }

    fn table(&mut self) -> String {
        let table = self.rng.usize(0..self.tables.len());
        self.tables[table].clone()
    }

    fn column(&mut self, kind: Kind) -> String {
        let table = self.table();
        let columns: &[&str] = match kind {
            Integer => &["id", "s", "i", "l"],
            Numeric => &["m", "z"],
            Float => &["r", "d"],
            Text => &["t", "v", "c"],
            Boolean => &["b"],
            Date => &["day"],
            Timestamp => &["ts"],
        };
        table + &self.text_of(columns)
    }

    fn one_of(&mut self, kinds: &[Kind]) -> Kind {
        kinds[self.rng.usize(0..kinds.len())]
    }

    fn text_of(&mut self, texts: &[&str]) -> String {
        texts[self.rng.usize(0..texts.len())].to_owned()
    }
}
