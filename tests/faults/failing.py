"""Makes system calls of this process fail, as a broken or full disk would; there is no way back, so do it in a fork."""

import ctypes
import errno
import os
import platform
from functools import cache

# The numbers of the calls by which SQLite writes to its files and has them put on the disk (linux/unistd.h).
CALLS = {
    "x86_64": {"pwrite64": 18, "fsync": 74, "fdatasync": 75},
    "aarch64": {"pwrite64": 68, "fsync": 82, "fdatasync": 83},
}
SET_SECCOMP, SET_NO_NEW_PRIVILEGES, MODE_FILTER = 22, 38, 2
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
FAIL_WITH, ALLOW = 0x00050000, 0x7FFF0000


class Instruction(ctypes.Structure):
    """One step of a filter (linux/filter.h)."""

    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class Program(ctypes.Structure):
    """A filter, as the kernel takes it."""

    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(Instruction))]


def fail(code: int, *calls: str) -> None:
    """From now on these system calls do nothing and answer this error."""
    numbers = [CALLS[platform.machine()][call] for call in calls]
    steps = [(LOAD_WORD, 0, 0, 0)]
    for place, number in enumerate(numbers):
        steps.append((JUMP_IF_EQUAL, len(numbers) - place, 0, number))
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, FAIL_WITH | code)]
    program = Program(len(steps), (Instruction * len(steps))(*steps))
    kernel = ctypes.CDLL(None, use_errno=True)
    for arguments in ((SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_SECCOMP, MODE_FILTER, ctypes.byref(program), 0, 0)):
        if kernel.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "the kernel takes no filter")


@cache
def refused() -> str:
    """Why this machine cannot make calls fail, if it cannot."""
    if platform.system() != "Linux" or platform.machine() not in CALLS:
        return "system calls are made to fail on Linux alone, on x86_64 and aarch64"
    child = os.fork()
    if child == 0:
        try:
            fail(errno.EIO, "fsync")
            os._exit(0)
        finally:
            os._exit(1)
    return "the kernel refuses filters of system calls" if os.waitpid(child, 0)[1] else ""
