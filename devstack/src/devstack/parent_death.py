"""Executes a program that ends with its parent: `python -m devstack.parent_death PID PROGRAM`.

On Linux the kernel kills the program when its parent ends, even by SIGKILL. On other systems the
processes survive a SIGKILL of devstack, and the next `make run` reports their ports as taken.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Asks the kernel to kill this process, even after exec, when `parent` ends."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have ended before the call.
    if os.getppid() != parent:
        sys.exit("the parent process has ended")


def main() -> None:
    """Arguments: the parent's process id, then the program with its own arguments."""
    parent, *command = sys.argv[1:]
    die_with_parent(int(parent))
    # The command is devstack's own; no shell is involved.
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
