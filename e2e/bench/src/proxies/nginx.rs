//! nginx with libmodsecurity, as Debian packages them, installed or unpacked by `scripts/peers.sh`.

use anyhow::{Context, Result, bail};
use portcullis_testkit::repo;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const MODULE: &str = "usr/lib/nginx/modules/ngx_http_modsecurity_module.so";

/// nginx as a reverse proxy.
#[derive(Debug, Clone)]
pub enum Nginx {
    /// Without ModSecurity.
    Bare,
    /// With OWASP CRS in libmodsecurity, at this paranoia level; above 1 with thresholds that nothing reaches.
    Crs {
        /// 1 to 4.
        paranoia: u8,
    },
    /// With the rules of our own that the WAF has built in, from this file of the repository.
    Rules(&'static str),
}

/// A running nginx.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    port: u16,
    folder: PathBuf,
}

/// What is to be had on this machine.
#[derive(Debug, Clone)]
struct Installation {
    program: PathBuf,
    module: PathBuf,
    libraries: Option<PathBuf>,
}

impl Nginx {
    pub(super) fn start(&self, upstream: u16) -> Result<Process> {
        let installation = installation()?;
        let folder = repo::target().join("bench").join(format!("nginx.{}.{upstream}", std::process::id()));
        let folder = folder.join(self.label());
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let port = free_port()?;
        self.write_configuration(&installation, &folder, port, upstream)?;
        let log = std::fs::File::create(folder.join("output.log"))?;
        let mut command = Command::new(&installation.program);
        command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf")).args(["-g", "daemon off;"]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if let Some(libraries) = &installation.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let mut process = Process { child: command.spawn().context("start nginx")?, port, folder };
        process.wait_until_ready()?;
        Ok(process)
    }

    fn label(&self) -> &'static str {
        match self {
            Nginx::Bare => "bare",
            Nginx::Crs { paranoia: 1 } => "crs",
            Nginx::Crs { .. } => "crs-paranoid",
            Nginx::Rules(_) => "rules",
        }
    }

    fn write_configuration(
        &self,
        installation: &Installation,
        folder: &Path,
        port: u16,
        upstream: u16,
    ) -> Result<()> {
        let module = match self {
            Nginx::Bare => String::new(),
            _ => format!("load_module {};\n", installation.module.display()),
        };
        let modsecurity = match self.rules(folder)? {
            None => String::new(),
            Some(rules) => {
                let file = folder.join("modsecurity.conf");
                std::fs::write(&file, rules.replace("@FOLDER@", &folder.display().to_string()))?;
                format!("    modsecurity on;\n    modsecurity_rules_file {};\n", file.display())
            }
        };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("    {kind}_temp_path {}/{kind};\n", folder.display()))
            .concat();
        let folder_text = folder.display();
        let text = format!(
            "{module}worker_processes 1;\npid {folder_text}/pid;\nerror_log {folder_text}/error.log warn;\n\
             events {{ worker_connections 512; }}\n\
             http {{\n    access_log off;\n    keepalive_requests 100000000;\n{temporary}{modsecurity}\
             \x20   upstream bench {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 100000000; }}\n\
             \x20   server {{\n        listen 127.0.0.1:{port};\n        location / {{\n            proxy_pass http://bench;\n\
             \x20           proxy_http_version 1.1;\n            proxy_set_header Connection \"\";\n        }}\n    }}\n}}\n"
        );
        std::fs::write(folder.join("nginx.conf"), text).context("write nginx.conf")
    }

    /// ModSecurity's configuration; `@FOLDER@` stands for the folder of this run.
    fn rules(&self, folder: &Path) -> Result<Option<String>> {
        let rules = match self {
            Nginx::Bare => return Ok(None),
            Nginx::Crs { paranoia } => {
                let crs = repo::root().join(".tools/crs");
                if !crs.join("crs-setup.conf").is_file() {
                    bail!("no .tools/crs: run make setup");
                }
                copy_rules(&crs.join("rules"), &folder.join("rules"))?;
                let (before, behind) = if *paranoia == 1 { ("", "") } else { PARANOID };
                format!(
                    "Include {}\nInclude {}/crs-setup.conf\n{before}\nInclude {}/rules/*.conf\n{behind}\nSecRuleEngine On\n",
                    repo::root().join(RECOMMENDED).display(),
                    crs.display(),
                    folder.display()
                )
            }
            Nginx::Rules(file) => {
                let file = repo::root().join(file);
                format!("SecRuleEngine On\nSecRequestBodyAccess On\n{JSON}Include {}\n", file.display())
            }
        };
        Ok(Some(format!("{FOLDERS}{rules}")))
    }
}

