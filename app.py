"""Start here. `python3 app.py` makes an environment, fills a demo when the database is empty, and serves.

`python3 app.py test` installs what the tests need and runs them; any other words go to the command line of
`referrals` (`python3 app.py create-admin you@example.org`). For WSGI servers this module holds `app`.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST_PYTHON = (3, 11)


def main(words: list[str]) -> int:
    """Run in the project's own environment, made or brought up to date first."""
    if sys.version_info < OLDEST_PYTHON:
        print("Referrals needs Python 3.11 or newer.", file=sys.stderr)
        return 1
    testing = words[:1] == ["test"]
    make_environment(testing=testing)
    if words == ["--help"]:
        print(__doc__)
        return 0
    if testing:
        return run("pytest", *(words[1:] or ["-n", str(1 + (os.cpu_count() or 1)), "--dist", "worksteal"]))
    return run("referrals.cli", *(words or ["serve", "--demo"]))


def run(module: str, *words: str) -> int:
    """Run this Python module in the environment, in place of this process where the system can."""
    os.chdir(ROOT)
    command = [str(PYTHON), "-m", module, *words]
    if os.name != "nt":
        os.execv(command[0], command)
    return subprocess.call(command)


def make_environment(*, testing: bool) -> None:
    """Install what is needed, once for each state of the lock file."""
    extra = "test" if testing else ""
    stamp = ENVIRONMENT / f"installed-{extra or 'run'}"
    if stamp.exists() and stamp.read_text() == wanted():
        return
    print("Making the environment; this happens once.", file=sys.stderr)
    if not PYTHON.exists():
        make_bare_environment()
    if not install_with_uv(extra):
        install_with_pip(extra)
    stamp.write_text(wanted())


def make_bare_environment() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        sys.exit(
            f"{made.stdout}{made.stderr}\nPython cannot make environments here; on Debian: apt install python3-venv"
        )


def wanted() -> str:
    """What is to be installed, as a digest."""
    files = (ROOT / name for name in ("pyproject.toml", "uv.lock"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest() + sys.version


def install_with_uv(extra: str) -> bool:
    """The locked versions, with the uv of this machine or one that goes into the environment; quick."""
    uv = shutil.which("uv")
    if uv is None:
        got = subprocess.run(
            [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"],
            stderr=subprocess.DEVNULL,
        )
        if got.returncode:
            return False
        uv = str(PYTHON.with_name("uv"))
    extras = ["--extra", extra] if extra else []
    keep = ["--inexact"]
    command = [uv, "sync", "--quiet", "--frozen", "--no-default-groups", *keep, *extras]
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT), "VIRTUAL_ENV": str(ENVIRONMENT)}
    return subprocess.run([*command, "--python", str(PYTHON)], cwd=ROOT, env=environment).returncode == 0


def install_with_pip(extra: str) -> None:
    """The newest versions that fit, with what every Python brings."""
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", target]
    if subprocess.run(command).returncode:
        sys.exit("The packages could not be installed. Is there a network?")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
else:
    from referrals import create_app

    app = create_app()
