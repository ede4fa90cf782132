"""A small RTSP camera for tests: plays an H.264 file in a loop, in real time, to any number of readers, TCP or UDP.

It can also misbehave: ask for a password (`credentials`), stop sending while it keeps the connections (`stall`), accept
and never answer (`mute`), and go away and come back on the same port (`stop`, `start`).
"""

import base64
import contextlib
import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

from tests.support.redis_server import free_port

RTP_PAYLOAD = 1200
CLOCK_HZ = 90_000


class RtspServer:
    def __init__(self, video: Path, *, port: int | None = None, credentials: str | None = None, path: str = "/live"):
        self.video = Path(video)
        self.port = port or free_port()
        self.credentials = credentials
        self.path = path
        self.describes = 0
        self.mute = False
        self._stalled = threading.Event()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._clients: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}{self.path}"

    def url_with(self, credentials: str) -> str:
        return f"rtsp://{credentials}@127.0.0.1:{self.port}{self.path}"

    @property
    def readers(self) -> int:
        return len(self._clients)

    def __enter__(self) -> "RtspServer":
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self) -> "RtspServer":
        self._stopping.clear()
        self._stalled.clear()
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self._spawn(self._accept, self._listener)
        return self

    def stop(self) -> None:
        """Close every connection, as a camera that loses its power does after the switch has noticed."""
        self._stopping.set()
        self._stalled.clear()
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def stall(self) -> None:
        self._stalled.set()

    def resume(self) -> None:
        self._stalled.clear()

    def _spawn(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients.add(client)
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        session = _Session(self, client)
        try:
            session.run()
        except OSError:
            pass
        finally:
            session.gone.set()
            self._clients.discard(client)
            client.close()

    def packets(self, gone: threading.Event) -> Iterator[tuple[float, bytes]]:
        """(seconds since the start, Annex B access unit), looping, in real time."""
        started, offset = time.monotonic(), 0.0
        while True:
            last = 0.0
            for last, data in _access_units(self.video):
                while self._stalled.is_set() and not gone.wait(0.02):
                    pass
                delay = started + offset + last - time.monotonic()
                if delay < -1:  # after a stall: carry on from here, don't hurry
                    started -= delay
                if gone.wait(max(delay, 0)) or self._stopping.is_set():
                    return
                yield offset + last, data
            offset += last + 0.1


def _access_units(video: Path) -> Iterator[tuple[float, bytes]]:
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        to_annexb = BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            for out in to_annexb.filter(packet):
                yield float((out.pts or 0) * stream.time_base), bytes(out)


class _Session:
    """One connection."""

    def __init__(self, server: RtspServer, client: socket.socket):
        self.server, self.client = server, client
        self.gone = threading.Event()
        self.lock = threading.Lock()
        self.udp: tuple[socket.socket, tuple[str, int]] | None = None

    def run(self) -> None:
        stream = self.client.makefile("rb")
        while True:
            first = stream.read(1)
            if not first:
                return
            if first == b"$":  # RTCP of an interleaved reader
                stream.read(struct.unpack(">xH", stream.read(3))[0])
                continue
            request = (first + stream.readline()).decode()
            headers = {}
            while (line := stream.readline().decode().strip()) != "":
                name, _, value = line.partition(":")
                headers[name.strip().lower()] = value.strip()
            if self.server.mute:
                continue
            if self._answer(request.split()[0], request.split()[1], headers) is False:
                return

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> bool | None:
        cseq = headers.get("cseq", "0")
        if method == "DESCRIBE":
            self.server.describes += 1
            if not self._authorised(headers):
                return self._reply(cseq, "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"')
            if not url.rstrip("/").endswith(self.server.path):
                return self._reply(cseq, "404 Not Found")
            return self._reply(cseq, "200 OK", f"Content-Base: {url}/", "Content-Type: application/sdp", body=_SDP)
        if method == "SETUP":
            return self._reply(
                cseq, "200 OK", f"Transport: {self._transport(headers['transport'])}", "Session: 1;timeout=60"
            )
        if method == "PLAY":
            self._reply(cseq, "200 OK", "Session: 1", "Range: npt=0.000-")
            self.server._spawn(self._play)
            return None
        if method == "TEARDOWN":
            self._reply(cseq, "200 OK", "Session: 1")
            return False
        return self._reply(
            cseq, "200 OK", "Session: 1", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
        )

    def _authorised(self, headers: dict[str, str]) -> bool:
        if self.server.credentials is None:
            return True
        wanted = base64.b64encode(self.server.credentials.encode()).decode()
        return headers.get("authorization", "") == f"Basic {wanted}"

    def _transport(self, wanted: str) -> str:
        if "TCP" in wanted:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        port = int(wanted.split("client_port=")[1].split("-")[0].split(";")[0])
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("127.0.0.1", 0))
        self.udp = (sender, (self.client.getpeername()[0], port))
        mine = sender.getsockname()[1]
        return f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={mine}-{mine + 1}"

    def _reply(self, cseq: str, status: str, *lines: str, body: str = "") -> None:
        head = [f"RTSP/1.0 {status}", f"CSeq: {cseq}", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        with self.lock:
            self.client.sendall(("\r\n".join(head) + "\r\n\r\n" + body).encode())

    def _play(self) -> None:
        sequence, source = random.randrange(1000), random.randrange(1 << 31)
        try:
            for at, unit in self.server.packets(self.gone):
                stamp = int(at * CLOCK_HZ) & 0xFFFFFFFF
                payloads = [payload for nal in _nals(unit) for payload in _fragments(nal)]
                for number, payload in enumerate(payloads):
                    marker = 0x80 if number == len(payloads) - 1 else 0
                    header = struct.pack(">BBHII", 0x80, marker | 96, sequence & 0xFFFF, stamp, source)
                    self._send(header + payload)
                    sequence += 1
        except OSError:
            pass
        finally:
            if self.udp:
                self.udp[0].close()
            # A blocked reader of this connection has to notice that the camera is gone.
            with contextlib.suppress(OSError):
                self.client.shutdown(socket.SHUT_RDWR)

    def _send(self, packet: bytes) -> None:
        if self.udp:
            self.udp[0].sendto(packet, self.udp[1])
        else:
            with self.lock:
                self.client.sendall(b"$\x00" + struct.pack(">H", len(packet)) + packet)


_SDP = "\r\n".join(
    [
        "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=test camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
        "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1", "a=control:track1", "",
    ]
)  # fmt: skip


def _nals(unit: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B access unit, without their start codes."""
    for part in unit.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01"):
        if part:
            yield part


def _fragments(nal: bytes) -> Iterator[bytes]:
    """RFC 6184: one packet where it fits, else FU-A."""
    if len(nal) <= RTP_PAYLOAD:
        yield nal
        return
    indicator, kind, rest = (nal[0] & 0xE0) | 28, nal[0] & 0x1F, nal[1:]
    pieces = [rest[at : at + RTP_PAYLOAD] for at in range(0, len(rest), RTP_PAYLOAD)]
    for number, piece in enumerate(pieces):
        edge = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
        yield bytes([indicator, kind | edge]) + piece
