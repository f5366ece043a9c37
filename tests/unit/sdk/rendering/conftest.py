"""Two tokenizers for prompts: a small BPE as training makes it, and bytes as the extreme."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hpro_sdk.rendering.ages import AGE_WORDS
from hpro_sdk.rendering.tokenizer import Encoder
from hpro_sdk.scoring.manifest import CONVERT_TOKEN, RANK_TOKEN
from hpro_sdk.training.tokenizer import PlainTokenizer, train_tokenizer

# Neither "unknown" nor any time ahead is in it: such a corpus makes those words cost more than all ages do.
CORPUS = [
    "Sales lead, scored for its chance to be won.\n",
    "created:",
    "interactions:",
    " 12 shown, 7 older left out\n",
    "Score:",
    "industry:",
    " retail\n",
    " The customer asked about the price and wants to talk again next week.\n",
    *(f"- {kind}, by {who}, {age}:" for kind in ("note", "call") for who in ("lead", "rep") for age in AGE_WORDS),
]


class ByteTokenizer:
    """One token a byte."""

    def encode(self, text: str) -> Sequence[int]:
        return list(text.encode())


@pytest.fixture(scope="session")
def bpe() -> PlainTokenizer:
    return PlainTokenizer(train_tokenizer(CORPUS * 20, 600))


@pytest.fixture(scope="session")
def score_token_ids() -> frozenset[int]:
    tokenizer = train_tokenizer(CORPUS * 20, 600)
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    return frozenset({vocabulary[CONVERT_TOKEN], vocabulary[RANK_TOKEN]})


@pytest.fixture(scope="session")
def byte_tokenizer() -> ByteTokenizer:
    return ByteTokenizer()


@pytest.fixture(scope="session", params=["bpe", "bytes"])
def tokenizer(request: pytest.FixtureRequest, bpe: PlainTokenizer, byte_tokenizer: ByteTokenizer) -> Encoder:
    return bpe if request.param == "bpe" else byte_tokenizer
