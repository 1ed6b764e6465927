# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a service as a service manager does: activate.py SOCKET COMMAND...

Binds SOCKET and becomes COMMAND, which finds it as descriptor 3.
"""

import os
import socket
import sys


def main():
    path, command = sys.argv[1], sys.argv[2:]
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(64)
    if server.fileno() != 3:
        os.dup2(server.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ["LISTEN_FDS"] = "1"
    os.environ["LISTEN_PID"] = str(os.getpid())
    os.environ["LISTEN_FDNAMES"] = "control"
    os.execvp(command[0], command)


main()
