//! YAML read against a JSON Schema: every problem at once, each with its line and keys.

mod schema;
mod substitute;

use std::collections::HashMap;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Value};

use crate::environment::Environment;
use crate::error::{Problem, Problems};
use schema::{Kind, Shape};
use substitute::substitute;

/// Where the keys of a document are.
#[derive(Debug, Default)]
pub(crate) struct Lines(HashMap<String, usize>);

impl Lines {
    /// The line of `path`, or of the nearest key above it.
    pub(crate) fn of(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = &path[..path.rfind('.')?];
        }
    }

    /// A problem with what is at `path`.
    pub(crate) fn problem(&self, path: impl Into<String>, message: impl Into<String>) -> Problem {
        let path = path.into();
        Problem {
            line: self.of(&path),
            path,
            message: message.into(),
            hint: None,
        }
    }
}

/// Reads the one document in `text` as `schema` describes it.
///
/// A scalar is what the schema says: `password: 0123` is a text. Variables of `environment` are
/// put into scalars first. Keys are taken as they are.
///
/// # Errors
/// All problems, if there is one.
pub(crate) fn read(
    text: &str,
    schema: &Value,
    environment: &Environment,
) -> Result<(Value, Lines), Problems> {
    let documents = MarkedYaml::load_from_str(text).map_err(|err| {
        let message = format!("this is no YAML: {}", err.info());
        let line = Some(err.marker().line());
        Problems(vec![Problem {
            line,
            path: String::new(),
            message,
            hint: None,
        }])
    })?;
    let mut reader = Reader {
        text,
        schema,
        environment,
        lines: Lines::default(),
        problems: vec![],
    };
    let value = match &documents[..] {
        [] => reader.read(&MarkedYaml::from(YamlData::Value(Scalar::Null)), schema, ""),
        [document] => reader.read(document, schema, ""),
        [_, second, ..] => {
            reader.report(second, "", "a second document begins".to_owned());
            Value::Null
        }
    };
    match reader.problems.is_empty() {
        true => Ok((value, reader.lines)),
        false => Err(Problems(reader.problems)),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// The whole schema, for its definitions.
    schema: &'a Value,
    environment: &'a Environment,
    lines: Lines,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// The value of `node`; `Null`, and a problem, where it is not as `schema` says.
    fn read(&mut self, node: &MarkedYaml<'_>, schema: &'a Value, path: &str) -> Value {
        let node = match &node.data {
            YamlData::Tagged(_, inner) => inner,
            _ => node,
        };
        self.lines.0.insert(path.to_owned(), node.span.start.line());
        let kind = kind_of(node);
        let shapes = schema::shapes(self.schema, schema);
        let Some(shape) = shapes.iter().find(|shape| shape.accepts(kind)) else {
            // A key with nothing behind it is a mapping without keys.
            if let (Kind::Null, Some(Shape::Mapping(schema))) = (kind, shapes.first()) {
                return self.check_required(node, schema, path, Map::new());
            }
            let expected: Vec<_> = shapes.iter().filter_map(Shape::describe).collect();
            let message = format!(
                "expected {}, found {}",
                expected.join(" or "),
                kind.describe()
            );
            self.report(node, path, message);
            return Value::Null;
        };
        match (shape, &node.data) {
            (Shape::Mapping(schema), YamlData::Mapping(entries)) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    self.read_entry(&mut map, schema, path, (key, value));
                }
                self.check_required(node, schema, path, map)
            }
            (Shape::List(items), YamlData::Sequence(nodes)) => {
                let read = |(at, node)| self.read(node, items, &format!("{path}.{at}"));
                Value::Array(nodes.iter().enumerate().map(read).collect())
            }
            (Shape::Null, _) => Value::Null,
            (shape, _) => self.read_scalar(node, shape, path),
        }
    }

    fn read_entry(
        &mut self,
        map: &mut Map<String, Value>,
        schema: &'a Value,
        path: &str,
        (key, value): (&MarkedYaml<'_>, &MarkedYaml<'_>),
    ) {
        let name = self.raw(key);
        let inner = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let known = properties.and_then(|properties| properties.get(&name));
        let other = schema
            .get("additionalProperties")
            .filter(|other| other.is_object());
        match known.or(other) {
            Some(schema) => {
                let value = self.read(value, schema, &inner);
                self.lines.0.insert(inner, key.span.start.line());
                map.insert(name, value);
            }
            None => {
                let names = properties
                    .into_iter()
                    .flat_map(Map::keys)
                    .map(String::as_str);
                let message = format!("unknown key{}", did_you_mean(&name, names));
                self.report(key, &inner, message);
            }
        }
    }

    fn check_required(
        &mut self,
        node: &MarkedYaml<'_>,
        schema: &Value,
        path: &str,
        map: Map<String, Value>,
    ) -> Value {
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(name) {
                self.report(node, path, format!("key {name} is missing"));
            }
        }
        Value::Object(map)
    }

    fn read_scalar(&mut self, node: &MarkedYaml<'_>, shape: &Shape<'_>, path: &str) -> Value {
        let text = match substitute(&self.raw(node), self.environment) {
            Ok(text) => text,
            Err(message) => {
                self.report(node, path, message);
                return Value::Null;
            }
        };
        let value = match shape {
            Shape::Integer => text.parse::<u64>().ok().map(Value::from),
            Shape::Boolean => text.parse::<bool>().ok().map(Value::from),
            Shape::Words(words) => {
                if !words.contains(&&*text) {
                    let (all, near) =
                        (words.join(", "), did_you_mean(&text, words.iter().copied()));
                    self.report(
                        node,
                        path,
                        format!("expected one of {all}, found {text:?}{near}"),
                    );
                    return Value::Null;
                }
                Some(Value::String(text))
            }
            _ => Some(Value::String(text)),
        };
        value.unwrap_or_else(|| {
            let expected = shape.describe().unwrap_or_default();
            self.report(node, path, format!("expected {expected}, found a text"));
            Value::Null
        })
    }

    /// The text of a scalar as it was written, quotes and folding resolved.
    fn raw(&self, node: &MarkedYaml<'_>) -> String {
        match &node.data {
            YamlData::Value(Scalar::String(text)) => text.to_string(),
            YamlData::Representation(text, ..) => text.to_string(),
            _ => {
                let (start, length) = (node.span.start.index(), node.span.len());
                self.text
                    .chars()
                    .skip(start)
                    .take(length)
                    .collect::<String>()
                    .trim()
                    .to_owned()
            }
        }
    }

    fn report(&mut self, node: &MarkedYaml<'_>, path: &str, message: String) {
        let line = Some(node.span.start.line());
        self.problems.push(Problem {
            line,
            path: path.to_owned(),
            message,
            hint: None,
        });
    }
}

