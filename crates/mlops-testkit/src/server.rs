use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than a first start takes on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A server that this process uses; the lock is the system's word that it is still used.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    _users: File,
}

/// The shared server of that name, installed and started if it is not there yet.
pub(crate) fn shared(name: &str) -> Server {
    let home = target_folder().join("testkit").join(name);
    fs::create_dir_all(&home).unwrap();
    // Held while the server is started and joined, so that one process starts it and none joins one that stops.
    let start = lock_file(&home, "start.lock");
    start.lock().unwrap();
    let port = running(&home).unwrap_or_else(|| start_server(name, &home));
    let users = lock_file(&home, "users.lock");
    users.lock_shared().unwrap();
    Server { port, _users: users }
}

/// `target/`, from `target/PROFILE/deps/TEST`.
fn target_folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).expect("a test lies three folders deep").to_owned()
}

fn lock_file(home: &Path, name: &str) -> File {
    File::options().create(true).truncate(false).write(true).open(home.join(name)).unwrap()
}

/// The port, if its keeper lives and something listens there.
fn running(home: &Path) -> Option<u16> {
    let port = fs::read_to_string(home.join("port")).ok()?.parse().ok()?;
    let keeper = fs::read_to_string(home.join("keeper")).ok()?;
    let lives = fs::read_to_string(format!("/proc/{keeper}/cmdline")).ok()?.contains("keep.sh");
    (lives && TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(port)
}

fn start_server(name: &str, home: &Path) -> u16 {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("servers");
    let script = scripts.join(format!("{name}.sh"));
    let install = home.join("install");
    fs::create_dir_all(&install).unwrap();
    let installed = Command::new(&script).arg("install").arg(&install).status().unwrap();
    assert!(installed.success(), "{} install failed; see above", script.display());

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let log = File::create(home.join("log")).unwrap();
    #[expect(clippy::zombie_processes, reason = "the keeper outlives this process, and the system reaps it")]
    let mut keeper = Command::new("setsid")
        .arg(scripts.join("keep.sh"))
        .args([&script, home])
        .arg(port.to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    fs::write(home.join("keeper"), keeper.id().to_string()).unwrap();
    let since = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = keeper.try_wait().unwrap();
        let log = || fs::read_to_string(home.join("log")).unwrap_or_default();
        assert!(ended.is_none(), "the {name} server did not start:\n{}", log());
        assert!(since.elapsed() < START_LIMIT, "the {name} server does not answer:\n{}", log());
        std::thread::sleep(Duration::from_millis(50));
    }
    fs::write(home.join("port"), port.to_string()).unwrap();
    port
}
