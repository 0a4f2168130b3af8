"""Where the files of tests lie: in memory where the machine has room there, since every commit waits for the disk."""

import os
import shutil
import tempfile
from pathlib import Path

IN_MEMORY = Path("/dev/shm")
ROOM_NEEDED = 4 * 1024**3


def folder() -> str | None:
    """The folder in memory for temporary files, or None where there is no room for them."""
    if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM_NEEDED:
        return str(IN_MEMORY)
    return None


def use() -> None:
    """Let pytest put its files there, unless somebody has said where they go; programs that tests start keep what
    they compiled, so that the next start is quicker.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir()) / f"referrals-bytecode-{os.getuid()}"))
    found = folder()
    if found and "TMPDIR" not in os.environ and "PYTEST_DEBUG_TEMPROOT" not in os.environ:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = found
