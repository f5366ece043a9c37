"""The digest of a model file: SHA-256 over all of its bytes, the digest's own 64 characters taken as ``0``."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hpro_sdk.errors import ModelLoadError
from hpro_sdk.scoring.gguf_reader import COPY_AGAIN, GgufMetadata, open_gguf, read_metadata
from hpro_sdk.scoring.manifest import DIGEST_KEY

DIGEST_LENGTH = 64
DIGEST_PLACEHOLDER = "0" * DIGEST_LENGTH
"""What a file holds as its digest until it is sealed."""

_CHUNK = 2**20


def compute_digest(path: Path) -> str:
    """Give the digest that a file should have.

    Args:
        path: A GGUF file with a digest, sealed or not.

    Returns:
        64 hexadecimal digits.

    Raises:
        ConfigError: There is no such file, or it cannot be read.
        ModelLoadError: It is no GGUF file or has no place for a digest.
    """
    with open_gguf(path) as source:
        return digest_with_hole(path, digest_offset(path, read_metadata(source)))


def seal(path: Path) -> str:
    """Write the digest into a file that holds another or the placeholder.

    Args:
        path: Changed in place; so give a file that nobody reads yet.

    Returns:
        The digest.

    Raises:
        ConfigError: There is no such file, or it cannot be read.
        ModelLoadError: It is no GGUF file or has no place for a digest.
    """
    with open_gguf(path) as source:
        offset = digest_offset(path, read_metadata(source))
    digest = digest_with_hole(path, offset)
    with path.open("rb+") as stream:
        stream.seek(offset)
        stream.write(digest.encode("ascii"))
    return digest


def digest_offset(path: Path, metadata: GgufMetadata) -> int:
    """Give the position of the digest in a file.

    Raises:
        ModelLoadError: There is none, or it is not a text of 64 characters.
    """
    value = metadata.values.get(DIGEST_KEY)
    if not isinstance(value, str) or len(value.encode()) != DIGEST_LENGTH:
        raise ModelLoadError(f"{path} is damaged: it has no {DIGEST_KEY}.", hint=COPY_AGAIN)
    return metadata.offsets[DIGEST_KEY]


def digest_with_hole(path: Path, offset: int) -> str:
    """Hash a file with the 64 bytes at ``offset`` taken as ``0`` characters; it is read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        left = offset
        while left:
            piece = stream.read(min(left, _CHUNK))
            if not piece:
                break
            digest.update(piece)
            left -= len(piece)
        stream.seek(offset + DIGEST_LENGTH)
        digest.update(DIGEST_PLACEHOLDER.encode("ascii"))
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
