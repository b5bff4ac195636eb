//! `portcullis waf op` and `portcullis waf tfn`: one operator, some transformations.

use super::bytes::{escape, input};
use super::{code, sources};
use anyhow::{Context, Result, anyhow, bail};
use portcullis_waf::operators::{self, Captures, Compile, Recipe};
use portcullis_waf::transformations::Transformation;
use serde_json::json;
use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Arguments of `portcullis waf op`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 if it matches, 1 if not, 2 if there is no such operator or its parameter is wrong.\n\
    Example: portcullis waf op rx '(?i)union\\s+(select)' 'x UNION  SELECT'"
)]
pub(crate) struct OperatorArguments {
    /// Its name, with or without `@`; `!` in front negates.
    name: String,
    /// Its parameter; a file's name for `pmFromFile` and `ipMatchFromFile`. Macros are not filled in.
    param: String,
    /// What it looks at, with `\xNN`, `\n`, `\r`, `\t`, `\0`, `\\`; `-` or nothing reads standard input as it is.
    input: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `portcullis waf tfn`.
#[derive(clap::Args)]
#[command(
    after_help = "Exit code: 0 if the value has changed, 1 if not, 2 if there is no such transformation.\n\
    Example: portcullis waf tfn urlDecodeUni,lowercase '%41%u0042'"
)]
pub(crate) struct TransformationArguments {
    /// Names, in order, with commas between.
    #[arg(required = true, value_delimiter = ',')]
    names: Vec<String>,
    /// The value, with `\xNN`, `\n`, `\r`, `\t`, `\0`, `\\`; `-` reads standard input as it is.
    input: String,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Prints the bytes of the result alone.
    #[arg(long, conflicts_with = "json")]
    raw: bool,
}

/// Asks the operator.
pub(crate) fn operator(arguments: &OperatorArguments) -> Result<ExitCode> {
    let (is_negated, name) = match arguments.name.strip_prefix('!') {
        Some(name) => (true, name),
        None => (false, arguments.name.as_str()),
    };
    let name = name.strip_prefix('@').unwrap_or(name);
    let files = |path: &str| sources::read(Path::new(path)).ok().map(Cow::Owned);
    let argument = Cow::Owned(arguments.param.clone());
    let recipe = Recipe { argument: &argument, has_macros: false, files: &files, compile: Compile::Now };
    let test = operators::compile(name, &recipe).map_err(|message| anyhow!(message))?;
    let value = input(arguments.input.as_deref())?;
    let mut captures = Captures::default();
    let found = test.matches(&value, arguments.param.as_bytes(), Some(&mut captures)) != is_negated;
    let groups: Vec<(String, String)> =
        captures.groups.iter().enumerate().map(|(index, group)| (index.to_string(), shown(group))).collect();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let groups: serde_json::Map<_, _> =
            groups.into_iter().map(|(name, text)| (name, text.into())).collect();
        writeln!(out, "{}", json!({"matches": found, "captures": groups}))?;
    } else {
        writeln!(out, "{}", if found { "matches" } else { "does not match" })?;
        for (name, text) in groups {
            writeln!(out, "  TX:{name} = {text}")?;
        }
    }
    Ok(code(!found))
}

/// Applies the transformations and shows each step.
pub(crate) fn transformations(arguments: &TransformationArguments) -> Result<ExitCode> {
    let value = input(Some(&arguments.input))?;
    let mut steps = Vec::new();
    let mut now = value.clone();
    for name in &arguments.names {
        let bare = name.trim().trim_start_matches("t:");
        let Some(transformation) = Transformation::find(bare) else {
            let known: Vec<&str> = Transformation::all().iter().map(|known| known.name).collect();
            bail!("unknown transformation `{bare}`; there are {}", known.join(", "));
        };
        now = transformation.apply(&now).into_owned();
        steps.push((transformation.name, now.clone()));
    }
    let mut out = std::io::stdout().lock();
    if arguments.raw {
        out.write_all(&now)?;
    } else if arguments.json {
        let steps: Vec<_> =
            steps.iter().map(|(name, value)| json!({"name": name, "value": escape(value)})).collect();
        writeln!(
            out,
            "{}",
            json!({"input": escape(&value), "output": escape(&now), "changed": now != value, "steps": steps})
        )?;
    } else {
        let width = steps.iter().map(|(name, _)| name.len()).max().unwrap_or_default() + 2;
        writeln!(out, "{:width$}  {}", "", escape(&value))?;
        for (name, value) in &steps {
            writeln!(out, "t:{name:<rest$}  {}", escape(value), rest = width - 2)?;
        }
    }
    out.flush().context("standard output")?;
    Ok(code(now == value))
}

fn shown(group: &impl AsRef<[u8]>) -> String {
    escape(group.as_ref())
}
