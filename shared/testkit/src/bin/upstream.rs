//! The small upstream of `make run` and `make demo`: `upstream --port N` answers until it is killed.

use anyhow::{Context, Result, bail};
use portcullis_testkit::upstream::Upstream;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut port = 0;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--port" => {
                port = arguments.next().context("--port wants a number")?.parse().context("--port")?
            }
            other => bail!("unknown argument `{other}`; usage: upstream --port N"),
        }
    }
    let upstream = Upstream::start_at(port)?.forgetful();
    println!("upstream on http://{}", upstream.address());
    loop {
        std::thread::park();
    }
}
