"""The llama.cpp driver: last-token logits of the score tokens only, many leads a decode.

What leads share is decoded once and kept; each decode takes as many prompts as fit, marks only their last tokens
as outputs (so the last layer and the vocabulary projection run on those rows alone), reads two numbers a prompt
and takes the prompts out of memory again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np

from hpro_sdk.errors import ModelError
from hpro_sdk.rendering.prompt import RenderedPrompt
from hpro_sdk.scoring.engine import Logits
from hpro_sdk.scoring.gguf_file import CheckedGguf, check_gguf
from hpro_sdk.scoring.llama_runtime import LlamaContext, LlamaModel, LlamaTokenizer, available_threads
from hpro_sdk.scoring.manifest import ScoreTokens
from hpro_sdk.scoring.packing import BatchArrays, pack

DEFAULT_BATCH_TOKENS = 512
MAX_SEQUENCES = 64
_SHARED_SEQUENCE = 0


class LlamaEngine:
    """Evaluates prompts with a GGUF file.

    Args:
        model: Opened by llama.cpp.
        score_tokens: Where the logits are read.
        max_prompt_tokens: Longest prompt of the model's template.
        batch_tokens: Tokens a decode; raised to the longest prompt. 512 to 1,024 are fastest on a CPU.
        threads: Processors to use; default: all that the process may use.
    """

    def __init__(
        self,
        model: LlamaModel,
        score_tokens: ScoreTokens,
        max_prompt_tokens: int,
        *,
        batch_tokens: int = DEFAULT_BATCH_TOKENS,
        threads: int | None = None,
    ) -> None:
        self._tokenizer = LlamaTokenizer(model)
        self._score_tokens = (score_tokens.convert, score_tokens.rank)
        batch_tokens = max(batch_tokens, max_prompt_tokens)
        sequences = min(MAX_SEQUENCES, llama_cpp.llama_max_parallel_sequences())
        self._arrays = BatchArrays(batch_tokens, sequences)
        self._prompts_per_decode = sequences - 1
        self._context = LlamaContext(
            model,
            cells=max_prompt_tokens + batch_tokens,
            batch_tokens=batch_tokens,
            max_sequences=sequences,
            threads=threads or available_threads(),
        )
        self._shared: tuple[int, ...] = ()
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        path: Path,
        checked: CheckedGguf | None = None,
        *,
        batch_tokens: int = DEFAULT_BATCH_TOKENS,
        threads: int | None = None,
    ) -> LlamaEngine:
        """Open a model file, after checking it.

        Args:
            path: The GGUF file.
            checked: What :func:`check_gguf` gave for it, where that has been done.
            batch_tokens: Tokens a decode.
            threads: Processors to use.

        Raises:
            ConfigError: The file does not exist or cannot be read.
            ModelLoadError: It is damaged, foreign, newer, or llama.cpp refuses it.
        """
        manifest = (checked or check_gguf(path)).manifest
        return cls(
            LlamaModel(path),
            manifest.score_tokens,
            manifest.template.max_tokens,
            batch_tokens=batch_tokens,
            threads=threads,
        )

    @property
    def tokenizer(self) -> LlamaTokenizer:
        """The tokenizer inside the model file."""
        return self._tokenizer

    def logits(self, prompts: Sequence[RenderedPrompt]) -> Logits:
        """Give the next-token logits of the two score tokens at the end of each prompt.

        A logit depends a little (about 1e-3 in a quantised model) on the other prompts of its decode.

        Args:
            prompts: Of the model's own template.

        Returns:
            Shape ``(n, 2)``, convert and rank, in input order.

        Raises:
            ModelError: llama.cpp cannot decode.
        """
        result = np.empty((len(prompts), 2), dtype=np.float64)
        if not prompts:
            return result
        with self._lock:
            shared = self._share(prompts)
            rests = [prompt.token_ids[shared:] for prompt in prompts]
            for run in pack([len(rest) for rest in rests], self._arrays.max_tokens, self._prompts_per_decode):
                result[run.start : run.stop] = self._decode([rests[index] for index in run], shared)
        return result

    def _share(self, prompts: Sequence[RenderedPrompt]) -> int:
        """Have the common beginning in memory, for every sequence, and give its length."""
        shared = prompts[0].token_ids[: prompts[0].shared_tokens]
        if any(prompt.token_ids[: len(shared)] != shared for prompt in prompts):
            shared = ()
        if shared != self._shared:
            memory = self._context.memory
            llama_cpp.llama_memory_clear(memory, False)  # noqa: FBT003
            self._shared = ()
            if shared:
                self._run(self._arrays.fill([shared], 0, _SHARED_SEQUENCE))
                for sequence in range(1, self._prompts_per_decode + 1):
                    llama_cpp.llama_memory_seq_cp(memory, _SHARED_SEQUENCE, sequence, -1, -1)
            self._shared = shared
        return len(shared)

    def _decode(self, rests: Sequence[tuple[int, ...]], shared: int) -> Logits:
        self._run(self._arrays.fill(rests, shared, _SHARED_SEQUENCE + 1))
        result = np.empty((len(rests), 2), dtype=np.float64)
        last = -1
        for row, rest in enumerate(rests):
            last += len(rest)
            values = llama_cpp.llama_get_logits_ith(self._context.handle, last)
            result[row] = [values[token] for token in self._score_tokens]
            llama_cpp.llama_memory_seq_rm(self._context.memory, row + 1, shared, -1)
        return result

    def _run(self, batch: llama_cpp.llama_batch) -> None:
        status = llama_cpp.llama_decode(self._context.handle, batch)
        if status != 0:
            # What the failed decode left in memory is unknown; the next call starts from an empty one.
            llama_cpp.llama_memory_clear(self._context.memory, False)  # noqa: FBT003
            self._shared = ()
            raise ModelError(
                f"llama.cpp could not decode a batch of {batch.n_tokens} tokens (status {status}).",
                hint="Free some memory and try again; run with -v -v to see why.",
            )
