"""Records of event files, and the fields of the protobuf messages in them.

Source: TensorFlow's record format (length, masked CRC-32C, data, masked CRC-32C) and protobuf's
wire format.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Damaged", "crc32c", "doubles", "fields", "floats", "records", "signed", "varints"]

_POLYNOMIAL = 0x82F63B78
_MOST_BYTES = 512_000_000
Field = tuple[int, int | bytes]
"""Number and content: a number for varints, bytes for all else."""


class Damaged(ValueError):  # noqa: N818 - what is wrong with a file, not with the program
    """The bytes are none of TensorBoard's."""


def _table() -> list[int]:
    table: list[int] = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of the bytes."""
    found, table = 0xFFFFFFFF, _TABLE
    for byte in data:
        found = table[(found ^ byte) & 0xFF] ^ found >> 8
    return found ^ 0xFFFFFFFF


def records(path: Path, offset: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each whole record from `offset` on, with where the next one begins.

    A last record that is not whole, which a writer may be at, ends it.

    Raises: Damaged for a checksum that does not fit, OSError.
    """
    with path.open("rb") as file:
        file.seek(offset)
        while len(head := file.read(12)) == 12:
            length, check = struct.unpack("<QI", head)
            if _masked(head[:8]) != check or length > _MOST_BYTES:
                raise Damaged(f"the record at byte {offset} has a wrong checksum of its length")
            body = file.read(length + 4)
            if len(body) < length + 4:
                return
            data = body[:length]
            if _masked(data) != struct.unpack("<I", body[length:])[0]:
                raise Damaged(f"the record at byte {offset} has a wrong checksum")
            offset += 12 + length + 4
            yield offset, data


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a message in their order. Raises Damaged."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise Damaged("a message has a field of no known kind")
        if at + length > end:
            raise Damaged("a field is longer than its message")
        yield key >> 3, data[at : at + length]
        at += length


def floats(data: bytes) -> tuple[float, ...]:
    """Packed numbers of 32 bits."""
    return struct.unpack(f"<{len(data) // 4}f", data[: len(data) // 4 * 4])


def doubles(data: bytes) -> tuple[float, ...]:
    """Packed numbers of 64 bits."""
    return struct.unpack(f"<{len(data) // 8}d", data[: len(data) // 8 * 8])


def varints(data: bytes) -> Iterator[int]:
    """Packed whole numbers, which may be negative. Raises Damaged."""
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield signed(value)


def signed(value: int) -> int:
    """A varint as a number of 64 bits with a sign."""
    return value - 2**64 if value >= 2**63 else value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    found = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
        shift += 7
    raise Damaged("a number does not end")


def _masked(data: bytes) -> int:
    found = crc32c(data)
    return ((found >> 15 | found << 17) + 0xA282EAD8) & 0xFFFFFFFF
