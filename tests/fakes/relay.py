"""A program that passes bytes on, both ways, and writes down what it has received.

`relay.py USER FROM TO FILE`: it becomes the user with this number; FROM and TO are `PORT` (of
127.0.0.1 where it runs) or the path of a unix socket; FILE gets all that came from FROM. It prints
a line when it listens.
"""

import contextlib
import encodings.idna  # noqa: F401 - needed to connect, and out of reach later
import os
import socket
import sys
import threading


def main() -> None:
    user, source, target, path = sys.argv[1:]
    os.setgroups([])
    os.setuid(int(user))  # here and not before: another user may not be allowed to start Python
    with open(path, "ab", buffering=0) as received, listening(source) as listener:
        print("listening", flush=True)
        while True:
            client, _ = listener.accept()
            server = connected(target)
            for one, other, file in ((client, server, received), (server, client, None)):
                threading.Thread(target=pump, args=(one, other, file), daemon=True).start()


def listening(place: str) -> socket.socket:
    if place.isdigit():
        return socket.create_server(("127.0.0.1", int(place)))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    os.chmod(place, 0o777)
    listener.listen()
    return listener


def connected(place: str) -> socket.socket:
    if place.isdigit():
        return socket.create_connection(("127.0.0.1", int(place)))
    server = socket.socket(socket.AF_UNIX)
    server.connect(place)
    return server


def pump(source: socket.socket, target: socket.socket, received) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if received is not None:
                received.write(data)
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
