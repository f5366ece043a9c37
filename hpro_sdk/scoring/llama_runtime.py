"""llama.cpp as a library: started once, its log sent to ours, its objects freed."""

from __future__ import annotations

import ctypes
import functools
import logging
import os
import weakref
from pathlib import Path

import llama_cpp

from hpro_sdk.errors import ModelLoadError

logger = logging.getLogger("hpro_sdk.llama_cpp")


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]  # ctypes has no types for it
def _forward_log(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
    del level, user_data
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s", text.decode("utf-8", "replace").rstrip())


@functools.cache
def start_runtime() -> None:
    """Start llama.cpp once a process; its log goes to ``hpro_sdk.llama_cpp`` at DEBUG.

    The callback is a module attribute because llama.cpp keeps a bare pointer to it: were it collected, the next
    log line would crash Python.
    """
    llama_cpp.llama_log_set(_forward_log, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()


def available_threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LlamaModel:
    """A model file opened by llama.cpp, freed when it is collected.

    Args:
        path: A file that :func:`hpro_sdk.scoring.gguf_file.check_gguf` has passed.
        vocab_only: Load the vocabulary without the weights.

    Raises:
        ModelLoadError: llama.cpp refuses the file.
    """

    def __init__(self, path: Path, *, vocab_only: bool = False) -> None:
        start_runtime()
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = -1 if llama_cpp.llama_supports_gpu_offload() else 0
        params.vocab_only = vocab_only
        handle = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not handle:
            raise ModelLoadError(
                f"llama.cpp cannot load {path}.", hint="Run again with -v -v to see why, or export the model anew."
            )
        self.handle = handle
        self.free = weakref.finalize(self, llama_cpp.llama_model_free, handle)
        self.vocab = llama_cpp.llama_model_get_vocab(handle)


class LlamaContext:
    """A context of a model, with room for many sequences in one shared memory.

    One shared memory lets the common beginning be decoded once; attention looks at every cell in use, so batches
    are kept small and removed after each decode.

    Args:
        model: The model.
        cells: Tokens the memory holds.
        batch_tokens: Tokens a decode.
        max_sequences: Sequences at a time.
        threads: Processors to use.

    Raises:
        ModelLoadError: There is not enough memory.
    """

    def __init__(self, model: LlamaModel, cells: int, batch_tokens: int, max_sequences: int, threads: int) -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = params.n_ubatch = batch_tokens
        params.n_seq_max = params.n_outputs_max = max_sequences
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        params.kv_unified = True
        params.no_perf = True
        handle = llama_cpp.llama_init_from_model(model.handle, params)
        if not handle:
            raise ModelLoadError(
                f"llama.cpp cannot make a context of {cells} tokens.", hint="Free some memory and load it again."
            )
        self.handle = handle
        # The context must go before its model: the reference in the closure keeps the model until then.
        self.free = weakref.finalize(self, _free_context, handle, model)
        self.memory = llama_cpp.llama_get_memory(handle)


def _free_context(handle: object, model: LlamaModel) -> None:
    llama_cpp.llama_free(handle)
    del model


class LlamaTokenizer:
    """The tokenizer inside a model file, special tokens never parsed.

    Args:
        model: The model; its vocabulary is enough.
    """

    def __init__(self, model: LlamaModel) -> None:
        self._model = model

    def encode(self, text: str) -> list[int]:
        """Give the token ids of a text, without beginning or end tokens."""
        data = text.encode("utf-8", "replace")
        # A token is at least one byte long.
        ids = (llama_cpp.llama_token * max(1, len(data)))()
        count = llama_cpp.llama_tokenize(self._model.vocab, data, len(data), ids, len(ids), False, False)  # noqa: FBT003
        if count < 0:
            raise RuntimeError(f"llama.cpp wants room for {-count} tokens in a text of {len(data)} bytes")
        return list(ids[:count])

    def token_text(self, token_id: int) -> str:
        """Give the vocabulary's own spelling of a token."""
        text: bytes = llama_cpp.llama_vocab_get_text(self._model.vocab, token_id)
        return text.decode("utf-8", "replace")
