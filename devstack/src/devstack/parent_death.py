"""Becomes another program that cannot outlive its parent: `python -m devstack.parent_death PID PROGRAM`.

On Linux the kernel kills the program as soon as its parent is gone, even when the parent was
killed itself. Elsewhere nothing does: after a SIGKILL of devstack its parts go on, and the next
`make run` names their ports as taken.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Asks the kernel to kill this process, whatever it becomes, when `parent` ends."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # The parent may have ended before the kernel was asked.
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def main() -> None:
    """Arguments: the parent's process id, then the program with its own arguments."""
    parent, *command = sys.argv[1:]
    die_with_parent(int(parent))
    # There is no shell to be fooled: the command is devstack's own.
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
