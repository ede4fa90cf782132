"""The last seconds of a camera's own video, still encoded: MPEG-TS packets in memory, cut at key frames. Pure."""

import threading
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# What the writer is told to use, so that nobody has to look for it.
PMT_PID = 0x1000
VIDEO_PID = 0x100
PACKET = 188

MAX_BYTES = 24 << 20

_SYNC = 0x47
_STREAM_TYPES = {0x1B: "h264", 0x24: "hevc"}


@dataclass(frozen=True, slots=True)
class Clip:
    """parts: MPEG-TS of whole pictures, beginning with a key frame. began_at, ended_at: unix seconds of arrival.

    codec: h264 or hevc.
    """

    codec: str
    parts: tuple[bytes, ...]
    began_at: float
    ended_at: float

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.parts))


@dataclass(slots=True)
class _Group:
    """A key frame and what follows it. whole: bytes up to the picture that may still be incomplete."""

    began_at: float
    data: bytearray = field(default_factory=bytearray)
    whole: int = 0


class VideoRing:
    """`write` what comes, drop the oldest. Holds `secs` seconds and up to one group of pictures more, as far as
    `max_bytes` allows. One thread writes, any may ask. Times are unix seconds.
    """

    def __init__(self, secs: float, *, max_bytes: int = MAX_BYTES):
        self.secs = secs
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._groups: deque[_Group] = deque()
        self._size = 0
        self._rest = b""
        self._tables: dict[int, bytes] = {}
        self._stream_type: int | None = None
        self._written_at = 0.0

    @property
    def is_unsuitable(self) -> bool:
        """Whether the video is neither H.264 nor H.265. False while nothing is known."""
        return self._stream_type is not None and self._stream_type not in _STREAM_TYPES

    def held_secs(self) -> float:
        """Seconds of video that `clip` would give."""
        with self._lock:
            return self._written_at - self._groups[0].began_at if self._groups else 0.0

    def clip(self) -> Clip | None:
        """What is held; None before the first whole picture."""
        with self._lock:
            parts = [bytes(group.data) for group in list(self._groups)[:-1]]
            if self._groups:
                last = self._groups[-1]
                parts.append(bytes(last.data[: last.whole]))
            if not any(parts) or self._stream_type is None:
                return None
            tables = b"".join(self._tables[pid] for pid in sorted(self._tables))
            return Clip(_STREAM_TYPES[self._stream_type], (tables, *parts), self._groups[0].began_at, self._written_at)

    def write(self, data: bytes, at: float) -> None:
        """Take the next bytes of the stream, which arrived at `at`."""
        data = self._rest + data
        end = len(data) // PACKET * PACKET
        data, self._rest = data[:end], data[end:]
        packets = np.frombuffer(data, np.uint8).reshape(-1, PACKET)
        if (packets[:, 0] != _SYNC).any():
            self._find_beat(data + self._rest)
            return
        pids = ((packets[:, 1].astype(np.uint16) & 0x1F) << 8 | packets[:, 2]).astype(np.uint16)
        self._note_tables(packets, pids)
        if self.is_unsuitable:
            return  # drained all the same: a full pipe would be the writer's trouble
        begins = (pids == VIDEO_PID) & (packets[:, 1] & 0x40 > 0)
        marked = (packets[:, 3] & 0x20 > 0) & (packets[:, 4] > 0) & (packets[:, 5] & 0x40 > 0)
        with self._lock:
            self._take(data, np.flatnonzero(begins) * PACKET, set(np.flatnonzero(begins & marked) * PACKET), at)
            self._drop_oldest(at)

    def _take(self, data: bytes, begins: NDArray[np.intp], keys: set[int], at: float) -> None:
        """begins: offsets in `data` at which a picture begins, keys: those of key frames."""
        self._written_at = at
        done = 0
        for offset in map(int, begins):
            self._append(data[done:offset])
            done = offset
            if offset in keys:
                self._groups.append(_Group(at))
            elif self._groups:
                self._groups[-1].whole = len(self._groups[-1].data)
        self._append(data[done:])

    def _append(self, data: bytes) -> None:
        if self._groups:  # what comes before the first key frame cannot be shown
            self._groups[-1].data += data
            self._size += len(data)

    def _drop_oldest(self, at: float) -> None:
        while len(self._groups) > 1 and (self._groups[1].began_at <= at - self.secs or self._size > self._max_bytes):
            self._size -= len(self._groups.popleft().data)
        if self._size > self._max_bytes:  # a camera without key frames
            self._groups.clear()
            self._size = 0

    def _note_tables(self, packets: NDArray[np.uint8], pids: NDArray[np.uint16]) -> None:
        for pid in (0, PMT_PID):
            found = np.flatnonzero(pids == pid)
            if len(found):
                self._tables[pid] = packets[found[-1]].tobytes()
        if self._stream_type is None and PMT_PID in self._tables:
            section = self._tables[PMT_PID][5:]
            self._stream_type = section[12 + ((section[10] & 0x0F) << 8 | section[11])]

    def _find_beat(self, data: bytes) -> None:
        """The stream was cut within a packet: begin again where packets follow each other."""
        with self._lock:
            self._groups.clear()
            self._size = 0
        if len(data) < 2 * PACKET:
            self._rest = data
            return
        tail = data[-4 * PACKET :]
        offset = next((at for at in range(PACKET) if set(tail[at::PACKET]) == {_SYNC}), None)
        self._rest = b"" if offset is None else tail[offset:]
