"""HTTP/2 as bytes, for what no client library would send."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, CONTINUATION, UNKNOWN = 0, 1, 2, 3, 4, 6, 9, 0xEE
END_STREAM = 1
END_HEADERS = 4
CANCEL = 8

EXPORT = b"/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def opening(**settings):
    """What a client begins with, with settings of its own if it likes."""
    numbers = {"initial_window": 4}
    pairs = b"".join(struct.pack(">HI", numbers[name], value) for name, value in settings.items())
    return PREFACE + frame(SETTINGS, 0, 0, pairs)


def head(path=EXPORT, more=()):
    """The head of a request of gRPC, in HPACK without Huffman: names of the static table, values as they are."""
    block = bytes([0x83, 0x86, 0x04]) + text(path) + bytes([0x01]) + text(b"localhost")
    block += bytes([0x0F, 31 - 15]) + text(b"application/grpc")
    return block + b"".join(field(name, value) for name, value in [(b"te", b"trailers"), *more])


def field(name, value):
    """A header that no table keeps."""
    return b"\0" + text(name) + text(value)


def text(value):
    return number(len(value)) + value


def number(value):
    """HPACK's integer with a prefix of seven bits."""
    if value < 127:
        return bytes([value])
    value -= 127
    out = bytearray([127])
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out) + bytes([value])


def requests(first, count, end=lambda stream: b""):
    """Requests without bodies, on streams from `first` on; each followed by `end`, a function of its stream."""
    block = head()
    streams = range(first, first + 2 * count, 2)
    return b"".join(frame(HEADERS, END_HEADERS, stream, block) + end(stream) for stream in streams)
