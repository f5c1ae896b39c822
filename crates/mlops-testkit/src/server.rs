use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than a first start takes on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// Between two looks at a server that comes or goes.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// A server that this process uses; the lock is the system's word that it is still used.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) port: u16,
    _users: File,
}

/// The shared server of that name, installed and started if it is not there yet.
pub(crate) fn shared(name: &str) -> Server {
    let home = home(name);
    // Held while the server is started and joined, so that one process starts it and none joins one
    // that stops.
    let _start = start_lock(&home);
    let port = running(&home).unwrap_or_else(|| start_shared(name, &home));
    Server { port, _users: use_of(&home) }
}

/// The folder in which the server of that name is installed.
pub(crate) fn installed(name: &str) -> PathBuf {
    let home = home(name);
    let _start = start_lock(&home);
    install(name, &home)
}

/// Returns the folder of all data of the servers.
pub(crate) fn testkit_folder() -> PathBuf {
    // From `target/PROFILE/deps/TEST`.
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).expect("a test lies three folders deep").join("testkit")
}

/// A lock that tells the keeper of `home` that its server is used.
pub(crate) fn use_of(home: &Path) -> File {
    let users = lock_file(home, "users.lock");
    users.lock_shared().unwrap();
    users
}

/// Returns an unused port.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs the server of that name, for as long as `home` is used.
pub(crate) fn keep(name: &str, home: &Path, port: u16) -> Child {
    let log = File::create(log_path(home)).unwrap();
    Command::new("setsid")
        .arg(scripts().join("keep.sh"))
        .args([&script(name), home])
        .arg(port.to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Fails the test if the server that started at `since` has ended or takes too long.
pub(crate) fn check_starting(name: &str, home: &Path, keeper: &mut Child, since: Instant) {
    let ended = keeper.try_wait().unwrap();
    let log = || fs::read_to_string(log_path(home)).unwrap_or_default();
    assert!(ended.is_none(), "the {name} server did not start:\n{}", log());
    assert!(since.elapsed() < START_LIMIT, "the {name} server does not answer:\n{}", log());
}

/// Ends a keeper with its server and whatever else they started, without a chance to tidy up.
pub(crate) fn kill(keeper: &mut Child, port: u16) {
    // `setsid` made them a group. The shell has a `kill` of its own where the system has none.
    let kill = format!("kill -KILL -- -{}", keeper.id());
    drop(Command::new("bash").args(["-c", &kill]).stderr(Stdio::null()).status());
    drop(keeper.wait());
    // The server is not a child of this process, which therefore cannot wait for it.
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        std::thread::sleep(PAUSE);
    }
}

fn home(name: &str) -> PathBuf {
    let home = testkit_folder().join(name);
    fs::create_dir_all(&home).unwrap();
    home
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("servers")
}

fn script(name: &str) -> PathBuf {
    scripts().join(format!("{name}.sh"))
}

fn log_path(home: &Path) -> PathBuf {
    home.join("log")
}

fn lock_file(home: &Path, name: &str) -> File {
    File::options().create(true).truncate(false).write(true).open(home.join(name)).unwrap()
}

fn start_lock(home: &Path) -> File {
    let start = lock_file(home, "start.lock");
    start.lock().unwrap();
    start
}

/// The port, if its keeper lives and something listens there.
fn running(home: &Path) -> Option<u16> {
    let port = fs::read_to_string(home.join("port")).ok()?.parse().ok()?;
    let keeper = fs::read_to_string(home.join("keeper")).ok()?;
    let lives = fs::read_to_string(format!("/proc/{keeper}/cmdline")).ok()?.contains("keep.sh");
    (lives && TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(port)
}

fn install(name: &str, home: &Path) -> PathBuf {
    let folder = home.join("install");
    fs::create_dir_all(&folder).unwrap();
    let installed = Command::new(script(name)).arg("install").arg(&folder).status().unwrap();
    assert!(installed.success(), "{} install failed; see above", script(name).display());
    folder
}

fn start_shared(name: &str, home: &Path) -> u16 {
    install(name, home);
    let port = free_port();
    #[expect(
        clippy::zombie_processes,
        reason = "the keeper outlives this process, and the system reaps it"
    )]
    let mut keeper = keep(name, home, port);
    fs::write(home.join("keeper"), keeper.id().to_string()).unwrap();
    let since = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        check_starting(name, home, &mut keeper, since);
        std::thread::sleep(PAUSE);
    }
    fs::write(home.join("port"), port.to_string()).unwrap();
    port
}
