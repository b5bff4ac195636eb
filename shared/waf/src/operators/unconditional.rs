//! `@unconditionalMatch` and `@noMatch`.

use super::{Captures, Recipe, Test};

#[derive(Debug)]
struct Constant(bool);

pub(super) fn always(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Constant(true)))
}

pub(super) fn never(_: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    Ok(Box::new(Constant(false)))
}

impl Test for Constant {
    fn matches(&self, _: &[u8], _: &[u8], _: Option<&mut Captures>) -> bool {
        self.0
    }
}
