"""A collector of OTLP over HTTP that misbehaves on demand, and knows what it has got.

Listens on 127.0.0.1 at a free port, which it prints. Reads commands from standard input, one a line, answers each with
a line, and ends when standard input does:

  answer STATUS SECONDS        takes spans at 200, refuses them at any other; SECONDS is the Retry-After, 0 for none;
                               a redirect leads to /elsewhere, which takes spans
  answer hang|reset            never answers; resets the connection
  answer lost                  takes the spans and resets the connection instead of answering
  stop, start                  stops and starts listening
  report FILE                  writes each span's ids and how often it came, one a line; the answer says how many requests
                               had which answer, as does that to any other word
"""

import collections
import gzip
import http.server
import socket
import struct
import sys
import threading

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

taken = collections.Counter()
lock = threading.Lock()
requests = collections.Counter()


class Answer:
    kind = "200"
    seconds = "0"
    # Set when the answer changes: whoever hangs is let go.
    changed = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; with Nagle's algorithm the second would wait for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    connections = set()

    def setup(self):
        super().setup()
        Handler.connections.add(self.connection)

    def finish(self):
        Handler.connections.discard(self.connection)
        try:
            super().finish()
        except OSError:
            pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind, seconds, changed = Answer.kind, Answer.seconds, Answer.changed
        if self.path == "/elsewhere":
            kind = "200"
        with lock:
            requests[kind] += 1
        if kind in ("200", "lost"):
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            self.take(body)
        if kind == "hang":
            changed.wait(60)
            self.close_connection = True
        elif kind in ("reset", "lost"):
            # Lingering for no time makes closing a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            self.send_response(int(kind))
            if kind.startswith("3"):
                self.send_header("Location", "/elsewhere")
            if seconds != "0":
                self.send_header("Retry-After", seconds)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def take(self, body):
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        ids = [
            (span.trace_id + span.span_id).hex()
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with lock:
            taken.update(ids)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def shutdown_request(self, request):
        # The base class would shut the connection down politely first, and a reset would not be one.
        self.close_request(request)

    def handle_error(self, request, client_address):
        pass


def serve(port):
    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


def main():
    server = serve(0)
    port = server.server_address[1]
    print(port, flush=True)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "answer":
            Answer.kind, Answer.seconds = rest[0], rest[1] if len(rest) > 1 else "0"
            Answer.changed.set()
            Answer.changed = threading.Event()
        elif word == "stop" and server:
            server.shutdown()
            server.server_close()
            server = None
            for connection in list(Handler.connections):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        elif word == "start" and not server:
            server = serve(port)
        elif word == "report":
            with lock, open(rest[0], "w") as file:
                for ids, count in taken.items():
                    file.write(f"{ids} {count}\n")
        with lock:
            print(" ".join(f"{kind}:{count}" for kind, count in sorted(requests.items())), flush=True)


main()
