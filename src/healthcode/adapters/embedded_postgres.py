"""PostgreSQL 18 without an installation: the binaries of a Python wheel, started, adopted and stopped by us.

Invariants:

* Only the wheel's *binaries* are used. Its own starter is never called: run as root it adds a system user and opens
  rights on parent folders.
* PostgreSQL refuses to run as root, so as root it runs as an existing unprivileged account on a folder of its own.
  Where that account cannot reach a path, the files move to where it can; rights on the way are never widened.
* One folder, one cluster: `folder/data` (the cluster), `folder/socket`. `postmaster.pid`, written by PostgreSQL itself,
  is the only truth about who runs; a pid counts only if that process works inside our data folder.
* A cluster outlives a killed supervisor on purpose (its writers may still be finishing); the next `start` adopts it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from healthcode.adapters.postgres_binaries import (
    SHARED_FOLDER,
    Account,
    Binaries,
    PostgresError,
    account_choose,
    account_reaches,
    binaries_find,
    binaries_reachable,
)

ADMIN = "postgres"
"""The cluster's superuser: used to create roles and databases, never by a serving process."""

_SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 including the file name's suffix
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_END_SECONDS = 10.0


@dataclass
class EmbeddedPostgres:
    """One cluster in `folder`, logging to `log`, whose superuser has `password`.

    `durable=False` turns fsync off: for tests only. `port=None` keeps the port of the last start where it is free.
    """

    folder: Path
    log: Path
    password: str
    port: int | None = None
    durable: bool = True
    major: int = 18
    patience: float = 20.0  # seconds that an orphan has to answer before it is replaced
    adopted: bool = field(default=False, init=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    def start(self) -> None:
        """Start the cluster, or adopt the healthy orphan of an earlier run; returns when it answers queries.

        Raises PostgresError naming cause and fix.
        """
        account = account_choose(self._owner())
        home = self._home(account)
        if self._adopt(home):
            return
        binaries = binaries_reachable(binaries_find(self.major), account)
        if not (home / "data" / "PG_VERSION").exists():
            self._create(home, binaries, account)
        self._check_major(home)
        for attempt in range(3):
            if self._launch(home, binaries, account):
                return
            time.sleep(1.0 + attempt)  # a taken port, or backends of a killed postmaster still holding memory
        raise PostgresError(f"PostgreSQL did not start. Its last words are in {self.log}:\n{_tail(self.log)}")

    def stop(self) -> None:
        """Stop cleanly: sessions are disconnected, everything committed is on disk (a "fast" shutdown)."""
        pid = postmaster_pid(self.folder / "data")
        if pid is not None:
            _signal(pid, signal.SIGINT)
            if not self._gone(pid, _STOP_SECONDS):
                self._end(pid)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self.adopted = False

    def alive(self) -> bool:
        """Whether the cluster's first process runs (it may still be starting)."""
        if self._child is not None and self._child.poll() is not None:
            return False
        return postmaster_pid(self.folder / "data") is not None

    def answers(self) -> bool:
        """Whether the cluster answers a query, and is ours."""
        if self.port is None:
            return False
        try:
            with psycopg.connect(self.dsn(), connect_timeout=2, autocommit=True) as connection:
                row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        except psycopg.Error:
            return False
        return row is not None and Path(row[0]).resolve() == (self.folder / "data").resolve()

    def dsn(self, database: str = "postgres") -> str:
        """The superuser's URL (TCP on loopback, password included): for creating roles and databases."""
        return f"postgresql://{ADMIN}:{self.password}@127.0.0.1:{self.port}/{database}"

    def _owner(self) -> int | None:
        """uid that owns an existing cluster, so that a later start runs as the same account."""
        with suppress(FileNotFoundError):
            return (self.folder / "data").stat().st_uid
        return None

    def _home(self, account: Account | None) -> Path:
        """The cluster's real folder. Where `account` cannot reach `folder`, a link leads to a folder it can reach."""
        if not self.folder.exists():
            self.folder.unlink(missing_ok=True)  # a link whose target was removed
            self.folder.mkdir(parents=True, mode=0o700)
        home = self.folder.resolve()
        if account is None:
            return home
        if not (home / "data").exists():
            os.chown(home, account.uid, account.gid)
            home.chmod(0o700)
        if account_reaches(account, home):
            return home
        if (home / "data").exists():
            raise PostgresError(f"{home} cannot be reached by {account.name}, who owns the cluster. Move it back.")
        elsewhere = SHARED_FOLDER / f"cluster-{secrets.token_hex(6)}"
        elsewhere.mkdir(parents=True, mode=0o700)
        os.chown(elsewhere, account.uid, account.gid)
        (elsewhere / "OWNER").write_text(f"{self.folder}\n", encoding="utf-8")
        self.folder.rmdir()
        self.folder.symlink_to(elsewhere)  # dying before this line leaves an empty folder nobody uses
        return elsewhere

    def _adopt(self, home: Path) -> bool:
        """Take over a running cluster of this folder; one that does not answer is stopped instead."""
        pid = postmaster_pid(home / "data")
        if pid is None:
            if self._child is not None:
                self._child.wait()
                self._child = None
            _forget_the_dead(home)
            return False
        lines = (home / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        self.port = int(lines[3])
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            if self.answers():
                self.adopted = True
                return True
            time.sleep(0.2)
        self._end(pid)
        return False

    def _create(self, home: Path, binaries: Binaries, account: Account | None) -> None:
        """initdb: UTF-8, the builtin C.UTF-8 locale (sorted alike on every machine), passwords by SCRAM only."""
        shutil.rmtree(home / "data", ignore_errors=True)  # left half-made by a crash: PG_VERSION is written last
        password_file = home / "admin-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password, encoding="utf-8")
        if account is not None:
            os.chown(password_file, account.uid, account.gid)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.major >= 17 else []
        command = [
            *(str(binaries.command("initdb")), "-D", str(home / "data"), "-U", ADMIN, "-E", "UTF8", "--locale=C"),
            *(*locale, "--auth=scram-sha-256", f"--pwfile={password_file}", "--data-checksums"),
            *([] if self.durable else ["--no-sync"]),
        ]
        try:
            made = subprocess.run(command, capture_output=True, check=False, cwd="/", **_as(account))  # type: ignore[call-overload]
        finally:
            password_file.unlink()
        if made.returncode != 0:
            raise PostgresError(f"initdb failed in {home}: {made.stderr.decode(errors='replace').strip()}")

    def _check_major(self, home: Path) -> None:
        found = (home / "data" / "PG_VERSION").read_text(encoding="utf-8").strip()
        if int(found) != self.major:
            raise PostgresError(
                f"{home} holds a PostgreSQL {found} cluster and this version brings {self.major}. "
                "Dump it with the older version and load it into a new data folder (docs/runbooks/database.md)."
            )

    def _launch(self, home: Path, binaries: Binaries, account: Account | None) -> bool:
        """Start the first process and wait until it answers; False if it died (the log says why)."""
        self.port = _port_choose(self.port or _last_port(home))
        sockets = _socket_folder(home, account)
        settings = _settings(self.port, sockets, durable=self.durable)
        command = [str(binaries.command("postgres")), "-D", str(home / "data")]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # type: ignore[call-overload]
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **_as(account),
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._child.poll() is not None:
                self._child = None
                return False
            if self.answers():
                (home / "port").write_text(str(self.port), encoding="utf-8")
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def _end(self, pid: int) -> None:
        """Stop one that does not answer: at once ("immediate"), then by force. The next start replays its log."""
        for which in (signal.SIGQUIT, signal.SIGKILL):
            _signal(pid, which)
            _signal(pid, signal.SIGCONT)  # a stopped process would not hear the first
            if self._gone(pid, _END_SECONDS):
                return

    def _gone(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._child is not None and self._child.pid == pid:
                if self._child.poll() is not None:
                    return True
            elif postmaster_pid(self.folder / "data") != pid:
                return True
            time.sleep(0.05)
        return False


def postmaster_pid(data: Path) -> int | None:
    """pid of the PostgreSQL that runs on `data`, or None; a recycled pid of another program does not count."""
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
        return None
    if Path("/proc/self/cwd").exists():
        try:
            if Path(f"/proc/{pid}/cwd").readlink() != data.resolve():
                return None
        except OSError:  # it ended between the two looks, or is a zombie
            return None
    return pid


def _forget_the_dead(home: Path) -> None:
    """Remove the lock files of a postmaster that is gone, once its last backend is gone too.

    PostgreSQL does so itself unless the pid lives on as a zombie or as another program; then it would refuse forever.
    """
    data = (home / "data").resolve()
    if not (data / "postmaster.pid").exists() or not Path("/proc/self/cwd").exists():
        return
    deadline = time.monotonic() + _END_SECONDS
    while _works_in(data):
        if time.monotonic() > deadline:
            return  # PostgreSQL will say that its shared memory is still in use
        time.sleep(0.05)
    for lock in [data / "postmaster.pid", *(home / "socket").glob(".s.PGSQL.*")]:
        lock.unlink(missing_ok=True)


def _works_in(folder: Path) -> bool:
    """Whether any process works in `folder`, as every process of a cluster does in its data folder."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink() == folder:
                return True
    return False


def _as(account: Account | None) -> dict[str, object]:
    """Popen arguments that drop root; nothing of the caller's environment reaches PostgreSQL."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
    if account is None:
        return {"env": environment, "umask": 0o077}
    return {"env": environment, "umask": 0o077, "user": account.uid, "group": account.gid, "extra_groups": []}


def _settings(port: int, sockets: Path | None, *, durable: bool) -> dict[str, object]:
    """Server settings. Logging never carries row values: no statements, no parameters, no DETAIL lines."""
    settings: dict[str, object] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": sockets or "",
        "max_connections": 200,
        "shared_buffers": "256MB",
        "max_wal_size": "2GB",
        "random_page_cost": 1.1,  # of flash: many look-ups by key cost less than reading a whole table
        "timezone": "UTC",
        "log_timezone": "UTC",
        "jit": "off",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": 0,
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
        settings |= {"wal_level": "minimal", "max_wal_senders": 0, "max_wal_size": "256MB"}
    return settings


def _socket_folder(home: Path, account: Account | None) -> Path | None:
    """Folder for the unix socket, or None where the path is longer than a socket address may be."""
    folder = home / "socket"
    if len(os.fsencode(folder)) + len("/.s.PGSQL.65535") > _SOCKET_PATH_LIMIT:
        return None
    folder.mkdir(exist_ok=True, mode=0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def _last_port(home: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError):
        return int((home / "port").read_text(encoding="utf-8"))
    return None


def _port_choose(wished: int | None) -> int:
    """`wished` if nobody listens there, else any free port of 127.0.0.1."""
    for port in ([wished] if wished else []) + [0]:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise PostgresError("127.0.0.1 has no free port for PostgreSQL. Close programs that hold many connections.")


def _signal(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def _tail(log: Path, lines: int = 12) -> str:
    with suppress(FileNotFoundError):
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    return "(no log)"
