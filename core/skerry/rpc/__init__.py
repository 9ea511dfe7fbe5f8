"""Code servers over gRPC: between machines and tools, never beside user code. The only importer of grpc.

``service`` publishes a code server, ``client`` is one over gRPC; the messages are those of ``skerry_v1.proto``.
"""
