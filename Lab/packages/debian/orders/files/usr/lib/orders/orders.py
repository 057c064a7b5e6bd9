"""The lab's order service: HTTP on port 8080, one request a connection.

GET /                          200, name and version
GET /healthz                   200 while behaviour.healthy(), else 503
GET /slow?milliseconds=N       200 after that time (30 s at most)

SIGTERM stops it gracefully: what has been connected is answered first. It needs only what python3-minimal has.
"""
import os
import selectors
import signal
import socket
import sys
import threading
import time

import behaviour

PORT = 8080
LONGEST_SLOW_SECONDS = 30
REQUEST_LIMIT_BYTES = 16384


class Server:
    def __init__(self, version):
        self.version = version
        self.stopping = False
        self.listener = socket.create_server(("", PORT), backlog=512)
        self.listener.setblocking(False)
        # A signal handler that writes a byte here wakes the accept loop at once.
        self.wake_reader, self.wake_writer = socket.socketpair()
        self.wake_writer.setblocking(False)

    def stop(self, *_):
        self.stopping = True
        self.wake_writer.send(b"x")

    def run(self):
        selector = selectors.DefaultSelector()
        selector.register(self.listener, selectors.EVENT_READ)
        selector.register(self.wake_reader, selectors.EVENT_READ)
        while not self.stopping:
            selector.select()
            self.accept_waiting()
        # Connections that the kernel has accepted for us would be reset by the close: answer them too.
        self.accept_waiting()
        self.listener.close()
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join()

    def accept_waiting(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except (BlockingIOError, ConnectionError):
                return
            threading.Thread(target=self.serve, args=(connection,)).start()

    def serve(self, connection):
        with connection:
            try:
                connection.settimeout(10)
                path = read_path(connection)
                if path is None:
                    return
                status, body = self.answer(path)
                connection.sendall(response(status, body))
            except OSError:
                pass  # The client went away; there is nobody to answer.

    def answer(self, path):
        behaviour.on_request()
        path, _, query = path.partition("?")
        if path == "/":
            return "200 OK", f"orders {self.version}\n"
        if path == "/healthz":
            if behaviour.healthy():
                return "200 OK", "ok\n"
            return "503 Service Unavailable", "unhealthy\n"
        if path == "/slow":
            name, _, value = query.partition("=")
            if name != "milliseconds" or not value.isdigit():
                return "400 Bad Request", "use /slow?milliseconds=N\n"
            time.sleep(min(int(value) / 1000, LONGEST_SLOW_SECONDS))
            return "200 OK", "done\n"
        return "404 Not Found", "no such page\n"


def read_path(connection):
    request = b""
    while b"\r\n\r\n" not in request and len(request) < REQUEST_LIMIT_BYTES:
        part = connection.recv(4096)
        if not part:
            return None
        request += part
    words = request.split(b"\r\n", 1)[0].split(b" ")
    return words[1].decode("latin-1") if len(words) == 3 else "/malformed"


def response(status, body):
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


def main():
    with open(os.path.join(os.path.dirname(__file__), "version"), encoding="ascii") as file:
        server = Server(file.read().strip())
    signal.signal(signal.SIGTERM, server.stop)
    server.run()
    sys.exit(0)


main()
