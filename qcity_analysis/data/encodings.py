"""Text of unknown encoding: UTF-8 with or without a mark, then GB18030, strictly in that order."""

from __future__ import annotations

from ..errors import DataError, Problem


def decode(raw: bytes, file: str) -> tuple[str, str]:
    """The text of some bytes and the name of its encoding. Raises DataError naming the first byte each one fails on.

    >>> decode("研发".encode("gb18030"), "a.csv")
    ('研发', 'GB18030')
    """
    failed: list[UnicodeDecodeError] = []
    for encoding, name in (("utf-8-sig", "UTF-8"), ("gb18030", "GB18030")):
        try:
            return raw.decode(encoding), name
        except UnicodeDecodeError as error:
            failed.append(error)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        found = "UTF-16 text"
    else:
        places = [f"byte 0x{raw[e.start]:02x} at position {e.start + 1}" for e in failed]
        found = f"{places[0]}, which is not UTF-8, and {places[1]}, which is not GB18030"
    row = raw[: failed[0].start].count(b"\n") + 1
    remedy = "save the file again as 'CSV UTF-8'"
    raise DataError([Problem(file, row, None, found, "UTF-8 or GB18030 text", remedy)])
