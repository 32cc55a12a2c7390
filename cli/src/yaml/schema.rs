//! The part of JSON Schema that schemars writes for our types.

use serde_json::Value;

/// What a node is, before anybody asks what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Scalar,
    List,
    Mapping,
}

impl Kind {
    /// The words for it in a message.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar => "a text",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        }
    }
}

/// One thing that a schema allows.
#[derive(Debug)]
pub(super) enum Shape<'a> {
    Null,
    Text,
    Integer,
    Boolean,
    /// One of these texts.
    Words(Vec<&'a str>),
    /// A list, with the schema of its items.
    List(&'a Value),
    /// A mapping, with its schema.
    Mapping(&'a Value),
}

impl Shape<'_> {
    /// Whether a node of this kind may be it.
    pub(super) fn accepts(&self, kind: Kind) -> bool {
        match self {
            Self::Null => kind == Kind::Null,
            Self::Text | Self::Integer | Self::Boolean | Self::Words(_) => kind == Kind::Scalar,
            Self::List(_) => kind == Kind::List,
            Self::Mapping(_) => kind == Kind::Mapping,
        }
    }

    /// The words for it in a message; nothing is never what a person is expected to write.
    pub(super) fn describe(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Text => "a text".to_owned(),
            Self::Integer => "a number".to_owned(),
            Self::Boolean => "true or false".to_owned(),
            Self::Words(words) => format!("one of {}", words.join(", ")),
            Self::List(_) => "a list".to_owned(),
            Self::Mapping(_) => "a mapping".to_owned(),
        })
    }
}

/// Everything that `schema` allows, with references into `root` followed.
pub(super) fn shapes<'a>(root: &'a Value, schema: &'a Value) -> Vec<Shape<'a>> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return target
            .map(|target| shapes(root, target))
            .unwrap_or_default();
    }
    if let Some(words) = words(schema) {
        return vec![Shape::Words(words)];
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(alternatives) = schema.get(key).and_then(Value::as_array) {
            return alternatives
                .iter()
                .flat_map(|schema| shapes(root, schema))
                .collect();
        }
    }
    let types = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(name)) => vec![name.as_str()],
        _ => vec![],
    };
    let shape = |name| match name {
        "null" => Shape::Null,
        "integer" => Shape::Integer,
        "boolean" => Shape::Boolean,
        "array" => Shape::List(&schema["items"]),
        "object" => Shape::Mapping(schema),
        _ => Shape::Text,
    };
    types.into_iter().map(shape).collect()
}

/// The words of an enum, written as `enum`, `const`, or one of several such.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(word) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![word]);
    }
    if let Some(all) = schema.get("enum").and_then(Value::as_array) {
        return all.iter().map(Value::as_str).collect();
    }
    let alternatives = schema.get("oneOf")?.as_array()?;
    let all = alternatives.iter().map(words).collect::<Option<Vec<_>>>()?;
    Some(all.into_iter().flatten().collect())
}
