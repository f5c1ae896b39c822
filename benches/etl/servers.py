"""The servers under the benchmark: a real MySQL, and S3 in memory with the latency of a network."""

import fcntl
import os
import socket
import subprocess
import time
from contextlib import contextmanager

from measure import HOME, ROOT

MYSQL = ROOT / "crates" / "mlops-testkit" / "servers" / "mysql.sh"
START_SECONDS = 90
# A test server has a small cache and log; a production one holds half a million rows in memory.
SETTINGS = [f"SET GLOBAL innodb_{size} = 1 << 30" for size in ("buffer_pool_size", "redo_log_capacity")]
# For the rival with LOAD DATA; off by default.
SETTINGS.append("SET GLOBAL local_infile = ON")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@contextmanager
def started(command, log, stdout=None):
    """The server process of a command, until the end of the block."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=stdout or output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Mysql:
    """A MySQL server; its one database is made anew for each run."""

    def __init__(self, port, process, python):
        self.port = port
        self.process = process
        self.python = python

    def query(self, *statements):
        script = ROOT / "benches" / "etl" / "sql.py"
        words = [self.python, script, str(self.port), *statements]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def fresh(self):
        self.query(*(f"DROP DATABASE IF EXISTS {name}" for name in ("bench", "bench_staging")), "CREATE DATABASE bench")

    def rows(self):
        return int(self.query("SELECT count(*) FROM bench.model_logs"))

    def url(self, scheme="mysql"):
        return f"{scheme}://test:test@127.0.0.1:{self.port}/bench"

    def cpu_seconds(self):
        """What the server has used so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            user, system = stat.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def mysql(python, data=HOME / "mysql"):
    """A MySQL server with its data there, from the packages that the tests use too."""
    home = ROOT / "target" / "testkit" / "mysql"
    install = home / "install"
    install.mkdir(parents=True, exist_ok=True)
    with open(home / "start.lock", "a") as lock:
        # The tests hold it while they install.
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run([MYSQL, "install", install], check=True)
    port, log = free_port(), HOME / "logs" / "mysql.log"
    with started([MYSQL, "run", install, data, str(port)], log) as process:
        deadline = time.monotonic() + START_SECONDS
        server = Mysql(port, process, python)
        while True:
            try:
                server.query(*SETTINGS)
                break
            except subprocess.CalledProcessError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"MySQL did not start; see {log}:\n{error.stderr}") from None
                time.sleep(0.2)
        yield server


@contextmanager
def s3(program, folder, latency_ms):
    """An S3 server whose bucket `logs` holds a folder; gives the environment in which it is found."""
    port = free_port()
    command = [program, "--port", port, "--latency-ms", latency_ms, "--bucket", "logs", "--load", folder]
    with started(command, HOME / "logs" / "s3.log", stdout=subprocess.PIPE) as process:
        if process.stdout.readline() != b"ready\n":
            raise SystemExit(f"the S3 server did not start; see {HOME / 'logs' / 's3.log'}")
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # boto3 reads the second only.
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
