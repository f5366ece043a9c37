"""Lines of a UTF-8 file, decoded one by one so that a bad byte is reported with its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hpro_sdk.errors import DataError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def text_lines(file: BinaryIO, path: Path) -> Iterator[tuple[int, str]]:
    """Stream the lines with their numbers, line ends kept, a byte order mark dropped.

    Raises:
        DataError: A line is not UTF-8, or reading fails.
    """
    number = 0
    try:
        for number, raw in enumerate(file, start=1):
            yield number, (raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw).decode("utf-8")
    except UnicodeDecodeError as exc:
        raise DataError(
            f"{path}, line {number} is not UTF-8 (byte {exc.start + 1} of the line).",
            hint="Save the file as UTF-8 (in Excel: 'CSV UTF-8').",
            line=number,
        ) from exc
    except OSError as exc:
        raise DataError(
            f"{path} could not be read after line {number}: {exc.strerror or exc}.", hint="Check the disk."
        ) from exc
