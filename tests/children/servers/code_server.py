"""A code server of another version, written by hand: nothing in it is Skerry's.

Speaks what its options say, on any free port of this machine, which it prints; ends when its stdin does.
"""

import argparse
import sys
from concurrent import futures

import grpc

LOADING, READY, FAILED = 1, 2, 3
#: Of a field that no version has: a number, and one that holds bytes.
UNKNOWN_NUMBER, UNKNOWN_BYTES = 1900, 1901


def varint(value):
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def field(number, value):
    """Encode a field of a message: an int, text, or a message that is encoded already."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def added(options):
    """Give the fields that a newer version has added to each message."""
    if not options.newer:
        return b""
    return field(UNKNOWN_NUMBER, 7) + field(UNKNOWN_BYTES, "new in a later version")


def hello(options):
    oldest, newest = options.protocols
    return (
        field(1, field(1, oldest) + field(2, newest) + added(options))
        + field(2, options.skerry)
        + field(3, "5e0f")
        + field(4, 4711)
        + field(5, "team.py")
        + b"".join(field(7, name) for name in options.capabilities)
        + added(options)
    )


def server(options):
    return field(1, "11fe") + field(3, "3.20.1") + field(5, options.skerry) + field(7, 1) + added(options)


def error(options):
    frame = field(1, "/srv/team.py") + field(2, 3) + field(3, "<module>") + field(4, "load()") + field(5, 1)
    return field(1, options.error) + field(2, "The quota is used up.\nAsk for more.") + field(3, frame + added(options))


def status(options, state):
    made = field(1, state) + field(4, server(options)) + field(7, 0 if options.empty or state == FAILED else 1)
    if options.error:
        made += field(5, error(options) + added(options))
    return made + added(options)


def items(options):
    solid = field(1, "load") + field(2, "load") + field(4, "result") + added(options)
    pipeline = field(1, "daily") + field(7, solid) + added(options)
    yield field(1, field(1, "sales") + added(options))
    if options.newer:
        yield field(1900, field(1, "a kind of definition that is new"))
        yield b""
    yield field(2, pipeline)
    yield field(4, field(1, "arrival") + field(2, "daily") + added(options))
    if options.newer:
        yield field(2, pipeline.replace(b"daily", b"later")) + field(UNKNOWN_NUMBER, 1)


class Service(grpc.GenericRpcHandler):
    """The methods, under the names of the protocol."""

    def __init__(self, options):
        self.options = options

    def service(self, details):
        name = details.method.rpartition("/")[2]
        method = getattr(self, name, None) if details.method.startswith("/skerry.v1.CodeServer/") else None
        if method is None or name not in ("Handshake", *self.options.capabilities):
            return None
        if name in ("Watch", "Snapshot", "Output"):
            return grpc.unary_stream_rpc_method_handler(method)
        return grpc.unary_unary_rpc_method_handler(method)

    def Handshake(self, request, context):  # noqa: N802
        return hello(self.options)

    def Watch(self, request, context):  # noqa: N802
        ended = futures.Future()
        context.add_callback(lambda: ended.set_result(None))
        for state in self.options.states:
            yield status(self.options, state)
        ended.result()

    def Snapshot(self, request, context):  # noqa: N802
        first = field(1, status(self.options, self.options.states[-1])) + added(self.options)
        yield first + b"".join(field(2, item) for item in items(self.options))

    def Output(self, request, context):  # noqa: N802
        yield field(1, "printed\n") + added(self.options)

    def Reload(self, request, context):  # noqa: N802
        return field(1, 1) + field(2, 2) + added(self.options)


def numbers(text):
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--protocols", type=numbers, default=[1, 1])
    parser.add_argument("--skerry", default="0.1.0")
    parser.add_argument("--capabilities", type=lambda text: text.split(","), default=["Watch", "Snapshot", "Output"])
    parser.add_argument("--states", type=numbers, default=[READY])
    parser.add_argument("--error", default="", help="the kind of an error to tell")
    parser.add_argument("--empty", action="store_true", help="define nothing")
    parser.add_argument("--newer", action="store_true", help="add to each message what no version here knows")
    given = parser.parse_args()
    listening = grpc.server(futures.ThreadPoolExecutor(8))
    listening.add_generic_rpc_handlers((Service(given),))
    port = listening.add_insecure_port("127.0.0.1:0")
    listening.start()
    print(port, flush=True)
    sys.stdin.read()
    listening.stop(None).wait()
