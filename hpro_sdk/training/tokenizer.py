"""The byte-level BPE tokenizer of the nano base, and Hugging Face tokenizers behind our protocol.

The split pattern is Qwen2's, which llama.cpp knows as ``qwen2``; there is no normaliser (prompts are NFC-normalised
before they are tokenised), so that both sides tokenise any text alike. Contractions are spelt out because ``(?i:'s)``
would also match the long s in Hugging Face's engine, and does not in llama.cpp.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.rendering.lines import field_lines, interaction_line
from hpro_sdk.rendering.template import Template
from hpro_sdk.rendering.text import mask_personal
from hpro_sdk.scoring.manifest import CONVERT_TOKEN, RANK_TOKEN

QWEN2_SPLIT = (
    r"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END_TOKEN = "<|endoftext|>"  # noqa: S105 - a vocabulary entry
MIN_MERGE_COUNT = 20
"""Merges are learnt from CRM data: a rare one could spell a name."""


def tokenizer_corpus(template: Template, snapshots: Iterable[LeadSnapshot]) -> Iterator[str]:
    """Give the texts that a tokenizer is trained on: every segment of every prompt, personal data masked.

    Args:
        template: Fitted.
        snapshots: Of the training split only.
    """
    for snapshot in snapshots:
        yield f"{template.preamble}\n"
        for line in field_lines(template, snapshot):
            yield f"{line.label}:"
            yield f" {mask_personal(line.value)}\n"
        for interaction in snapshot.interactions:
            shown = interaction_line(interaction, snapshot.as_of)
            yield f"{shown.label}:"
            yield f" {mask_personal(shown.value)}\n"
        yield template.closing


def train_tokenizer(corpus: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn a byte-level BPE vocabulary; the two score tokens and the end token come last in it.

    Args:
        corpus: Texts as :func:`tokenizer_corpus` gives them.
        vocab_size: Upper bound, special tokens included; merges seen under 20 times are not learnt.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    special = [END_TOKEN, CONVERT_TOKEN, RANK_TOKEN]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(special),
        min_frequency=MIN_MERGE_COUNT,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_special_tokens(special)
    return tokenizer


class PlainTokenizer:
    """A ``tokenizers`` tokenizer that never parses special tokens in text.

    Args:
        tokenizer: Kept; its switch for special tokens in text is turned off.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        # Without this switch a note that spells a score token would become that token.
        self._tokenizer.encode_special_tokens = True

    def encode(self, text: str) -> Sequence[int]:
        """Give the token ids of a text, without beginning or end tokens."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def token_text(self, token_id: int) -> str:
        """Give the vocabulary's own spelling of a token."""
        return self._tokenizer.id_to_token(token_id) or ""
