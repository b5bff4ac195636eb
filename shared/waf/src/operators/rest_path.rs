//! `@restpath`: a path of this form, like `/users/{id}/posts/{post}`; what stands in the place of names is in `ARGS_PATH`
//! (Coraza).

use super::{Captures, Recipe, Test};
use regex::bytes::{Regex, RegexBuilder};

#[derive(Debug)]
struct Compiled {
    regex: Regex,
    names: Vec<String>,
}

pub(super) fn make(recipe: &Recipe<'_>) -> Result<Box<dyn Test>, String> {
    if recipe.has_macros {
        return Err("`@restpath` takes no macros".to_owned());
    }
    let (mut source, mut names) = ("^".to_owned(), Vec::new());
    let mut rest: &str = recipe.argument;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, behind) =
            behind.split_once('}').ok_or_else(|| format!("`{{` without `}}` in `{rest}`"))?;
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(format!("`{name}` is not a name for a part of a path"));
        }
        source.push_str(&regex::escape(before));
        source.push_str("([^?/]+)");
        names.push(name.to_owned());
        rest = behind;
    }
    source.push_str(&regex::escape(rest));
    let regex = RegexBuilder::new(&source).unicode(false).build();
    let regex = regex.map_err(|_| format!("`{}` is no path", recipe.argument))?;
    Ok(Box::new(Compiled { regex, names }))
}

impl Test for Compiled {
    fn matches(&self, input: &[u8], _: &[u8], captures: Option<&mut Captures>) -> bool {
        let Some(groups) = self.regex.captures(input) else { return false };
        if let Some(captures) = captures {
            let text = |group: Option<regex::bytes::Match<'_>>| {
                group.map_or_else(Vec::new, |g| g.as_bytes().to_vec())
            };
            captures.groups = groups.iter().map(text).collect();
        }
        true
    }

    fn group_names(&self) -> &[String] {
        &self.names
    }
}
