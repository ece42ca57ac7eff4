"""A web server for the tests of the HTTP client, which does what it is told by the path.

  http_peer.py [--host 127.0.0.1] [--tls CERT KEY [--client-ca CA]] [--http2]

Prints its port, and ends when its standard input does. Every answer of /echo and /state is JSON.
"""

import argparse
import base64
import gzip
import json
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler

state = {"connections": 0, "open": 0, "most": 0, "attempts": {}}
requests = []
lock = threading.Lock()


def counted(change, connection=False):
    with lock:
        state["open"] += change
        state["most"] = max(state["most"], state["open"])
        if connection:
            state["connections"] += 1
        return state["connections"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.number = counted(1, connection=True)

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass
        counted(-1)

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def answer(self, body):
        word, _, argument = self.path.strip("/").partition("/")
        getattr(self, "do_" + word)(argument, body)

    def reply(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_echo(self, _, body):
        encoding = self.headers.get("Content-Encoding")
        plain = gzip.decompress(body) if encoding == "gzip" else body
        self.reply(json.dumps({
            "connection": self.number, "method": self.command, "encoding": encoding, "length": len(body),
            "body": plain.decode("latin-1"), "headers": [[k.lower(), v] for k, v in self.headers.items()],
        }).encode())

    def do_state(self, *_):
        with lock:
            body = json.dumps(state).encode()
        self.reply(body)

    def do_gzip(self, size, _):
        self.reply(gzip.compress(b"x" * int(size)), headers=[("Content-Encoding", "gzip")])

    def do_badgzip(self, *_):
        self.reply(b"this is no gzip", headers=[("Content-Encoding", "gzip")])

    def do_plain(self, size, _):
        self.reply(b"x" * int(size))

    def do_status(self, argument, _):
        status, _, retry_after = argument.partition("/")
        self.reply(b"no", int(status), [("Retry-After", retry_after)] if retry_after else [])

    def do_redirect(self, *_):
        self.reply(b"", 302, [("Location", "/echo")])

    def do_slow(self, milliseconds, _):
        time.sleep(int(milliseconds) / 1000)
        self.reply(b"at last")

    def do_hang(self, *_):
        self.connection.recv(1)  # until the client goes away
        self.close_connection = True

    def do_drip(self, *_):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            self.close_connection = True

    def do_reset(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def do_nonsense(self, *_):
        self.wfile.write(b"220 this is a mail server\r\n")
        self.close_connection = True

    def do_headers(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"x-filler: " + b"y" * 8000 + b"\r\n")
        try:
            while True:
                self.wfile.write(b"x-filler: " + b"y" * 8000 + b"\r\n")
        except OSError:
            self.close_connection = True

    def do_requests(self, *_):
        """What /take and /answer got, oldest first."""
        with lock:
            body = json.dumps(requests).encode()
        self.reply(body)

    def keep(self, body):
        plain = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        with lock:
            requests.append({
                "body": base64.b64encode(plain).decode(), "length": len(body),
                "headers": {k.lower(): v for k, v in self.headers.items()},
            })
        return len(plain)

    def do_take(self, limit, body):
        """LIMIT: 413 for a longer body, else 200."""
        if len(body) > int(limit):
            return self.reply(b"", 413)
        self.keep(body)
        self.reply(b"", headers=[("Content-Type", self.headers["Content-Type"])])

    def do_answer(self, argument, body):
        """STATUS/json|x-protobuf|html/HEX: that, and nothing else."""
        status, kind, text = argument.split("/")
        self.keep(body)
        self.reply(bytes.fromhex(text), int(status), [("Content-Type", ("text/" if kind == "html" else "application/") + kind)])

    def do_flaky(self, argument, _):
        """NAME/COUNT: 503 that often, then 200."""
        name, _, count = argument.partition("/")
        with lock:
            attempt = state["attempts"][name] = state["attempts"].get(name, 0) + 1
        self.reply(b"", 503 if attempt <= int(count) else 200)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256
    http2 = False
    context = None

    def finish_request(self, request, address):
        if self.context:
            request = self.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            try:
                request.do_handshake()
            except (ssl.SSLError, OSError):
                return drain(request)
        if self.http2:
            return speak_http2(request)
        self.RequestHandlerClass(request, address, self)

    def handle_error(self, *_):
        pass


def drain(request):
    """Closing with bytes unread would reset the connection, and the client might miss what was wrong."""
    try:
        request.setblocking(True)
        request.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 0))
        while os.read(request.fileno(), 65536):
            pass
    except OSError:
        pass


def speak_http2(sock):
    import h2.config
    import h2.connection
    import h2.events

    number = counted(1, connection=True)
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    sock.sendall(connection.data_to_send())
    try:
        while data := sock.recv(65536):
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    body = json.dumps({"connection": number}).encode()
                    connection.send_headers(event.stream_id, [(":status", "200"), ("content-length", str(len(body)))])
                    connection.send_data(event.stream_id, body, end_stream=True)
            sock.sendall(connection.data_to_send())
    except OSError:
        pass
    counted(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--client-ca")
    parser.add_argument("--http2", action="store_true")
    options = parser.parse_args()

    class Chosen(Server):
        address_family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
        http2 = options.http2

    if options.tls:
        Chosen.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        Chosen.context.load_cert_chain(*options.tls)
        Chosen.context.set_alpn_protocols(["h2"] if options.http2 else ["http/1.1"])
        if options.client_ca:
            Chosen.context.verify_mode = ssl.CERT_REQUIRED
            Chosen.context.load_verify_locations(options.client_ca)
    server = Chosen((options.host, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
