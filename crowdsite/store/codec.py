"""Values as Redis holds them, in two forms.

The *stored* form is what a person reads in a row's hash: `12`, `2026-11-22T16:13:48+00:00`, `gate 1`.
The *ordered* form is what index members are made of: bytes that sort as the values do and know where they end, so that
they can be joined. In it NULL is `00` and sorts first; every other value is `01` and then its bytes.

A kind is the name Django's data types map to (`crowdsite.store.base.DatabaseWrapper.data_types`).
"""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.utils import DataError

NULL = b"\x00"
PRESENT = b"\x01"
AFTER_PRESENT = b"\x02"

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive values are measured from a naive epoch
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BIAS = 1 << 63
_WIDE_BIAS = 1 << 127
_DECIMAL_SCALE = 18


class NotIndexable(Exception):
    """The value has no ordered form (an integer beyond 64 bits, a JSON value); the caller compares values instead."""


def _ordered_int(value: int) -> bytes:
    biased = int(value) + _BIAS
    if not 0 <= biased < 1 << 64:
        raise NotIndexable(value)
    return biased.to_bytes(8, "big")


def _ordered_float(value: float) -> bytes:
    bits = struct.unpack(">Q", struct.pack(">d", float(value) + 0.0))[0]  # + 0.0 turns -0.0 into 0.0
    bits = bits ^ 0xFFFFFFFFFFFFFFFF if bits & _BIAS else bits | _BIAS
    return bits.to_bytes(8, "big")


def _ordered_decimal(value: Decimal) -> bytes:
    scaled = Decimal(value).scaleb(_DECIMAL_SCALE)
    biased = int(scaled) + _WIDE_BIAS
    if scaled != int(scaled) or not 0 <= biased < 1 << 128:
        raise NotIndexable(value)
    return biased.to_bytes(16, "big")


def _ordered_bytes(value: bytes) -> bytes:
    return bytes(value).replace(b"\x00", b"\x00\xff") + b"\x00\x01"


def _ordered_text(value: str) -> bytes:
    return _ordered_bytes(_text_bytes(value))


def _microseconds(value: datetime | timedelta) -> int:
    if isinstance(value, timedelta):
        return value // _MICROSECOND
    return (value - (_EPOCH if value.tzinfo is None else _EPOCH_UTC)) // _MICROSECOND


def _time_microseconds(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def _utc_text(value: datetime) -> str:
    return (value.astimezone(UTC) if value.tzinfo else value).isoformat()


@dataclass(frozen=True)
class Kind:
    """How one kind of value is written, read back and ordered. `width`: length of `ordered`, None = terminated."""

    store: Callable[[Any], bytes]
    load: Callable[[bytes], Any]
    ordered: Callable[[Any], bytes] | None
    width: int | None = None


def _ascii(write: Callable[[Any], str]) -> Callable[[Any], bytes]:
    return lambda value: write(value).encode()


def _parsed(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda raw: read(raw.decode())


def _text_bytes(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


def _bytes_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def _json_text(raw: bytes) -> str:
    text = _bytes_text(raw)
    json.loads(text)
    return text


KINDS: dict[str, Kind] = {
    "integer": Kind(_ascii(lambda v: str(int(v))), int, _ordered_int, 8),
    "boolean": Kind(lambda v: b"1" if v else b"0", lambda raw: raw == b"1", lambda v: b"\x01" if v else b"\x00", 1),
    "float": Kind(_ascii(lambda v: repr(float(v))), float, _ordered_float, 8),
    "decimal": Kind(_ascii(lambda v: format(Decimal(v), "f")), _parsed(Decimal), _ordered_decimal, 16),
    "text": Kind(_text_bytes, _bytes_text, _ordered_text),
    "binary": Kind(bytes, bytes, _ordered_bytes),
    "uuid": Kind(
        _ascii(lambda v: str(v if isinstance(v, UUID) else UUID(str(v)))),
        _parsed(UUID),
        lambda v: (v if isinstance(v, UUID) else UUID(str(v))).bytes,
        16,
    ),
    "datetime": Kind(_ascii(_utc_text), _parsed(datetime.fromisoformat), lambda v: _ordered_int(_microseconds(v)), 8),
    "date": Kind(_ascii(date.isoformat), _parsed(date.fromisoformat), lambda v: _ordered_int(v.toordinal()), 8),
    "time": Kind(_ascii(time.isoformat), _parsed(time.fromisoformat), lambda v: _ordered_int(_time_microseconds(v)), 8),
    "duration": Kind(
        _ascii(lambda v: str(_microseconds(v))),
        lambda raw: timedelta(microseconds=int(raw)),
        lambda v: _ordered_int(_microseconds(v)),
        8,
    ),
    "json": Kind(_text_bytes, _json_text, None),
}


def store(kind: str, value: Any) -> bytes:
    """The stored form of a value that is not None. Raises DataError for a value this kind cannot hold."""
    try:
        return KINDS[kind].store(value)
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise DataError(f"{value!r} cannot be stored as {kind}: {error}.") from error


def load(kind: str, raw: bytes) -> Any:
    """The value of a stored form. Raises DataError where the bytes are no such value."""
    try:
        return KINDS[kind].load(raw)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise DataError(f"A stored value is no {kind}: {raw[:60]!r}. Run `manage.py store_verify`.") from error


def ordered(kind: str, value: Any) -> bytes:
    """The ordered form. Raises NotIndexable where there is none."""
    if value is None:
        return NULL
    to_ordered = KINDS[kind].ordered
    if to_ordered is None:
        raise NotIndexable(kind)
    try:
        return PRESENT + to_ordered(value)
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise NotIndexable(value) from error


def ordered_text_start(text: str) -> bytes:
    """What the ordered form of every text starting with `text` starts with."""
    return ordered("text", text)[:-2]


def after(prefix: bytes) -> bytes:
    """The least bytes greater than everything that starts with `prefix` (empty = there are none)."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else b""


def part_end(kind: str, member: bytes, start: int) -> int:
    """Where the ordered form that begins at `start` of an index member ends."""
    if member[start : start + 1] == NULL:
        return start + 1
    width = KINDS[kind].width
    if width is not None:
        return start + 1 + width
    end = member.find(b"\x00\x01", start + 1)
    # `00 ff 00 01` could not be mistaken: an escaped zero is always followed by ff, so the first `00 01` terminates.
    return end + 2


def trigrams(text: str | None) -> set[str]:
    """All runs of three characters of the case-folded text."""
    folded = (text or "").casefold()
    return {folded[i : i + 3] for i in range(len(folded) - 2)}


def pk_from_ordered(kind: str, ordered_form: bytes) -> Any:
    """The pk a member's tail stands for; pks are integers, text or UUIDs."""
    body = ordered_form[1:]
    if kind == "integer":
        return int.from_bytes(body, "big") - _BIAS
    if kind == "uuid":
        return UUID(bytes=body)
    return body[:-2].replace(b"\x00\xff", b"\x00").decode("utf-8", "surrogatepass")


_SHORT = [bytes([0xA0 + n]) if n < 32 else b"\xda" + n.to_bytes(2, "big") for n in range(256)]


def message_pack(strings: list[bytes]) -> bytes:
    """The strings as one MessagePack array, in the forms every Redis's cmsgpack reads."""
    parts = [_SHORT[len(s)] + s if len(s) < 256 else b"\xdb" + len(s).to_bytes(4, "big") + s for s in strings]
    return b"\xdd" + len(parts).to_bytes(4, "big") + b"".join(parts)
