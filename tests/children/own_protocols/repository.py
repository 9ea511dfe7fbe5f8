"""User code that has protocols and a running server of its own, of whatever grpcio and protobuf its environment has."""

import sys
from concurrent import futures

import api_pb2
import code_server_pb2
import google.protobuf
import grpc
import skerry_v1_pb2

from skerry import pipeline, repository, solid


class Echo(grpc.GenericRpcHandler):
    """Answers /api.Echo/Ping."""

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: api_pb2.PingReply(echo=request.echo),
            api_pb2.PingRequest.FromString,
            api_pb2.PingReply.SerializeToString,
        )


server = grpc.server(futures.ThreadPoolExecutor(1))
server.add_generic_rpc_handlers((Echo(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_http_proxy", 0)]) as channel:
    ping = channel.unary_unary("/api.Echo/Ping", api_pb2.PingRequest.SerializeToString, api_pb2.PingReply.FromString)
    print("echo:", ping(api_pb2.PingRequest(echo="heard"), timeout=20).echo)
assert code_server_pb2.HandshakeReply(taken=True).SerializeToString() == b"\x08\x01"
assert skerry_v1_pb2.Status(text="mine").SerializeToString() == b"\x0a\x04mine"
print("runs on:", sys.version.split()[0], grpc.__version__, google.protobuf.__version__)


@solid
def work():
    return 1


@pipeline
def works():
    work()


@repository
def own_protocols():
    return [works]
