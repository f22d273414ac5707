"""Web servers of somebody else on this computer, which note what they are sent."""

import http.server
import socket
import threading
from contextlib import contextmanager


class _Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.heard.append((self.path, dict(self.headers)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.server.page)))
        self.end_headers()
        self.wfile.write(self.server.page)

    do_POST = do_GET  # noqa: N815 - the library's name

    def log_message(self, *_arguments):
        pass


class _Six(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextmanager
def serving(page: bytes, heard=None, address="127.0.0.1", port=0):
    """Serve one page at every address; yield the port, and add what is heard to a list."""
    kind = _Six if ":" in address else http.server.ThreadingHTTPServer
    server = kind((address, port), _Site)
    server.page, server.heard = page, [] if heard is None else heard
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