/// The settings that `Include @recommended-conf` brings in the filter: the same file, so that both do the same work.
const RECOMMENDED: &str = "shared/waf/rules/recommended.conf";

/// What stands before and behind the rules of CRS at paranoia level 4, as in `settings/waf-crs-pl4.json`.
const PARANOID: (&str, &str) = (
    "SecAction \"id:900000,phase:1,pass,t:none,nolog,setvar:tx.blocking_paranoia_level=4,\
     setvar:tx.inbound_anomaly_score_threshold=100000,setvar:tx.outbound_anomaly_score_threshold=100000\"",
    "SecRule ARGS:probe \"@streq 1\" \"id:999,phase:2,deny,status:403,t:none,nolog,chain\"\n\
     SecRule TX:inbound_anomaly_score_pl4 \"@ge 3\" \"t:none\"",
);

const FOLDERS: &str = "SecAuditEngine Off\nSecTmpDir @FOLDER@\nSecDataDir @FOLDER@\n";
const JSON: &str = "SecRule REQUEST_HEADERS:Content-Type \"^application/json\" \
     \"id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON\"\n";

impl Process {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The last words of nginx, without the time and the file of this run.
    fn last_words(&self) -> String {
        let said = std::fs::read_to_string(self.folder.join("output.log")).unwrap_or_default();
        let line = said.lines().last().unwrap_or("it says nothing");
        line.split_once("] ").map_or(line, |(_, rest)| rest).to_owned()
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            let ended = self.child.try_wait()?.is_some();
            if ended || start.elapsed() > Duration::from_secs(60) {
                bail!("nginx does not start: {}", self.last_words());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // SIGTERM to the first process ends its workers too, which SIGKILL would leave behind.
        let ended = Command::new("kill").arg(self.child.id().to_string()).status().is_ok_and(|s| s.success());
        if !ended {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Copies rules and their data. libmodsecurity takes the line behind a rule without actions for its actions, so there
/// must be an empty one, which the rules' packed form has not.
fn copy_rules(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).context("the rules of OWASP CRS")?.flatten() {
        let text = std::fs::read_to_string(entry.path())?;
        std::fs::write(to.join(entry.file_name()), text.replace("\nSec", "\n\nSec"))?;
    }
    Ok(())
}

/// The version of nginx, such as `nginx/1.22.1`, or why there is none.
pub fn version() -> Result<String> {
    let installation = installation()?;
    let mut command = Command::new(&installation.program);
    if let Some(libraries) = &installation.libraries {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let said = command.arg("-v").output().context("start nginx")?.stderr;
    let text = String::from_utf8_lossy(&said).into_owned();
    Ok(text.trim().rsplit_once(": ").map_or(text.trim(), |(_, version)| version).to_owned())
}

/// The version of OWASP CRS in `.tools`, as its set-up says it, such as `4.25.0`.
pub fn crs_version() -> Result<String> {
    let setup =
        std::fs::read_to_string(repo::root().join(".tools/crs/crs-setup.conf")).context("no .tools/crs")?;
    let behind = setup.split("OWASP_CRS/").nth(1).context("a set-up without a version")?;
    Ok(behind.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect())
}

/// What there is: `NGINX` and `NGINX_MODSECURITY` in the environment, else Debian's packages, installed or unpacked.
fn installation() -> Result<Installation> {
    static FOUND: OnceLock<Result<Installation, String>> = OnceLock::new();
    FOUND.get_or_init(|| find().map_err(|error| format!("{error:#}"))).clone().map_err(anyhow::Error::msg)
}

fn find() -> Result<Installation> {
    if let (Some(program), Some(module)) = (std::env::var_os("NGINX"), std::env::var_os("NGINX_MODSECURITY"))
    {
        return Ok(Installation { program: program.into(), module: module.into(), libraries: None });
    }
    let script = repo::root().join("scripts/peers.sh");
    let output = Command::new(&script).output().with_context(|| format!("start {}", script.display()))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "));
    }
    let unpacked = repo::root().join(".tools/peers/root");
    let roots = [PathBuf::from("/"), unpacked.clone()];
    let root =
        roots.into_iter().find(|root| root.join(MODULE).is_file()).context("no nginx with ModSecurity")?;
    let libraries = (root == unpacked).then(|| libraries(&unpacked)).transpose()?;
    Ok(Installation { program: root.join("usr/sbin/nginx"), module: root.join(MODULE), libraries })
}

/// Debian's folder of libraries for this machine, such as `usr/lib/x86_64-linux-gnu`.
fn libraries(root: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(root.join("usr/lib")).context("the unpacked packages")?;
    let mut folders = entries.flatten().map(|entry| entry.path());
    folders.find(|path| path.to_string_lossy().ends_with("-linux-gnu")).context("the unpacked libraries")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?.local_addr()?.port())
}
