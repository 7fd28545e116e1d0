# SPDX-License-Identifier: Apache-2.0
"""Run on the users' side: a program of a user that gets its socket from somebody else.

    passed_socket.py listening WORKER...                   as systemd passes a listening socket on
    passed_socket.py accepting ADDRESS PORT UID WORKER...  accepts, and passes the connection on

The worker, a command, gets the connection as its standard input and output. In the second form a
process of the user starts it, which is there already and gets the connection over a unix socket.
"""

import os
import pwd
import socket
import subprocess
import sys

_FIRST_PASSED = 3  # SD_LISTEN_FDS_START


def _work(connection: socket.socket, worker: list[str]) -> None:
    with connection:
        both = connection.fileno()
        subprocess.run(worker, stdin=both, stdout=both, check=True)


def _listening(worker: list[str]) -> None:
    if os.environ["LISTEN_FDS"] != "1" or os.environ["LISTEN_PID"] != str(os.getpid()):
        raise RuntimeError("no listening socket was passed on")
    with socket.socket(fileno=_FIRST_PASSED) as listener:
        _work(listener.accept()[0], worker)


def _accepting(address: str, port: int, uid: int, worker: list[str]) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    if os.fork() == 0:
        ours.close()
        gid = pwd.getpwuid(uid).pw_gid
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        _, descriptors, _, _ = socket.recv_fds(theirs, 1, 1)
        _work(socket.socket(fileno=descriptors[0]), worker)
        return
    with socket.create_server((address, port)) as listener, listener.accept()[0] as connection:
        socket.send_fds(ours, [b"-"], [connection.fileno()])
    os.wait()


def main() -> None:
    """Waits for one connection and has the worker serve it."""
    kind, *rest = sys.argv[1:]
    if kind == "listening":
        _listening(rest)
    else:
        address, port, uid, *worker = rest
        _accepting(address, int(port), int(uid), worker)


if __name__ == "__main__":
    main()
