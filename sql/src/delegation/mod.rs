//! What of a SELECT the source runs itself: all of it, or what takes one row at a time.

mod shape;

use std::collections::HashMap;

use towpath_engine::Result;
use towpath_engine::transform::{FunctionTraits, SourceCatalog};

pub(crate) use shape::Shape;

/// What the source's functions are, by name.
pub(crate) struct Functions(HashMap<String, FunctionTraits>);

impl Functions {
    /// Asks about functions of these names.
    ///
    /// # Errors
    /// `Read`, if the server does not answer.
    pub(crate) async fn of(names: Vec<String>, catalog: &dyn SourceCatalog) -> Result<Self> {
        let found = match names.is_empty() {
            true => Vec::new(),
            false => catalog.functions(&names).await?,
        };
        let by_name = found.into_iter().map(|traits| (traits.name.clone(), traits));
        Ok(Self(by_name.collect()))
    }

    /// Whether a call takes one row, and gives the same again for it.
    fn is_row_wise(&self, name: &str) -> bool {
        let traits = self.0.get(name);
        traits.is_none_or(|traits| !traits.takes_several_rows && !traits.is_volatile)
    }

    fn returns_set(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|traits| traits.returns_set)
    }
}
