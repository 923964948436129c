"""Makes the objects of a Python component immortal, where `skep_runtime.immortal` has noted them.

usage: immortalize.py COMPONENT, which is changed in place
"""

import struct
import sys

MARK = struct.pack("<4I", *(0x53 << 24 | number * 0x010305 for number in (0x4B, 0x45, 0x50, 0x2E)))
# `_Py_IMMORTAL_INITIAL_REFCNT` of CPython 3.14 where pointers have 32 bits: below it a count is a count.
IMMORTAL = 5 << 28
OBJECTS_MAX = 4_000_000

CORE_MODULE, COMPONENT, DATA = 1, 4, 11
I32_CONST = 0x41


def number(data, at):
    """An unsigned LEB128, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def sections(data, begin, end):
    at = begin + 8
    while at < end:
        kind = data[at]
        size, content = number(data, at + 1)
        yield kind, content, content + size
        at = content + size


def modules(data, begin, end):
    for kind, content, after in sections(data, begin, end):
        if kind == CORE_MODULE:
            yield content, after
        elif kind == COMPONENT:
            yield from modules(data, content, after)


def segments(data, begin, end):
    """Of one module: where each piece of memory begins, where in the file, and its length."""
    for kind, content, _ in sections(data, begin, end):
        if kind != DATA:
            continue
        count, at = number(data, content)
        for _ in range(count):
            flags, at = number(data, at)
            address = None
            if flags == 2:
                _, at = number(data, at)
            if flags != 1:
                if data[at] != I32_CONST:
                    sys.exit("there is data whose place is not a number")
                address, at = number(data, at + 1)
                address &= 0xFFFFFFFF  # it is signed there
                at += 1
            length, at = number(data, at)
            if address is not None:
                yield address, at, length
            at += length


def immortalize(data):
    found = 0
    for begin, end in modules(data, 0, len(data)):
        pieces = sorted(segments(data, begin, end))
        at = next((place for _, at, length in pieces if (place := data.find(MARK, at, at + length)) >= 0), None)
        if at is None:
            continue
        at += len(MARK)
        (count,) = struct.unpack_from("<I", data, at)
        if count > OBJECTS_MAX:
            sys.exit("the list of objects is not one")
        addresses = sorted(struct.unpack_from(f"<{count}I", data, at + 4))
        data[at - len(MARK) : at + 4 + 4 * count] = bytes(len(MARK) + 4 + 4 * count)
        pieces = iter(pieces)
        place, start, length = next(pieces)
        for address in addresses:
            while address >= place + length:
                place, start, length = next(pieces, (1 << 32, 0, 1))
            # Where all is zero, nothing is counted; and a count is in one piece, or not changed.
            if address < place or address + 4 > place + length:
                continue
            offset = start + address - place
            (references,) = struct.unpack_from("<I", data, offset)
            if references < IMMORTAL:
                struct.pack_into("<I", data, offset, IMMORTAL)
                found += 1
    return found


def main():
    path = sys.argv[1]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    found = immortalize(data)
    if not found:
        sys.exit(f"{path} has no list of objects")
    with open(path, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
