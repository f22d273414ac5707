"""Somebody between a client and the daemon, who may change whatever passes by."""

import re
import socket
import threading
from contextlib import contextmanager, suppress


class Relay:
    """Passes messages on, and keeps them.

    Attributes:
        requests: As the client has sent them.
        answers: As the daemon has given them.
        change_request: Makes another one of a request that is signed.
        change_answer: The same of its answer; gets the number of the answer, too.
    """

    def __init__(self, daemon_port: int) -> None:
        self._daemon_port = daemon_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []
        self.change_request = lambda request: request
        self.change_answer = lambda _number, answer: answer
        self._thread = threading.Thread(target=self._accept)
        self._talks: list[threading.Thread] = []
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            talk = threading.Thread(target=self._talk, args=[client], daemon=True)
            talk.start()
            self._talks.append(talk)

    def _talk(self, client: socket.socket) -> None:
        daemon = socket.create_connection(("127.0.0.1", self._daemon_port))
        with client, daemon, suppress(ConnectionError):  # a client that believes nothing has gone
            while request := message_from(client):
                is_signed = b"\r\nAuthorization: " in request
                # The daemon answers nobody who names another port than its own.
                ports = (b"127.0.0.1:%d" % self.port, b"127.0.0.1:%d" % self._daemon_port)
                if is_signed:
                    self.requests.append(request.replace(*ports))
                    request = self.change_request(request)
                daemon.sendall(request.replace(*ports))
                answer = message_from(daemon)
                if is_signed:
                    self.answers.append(answer)
                    answer = self.change_answer(len(self.answers), answer)
                client.sendall(answer)
                if not answer or b"\r\nConnection: close" in answer:
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def message_from(sender: socket.socket) -> bytes:
    """Return the next request or answer with all of its body; nothing at the end."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = sender.recv(65536)
        if not piece:
            return received
        received += piece
    head, _, _ = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    wanted = len(head) + 4 + (int(length[1]) if length else 0)
    while len(received) < wanted:
        piece = sender.recv(1 << 20)
        if not piece:
            break
        received += piece
    return received


@contextmanager
def relay_to(daemon):
    """A relay, and a client that takes it for the daemon."""
    relay = Relay(daemon.port)
    try:
        yield relay, type(daemon.client)(daemon.endpoint._replace(port=relay.port))
    finally:
        relay.close()
