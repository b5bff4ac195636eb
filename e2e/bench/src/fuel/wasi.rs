//! As much of WASI as a Rust program asks for that reads its arguments and prints: no clock, no randomness, no files.
//!
//! What could make two runs differ is the same in all: random bytes are a constant, and time stands still.

use super::program::State;
use wasmi::{Caller, Error, ExternType, FuncType, Linker, Memory, Module, Val};

/// `wasi_snapshot_preview1`, errno `badf`.
const BAD_FILE: i32 = 8;
/// `wasi_snapshot_preview1`, errno `nosys`.
const NOT_THERE: i32 = 52;
const MODULE: &str = "wasi_snapshot_preview1";
/// What [`link`] defines itself.
const KNOWN: [&str; 9] = [
    "args_sizes_get",
    "args_get",
    "environ_sizes_get",
    "environ_get",
    "random_get",
    "clock_time_get",
    "fd_write",
    "fd_prestat_get",
    "proc_exit",
];

/// Defines every import of the module. What is not known answers `nosys`, or ends the program if it does not give an
/// errno: the proxy's own functions, which no workload calls.
pub(super) fn link(linker: &mut Linker<State>, module: &Module) -> Result<(), Error> {
    linker.func_wrap(MODULE, "args_sizes_get", args_sizes_get)?;
    linker.func_wrap(MODULE, "args_get", args_get)?;
    linker.func_wrap(MODULE, "environ_sizes_get", environ_sizes_get)?;
    linker.func_wrap(MODULE, "environ_get", |_: i32, _: i32| 0_i32)?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "fd_prestat_get", |_: i32, _: i32| BAD_FILE)?;
    linker.func_wrap(MODULE, "proc_exit", |status: i32| -> Result<(), Error> {
        Err(Error::i32_exit(status))
    })?;
    for import in module.imports() {
        let known = import.module() == MODULE && KNOWN.contains(&import.name());
        if let (false, ExternType::Func(kind)) = (known, import.ty()) {
            define_absent(linker, import.module(), import.name(), kind)?;
        }
    }
    Ok(())
}

fn define_absent(linker: &mut Linker<State>, module: &str, name: &str, kind: &FuncType) -> Result<(), Error> {
    let full = format!("{module}.{name}");
    let is_wasi = module == MODULE;
    linker.func_new(module, name, kind.clone(), move |_, _, results| {
        match (is_wasi, results) {
            (true, [result]) => *result = Val::I32(NOT_THERE),
            _ => return Err(Error::new(format!("the program calls `{full}`"))),
        }
        Ok(())
    })?;
    Ok(())
}

fn args_sizes_get(mut caller: Caller<'_, State>, count: i32, size: i32) -> Result<i32, Error> {
    let arguments = &caller.data().arguments;
    let (number, bytes) = (arguments.len(), arguments.iter().map(|text| text.len() + 1).sum::<usize>());
    put_u32(&mut caller, count, number)?;
    put_u32(&mut caller, size, bytes)?;
    Ok(0)
}

fn args_get(mut caller: Caller<'_, State>, pointers: i32, buffer: i32) -> Result<i32, Error> {
    let mut at = buffer as usize;
    for (index, argument) in caller.data().arguments.clone().into_iter().enumerate() {
        put_u32(&mut caller, pointers + 4 * index as i32, at)?;
        let bytes = [argument.as_bytes(), b"\0"].concat();
        put(&mut caller, at, &bytes)?;
        at += bytes.len();
    }
    Ok(0)
}

fn environ_sizes_get(mut caller: Caller<'_, State>, count: i32, size: i32) -> Result<i32, Error> {
    put_u32(&mut caller, count, 0)?;
    put_u32(&mut caller, size, 0)?;
    Ok(0)
}

fn random_get(mut caller: Caller<'_, State>, buffer: i32, length: i32) -> Result<i32, Error> {
    put(&mut caller, buffer as usize, &vec![0x5a; length as usize])?;
    Ok(0)
}

fn clock_time_get(mut caller: Caller<'_, State>, _: i32, _: i64, result: i32) -> Result<i32, Error> {
    put(&mut caller, result as usize, &[0; 8])?;
    Ok(0)
}

/// Keeps what is written to standard output and error, and the fuel left at each write to standard output.
fn fd_write(
    mut caller: Caller<'_, State>,
    file: i32,
    vectors: i32,
    count: i32,
    written: i32,
) -> Result<i32, Error> {
    let left = caller.get_fuel()?;
    let mut text = Vec::new();
    for index in 0..count as usize {
        let mut vector = [0; 8];
        memory(&caller)?.read(&caller, vectors as usize + 8 * index, &mut vector).map_err(error)?;
        let [a, b, c, d, e, f, g, h] = vector;
        let mut bytes = vec![0; u32::from_le_bytes([e, f, g, h]) as usize];
        memory(&caller)?
            .read(&caller, u32::from_le_bytes([a, b, c, d]) as usize, &mut bytes)
            .map_err(error)?;
        text.extend(bytes);
    }
    put_u32(&mut caller, written, text.len())?;
    let text = String::from_utf8_lossy(&text).into_owned();
    match file {
        1 => caller.data_mut().lines.push((text.trim_end().to_owned(), left)),
        2 => caller.data_mut().errors.push_str(&text),
        _ => return Ok(BAD_FILE),
    }
    Ok(0)
}

fn put_u32(caller: &mut Caller<'_, State>, at: i32, value: usize) -> Result<(), Error> {
    put(caller, at as usize, &(value as u32).to_le_bytes())
}

fn put(caller: &mut Caller<'_, State>, at: usize, bytes: &[u8]) -> Result<(), Error> {
    memory(caller)?.write(caller, at, bytes).map_err(error)
}

fn memory(caller: &Caller<'_, State>) -> Result<Memory, Error> {
    caller.get_export("memory").and_then(|item| item.into_memory()).ok_or_else(|| Error::new("no memory"))
}

fn error(error: impl std::fmt::Display) -> Error {
    Error::new(error.to_string())
}
