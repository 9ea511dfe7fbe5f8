"""Servers that are none of ours, each on a port of its own; prints the ports as JSON, ends when its stdin does."""

import contextlib
import json
import socket
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc

#: Frames of HTTP/2 (RFC 9113): the empty SETTINGS, the acknowledgement of the other side's.
SETTINGS, ACKNOWLEDGED = b"\0\0\0\x04\0\0\0\0\0", b"\0\0\0\x04\x01\0\0\0\0"
HEADERS, END_STREAM_AND_HEADERS = 1, 5
#: Fields as HPACK has them in its static table (RFC 7541): ":status 200", ":status 404".
STATUS_200, STATUS_404 = b"\x88", b"\x8d"
HTML = b"\x5f\x09text/html"


class OtherService(grpc.GenericRpcHandler):
    """Another product's service of much the same shape, as its clients call it."""

    def service(self, details):
        if details.method == "/api.DagsterApi/Ping":
            return grpc.unary_unary_rpc_method_handler(lambda request, context: request)
        return None


class Agreeable(grpc.GenericRpcHandler):
    """Answers each call alike."""

    def __init__(self, answer):
        self.answer = answer

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.answer)


class Failing(grpc.GenericRpcHandler):
    """Fails each call."""

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(self.fail)

    def fail(self, request, context):
        context.abort(grpc.StatusCode.INTERNAL, "no upstream")


class Page(BaseHTTPRequestHandler):
    """A web server."""

    def do_GET(self):
        self.send_error(404)

    def log_message(self, *arguments):
        pass


def with_grpc(handler):
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def with_sockets(talk):
    """Listen, and have each connection talked to in a thread of its own."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=run, args=(connection,), daemon=True).start()

    def run(connection):
        with connection, contextlib.suppress(OSError):
            talk(connection)

    threading.Thread(target=accept, daemon=True).start()
    return listening, listening.getsockname()[1]


def says_nothing(connection):
    while connection.recv(4096):
        pass


def hangs_up(connection):
    pass


def waits_and_hangs_up(connection):
    connection.recv(4096)


def greets_as_ssh(connection):
    connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    says_nothing(connection)


def greets_as_mail(connection):
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    says_nothing(connection)


def refuses_as_a_web_server(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def talks_binary(connection):
    while connection.recv(4096):
        connection.sendall(bytes(range(128, 256)))


def http2(answer):
    """Speak HTTP/2, and answer each request with these header fields."""

    def talk(connection):
        stream = connection.makefile("rb")
        stream.read(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        connection.sendall(SETTINGS)
        while head := stream.read(9):
            kind, flags, number = head[3], head[4], head[5:9]
            stream.read(int.from_bytes(head[:3], "big"))
            if kind == SETTINGS[3] and not flags:
                connection.sendall(ACKNOWLEDGED)
            elif kind == HEADERS:
                length = len(answer).to_bytes(3, "big")
                connection.sendall(length + bytes([HEADERS, END_STREAM_AND_HEADERS]) + number + answer)

    return talk


if __name__ == "__main__":
    web = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    running = {
        "another service": with_grpc(OtherService()),
        "agrees to everything": with_grpc(Agreeable(b"")),
        "answers with junk": with_grpc(Agreeable(b"\xff\xff\xff")),
        "fails": with_grpc(Failing()),
        "web": (web, web.server_port),
        "stricter web": with_sockets(refuses_as_a_web_server),
        "newer web": with_sockets(http2(STATUS_200 + HTML)),
        "newer web without the page": with_sockets(http2(STATUS_404 + HTML)),
        "says nothing": with_sockets(says_nothing),
        "hangs up": with_sockets(hangs_up),
        "listens and hangs up": with_sockets(waits_and_hangs_up),
        "ssh": with_sockets(greets_as_ssh),
        "mail": with_sockets(greets_as_mail),
        "binary": with_sockets(talks_binary),
    }
    print(json.dumps({name: port for name, (_, port) in running.items()}), flush=True)
    sys.stdin.read()
