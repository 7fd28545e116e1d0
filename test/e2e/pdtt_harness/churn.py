# SPDX-License-Identifier: Apache-2.0
"""Run by a test user: opens and closes TCP connections over loopback as fast as it can.

Every other one is closed with a reset. The ports of the others stay taken for a minute, so each
address is used for some thousands only.
"""

import socket
import struct
import sys

_PER_ADDRESS = 8192
_RESET = struct.pack("ii", 1, 0)  # linger for no time


def main() -> None:
    """Opens as many connections as the argument says, with a byte each way in each."""
    count = int(sys.argv[1])
    with socket.socket() as listener:
        listener.bind(("", 0))
        listener.listen(16)
        port = listener.getsockname()[1]
        for index in range(count):
            address = f"127.0.{index // _PER_ADDRESS // 256}.{index // _PER_ADDRESS % 256 + 1}"
            with socket.socket() as client:
                client.connect((address, port))
                with listener.accept()[0] as server:
                    client.send(b"?")
                    server.recv(1)
                    server.send(b"!")
                    client.recv(1)
                    if index % 2:
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    client.close()


if __name__ == "__main__":
    main()
