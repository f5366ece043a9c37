"""From ``tokenizer.json`` to the token list of a GGUF file, so that llama.cpp tokenises any text alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from hpro_quantize.errors import ConversionError
from hpro_quantize.weights import RESTORE
from hpro_sdk.scoring.gguf_limits import CONTROL, NORMAL, UNUSED, USER_DEFINED

TOKENIZER_FILE = "tokenizer.json"
UNSUPPORTED = "Train on one of the supported bases: byte-level BPE tokenizers of Qwen2, Llama 3, SmolLM or GPT-2."

_QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA3 = _QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|", 1)

# llama.cpp reads the contractions letter by letter; with (?i:) alone U+017F, a long s, counts as an s too.
_CONTRACTIONS = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)", "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])")

# How a tokenizer cuts text into pieces, as (what comes first, whether byte-level cuts too), to llama.cpp's name.
_PRE_TOKENIZERS: Mapping[tuple[str, bool], str] = {
    (f"Split {_QWEN2}", False): "qwen2",
    (f"Split {_LLAMA3}", False): "llama-bpe",
    ("Digits", True): "smollm",
    ("", True): "gpt-2",
}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A vocabulary as GGUF holds it.

    Attributes:
        tokens: By id, as many as the model has rows.
        types: GGUF token type of each.
        merges: Pairs with a space between, in order.
        pre: llama.cpp's name of how text is cut into pieces.
    """

    tokens: Sequence[str]
    types: Sequence[int]
    merges: Sequence[str]
    pre: str


def read_vocabulary(folder: Path, rows: int, score_tokens: Mapping[str, int]) -> Vocabulary:
    """Read ``tokenizer.json``.

    Args:
        folder: The checkpoint.
        rows: Rows of the model's embedding; ids without a token get ``[PADn]``, which no text gives.
        score_tokens: Spelling to id of the score tokens.

    Returns:
        The vocabulary. Special added tokens are CONTROL, so that no text is read as one of them.

    Raises:
        ConversionError: The file is missing, malformed, not a byte-level BPE that llama.cpp knows, larger than the
            model, or does not hold the score tokens as special tokens.
    """
    file = folder / TOKENIZER_FILE
    try:
        content = json.loads(file.read_text("utf-8"))
        model, added = content["model"], content.get("added_tokens") or []
        by_id = {int(token_id): str(token) for token, token_id in model["vocab"].items()}
        special = {int(token["id"]): bool(token["special"]) for token in added}
        by_id |= {int(token["id"]): str(token["content"]) for token in added}
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        pre = _pre_tokenizer(file, content)
    except FileNotFoundError as exc:
        raise ConversionError(f"{folder} has no {TOKENIZER_FILE}.", hint=RESTORE) from exc
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ConversionError(f"{file} is malformed.", hint=RESTORE) from exc
    if model.get("type", "BPE") != "BPE" or not merges:
        _refuse(file, "is not a byte-pair encoding with merges")
    if not 0 <= min(by_id) <= max(by_id) < rows:
        raise ConversionError(f"{file} has the token id {max(by_id)}, the model has {rows} rows.", hint=RESTORE)
    for spelling, token_id in score_tokens.items():
        if by_id.get(token_id) != spelling or not special.get(token_id, False):
            raise ConversionError(f"{file}: the token {token_id} is not the special token {spelling}.", hint=RESTORE)
    types = {token_id: CONTROL if is_special else USER_DEFINED for token_id, is_special in special.items()}
    tokens = _padded(by_id, rows)
    if len(set(tokens)) != rows:
        _refuse(file, "has a token twice")
    return Vocabulary(
        tokens=tokens,
        types=[types.get(token_id, NORMAL if token_id in by_id else UNUSED) for token_id in range(rows)],
        merges=merges,
        pre=pre,
    )


def _padded(by_id: Mapping[int, str], rows: int) -> list[str]:
    taken = set(by_id.values())
    tokens = []
    for token_id in range(rows):
        token = by_id.get(token_id, f"[PAD{token_id}]")
        while token_id not in by_id and token in taken:
            token += "_"
        tokens.append(token)
    return tokens


def _pre_tokenizer(file: Path, content: Mapping[str, object]) -> str:
    """Tell llama.cpp's name for how this tokenizer cuts text, or refuse it."""
    normalizer = content.get("normalizer")
    if normalizer is not None and not (isinstance(normalizer, dict) and normalizer.get("type") == "NFC"):
        _refuse(file, "changes text in another way than NFC")  # prompts are NFC already
    model, outer = content["model"], content["pre_tokenizer"]
    if not isinstance(model, dict) or not isinstance(outer, dict):
        _refuse(file, "has no pre-tokenizer")
    steps = outer["pretokenizers"] if outer["type"] == "Sequence" else [outer]
    first, last = "", steps[-1]
    if len(steps) == 2:
        first = str(steps[0]["type"])
        if first == "Split":
            if steps[0]["behavior"] != "Isolated" or steps[0].get("invert"):
                _refuse(file, "cuts text in a way that llama.cpp does not know")
            first = f"Split {steps[0]['pattern']['Regex'].replace(*reversed(_CONTRACTIONS))}"
        elif first == "Digits" and not steps[0]["individual_digits"]:
            _refuse(file, "keeps digits together")
    pre = _PRE_TOKENIZERS.get((first, bool(last.get("use_regex", True))))
    if len(steps) > 2 or last["type"] != "ByteLevel" or last.get("add_prefix_space") or pre is None:
        _refuse(file, "cuts text in a way that llama.cpp does not know")
    if bool(model.get("ignore_merges")) != (pre == "llama-bpe"):
        _refuse(file, f"uses its merges otherwise than llama.cpp does for {pre}")
    for key in ("unk_token", "continuing_subword_prefix", "end_of_word_suffix", "dropout"):
        if model.get(key) and not (key == "unk_token" and pre in {"smollm", "gpt-2"}):
            _refuse(file, f"has {key}")
    return pre


def _refuse(file: Path, what: str) -> NoReturn:
    raise ConversionError(f"{file} {what}.", hint=UNSUPPORTED)