fn kind_of(node: &MarkedYaml<'_>) -> Kind {
    match &node.data {
        YamlData::Mapping(_) => Kind::Mapping,
        YamlData::Sequence(_) => Kind::List,
        YamlData::Value(Scalar::Null) | YamlData::BadValue | YamlData::Alias(_) => Kind::Null,
        _ => Kind::Scalar,
    }
}

/// `, did you mean near?`, if one of `known` is near `name`.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known
        .map(|word| (distance(&name.to_lowercase(), word), word))
        .min()
        .filter(|(distance, word)| *distance <= (word.chars().count() / 2).min(3));
    match nearest {
        Some((_, word)) => format!(", did you mean {word}?"),
        None => String::new(),
    }
}

/// How far apart both are; a missing schema before the point costs nothing.
fn distance(name: &str, word: &str) -> usize {
    let last = word.rsplit('.').next().unwrap_or(word);
    strsim::damerau_levenshtein(name, word).min(strsim::damerau_levenshtein(name, last))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scalar_is_what_the_schema_says() {
        assert_eq!(
            value("text: 0123\nnumber: 7\nlist: [no, 1.50]\nmode: ${MODE}\n"),
            json!({"text": "0123", "number": 7, "list": ["no", "1.50"], "mode": "fast"})
        );
    }

    #[test]
    fn anchors_are_followed() {
        assert_eq!(
            value("text: &t a b\nmode: slow\ninner: {text: *t}\n"),
            json!({"text": "a b", "mode": "slow", "inner": {"text": "a b"}})
        );
    }

    #[test]
    fn every_problem_is_told_with_its_line() {
        insta::assert_snapshot!(
            problems("txet: a\nnumber: seven\nlist: {a: b}\nmode: fats\ninner:\n  text: [1]\n"),
            @r#"
        line 1: txet: unknown key, did you mean text?
        line 2: number: expected a number, found a text
        line 3: list: expected a list, found a mapping
        line 4: mode: expected one of fast, slow, found "fats", did you mean fast?
        line 6: inner.text: expected a text, found a list
        "#
        );
    }

    #[test]
    fn a_missing_key_and_a_missing_variable_are_problems() {
        insta::assert_snapshot!(problems("text: ${NO}\n"), @r"
        line 1: text: variable NO is not set
        line 1: key mode is missing
        ");
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        insta::assert_snapshot!(problems("mode: fast\nmode: slow\n"), @"line 2: this is no YAML: duplicated key in mapping");
    }

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "text": {"type": ["string", "null"]},
                "number": {"type": "integer"},
                "list": {"type": "array", "items": {"type": "string"}},
                "mode": {"$ref": "#/$defs/Mode"},
                "inner": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}]},
            },
            "required": ["mode"],
            "additionalProperties": false,
            "$defs": {
                "Mode": {"oneOf": [{"const": "fast"}, {"const": "slow"}]},
                "Inner": {"type": "object", "properties": {"text": {"type": "string"}}},
            },
        })
    }

    fn value(text: &str) -> Value {
        let environment = Environment::of(&[("MODE", "fast")]);
        read(text, &schema(), &environment).unwrap().0
    }

    fn problems(text: &str) -> String {
        let mut problems = read(text, &schema(), &Environment::default())
            .unwrap_err()
            .0;
        problems.sort_by_key(|problem| problem.line);
        problems
            .iter()
            .map(|problem| format!("{problem}\n"))
            .collect()
    }
}
