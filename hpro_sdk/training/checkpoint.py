"""A checkpoint folder: an ordinary Hugging Face causal LM, plus ``hpro.json`` and the training report.

Any tool that reads Hugging Face folders reads it; ``hpro.json`` holds what the exported file will carry under
``hpro.*``. The folder holds no lead text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from hpro_sdk.errors import ConfigError, ModelLoadError
from hpro_sdk.rendering.prompt import RenderedPrompt
from hpro_sdk.scoring.engine import Logits
from hpro_sdk.scoring.manifest import FORMAT_VERSION, CheckpointManifest, ScorerManifest, ScoreTokens
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.training.tokenizer import END_TOKEN, PlainTokenizer
from hpro_sdk.training.validation import evaluate_prompts

disable_progress_bar()  # loading takes well under a second, and stderr is ours

MANIFEST_FILE = "hpro.json"
REPORT_FILE = "training_report.json"
TOKENIZER_FILE = "tokenizer.json"


class TorchEngine:
    """Evaluates prompts with a checkpoint, in float32.

    Args:
        model: The causal LM.
        tokenizer: Its tokenizer.
        score_tokens: Where the logits are read.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PlainTokenizer, score_tokens: ScoreTokens) -> None:
        self._model = model.eval()
        self._tokenizer = tokenizer
        self._score_tokens = score_tokens

    @property
    def tokenizer(self) -> PlainTokenizer:
        """The checkpoint's tokenizer, special tokens not parsed."""
        return self._tokenizer

    def logits(self, prompts: Sequence[RenderedPrompt]) -> Logits:
        """Give the next-token logits of the two score tokens at the end of each prompt. Shape ``(n, 2)``."""
        return evaluate_prompts(self._model, [prompt.token_ids for prompt in prompts], self._score_tokens)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A loaded checkpoint folder.

    Attributes:
        folder: Where it lies.
        manifest: What travels with the scorer.
        model: In float32.
        tokenizer: Special tokens not parsed.
        model_id: Short name made from the digest of its files.
    """

    folder: Path
    manifest: ScorerManifest
    model: PreTrainedModel
    tokenizer: PlainTokenizer
    model_id: str

    def engine(self) -> TorchEngine:
        """Give the engine that evaluates prompts with it."""
        return TorchEngine(self.model, self.tokenizer, self.manifest.score_tokens)

    def scorer(self) -> Scorer:
        """Give a scorer that runs on PyTorch instead of llama.cpp."""
        return Scorer(self.engine(), self.manifest, self.model_id)


def write_checkpoint(
    folder: Path, model: PreTrainedModel, tokenizer: Tokenizer, manifest: ScorerManifest, report: str
) -> None:
    """Write a checkpoint into a new folder; the caller renames it into place.

    Args:
        folder: Does not exist yet.
        model: The causal LM.
        tokenizer: Its tokenizer.
        manifest: What travels with the scorer.
        report: The training report as JSON text.

    Raises:
        OSError: The disk is full or the folder cannot be written.
    """
    folder.mkdir()
    model.save_pretrained(folder)
    # A fast tokenizer of its own copy: ours has its switch for special tokens turned off.
    copy = Tokenizer.from_str(tokenizer.to_str())
    PreTrainedTokenizerFast(tokenizer_object=copy, eos_token=END_TOKEN, pad_token=END_TOKEN).save_pretrained(folder)
    content = CheckpointManifest(**manifest.model_dump()).model_dump(mode="json")
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")
    (folder / REPORT_FILE).write_text(report, encoding="utf-8")


def load_checkpoint(folder: Path) -> Checkpoint:
    """Load a checkpoint folder; nothing in it is executed.

    Args:
        folder: As :func:`write_checkpoint` made it.

    Raises:
        ConfigError: There is no such folder, or its training has not finished.
        ModelLoadError: A file is missing, malformed, or made by a newer program.
    """
    if not folder.is_dir():
        unfinished = folder.with_name(f"{folder.name}.partial").is_dir()
        raise ConfigError(
            f"{folder} does not exist{': its training has not finished' if unfinished else ''}.",
            hint="Run the same `hpro train` command again to go on." if unfinished else "Check the path.",
        )
    manifest = load_manifest(folder)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as exc:
        raise _broken(folder, str(exc)) from exc
    except Exception as exc:  # the tokenizers library raises bare Exception for a malformed file
        if type(exc) is not Exception:
            raise
        raise _broken(folder, str(exc)) from exc
    rows = model.get_output_embeddings().weight.shape[0]
    if max(manifest.score_tokens.convert, manifest.score_tokens.rank) >= rows:
        raise _broken(folder, f"its score tokens lie outside its vocabulary of {rows}")
    return Checkpoint(folder, manifest, model, PlainTokenizer(tokenizer), f"hpro-checkpoint-{_digest(folder)[:16]}")


def load_manifest(folder: Path) -> ScorerManifest:
    """Read ``hpro.json`` of a checkpoint folder.

    Raises:
        ModelLoadError: It is missing, malformed, or made by a newer program.
    """
    file = folder / MANIFEST_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ModelLoadError(
            f"{folder} has no {MANIFEST_FILE}, so it is not a checkpoint of HPRO.", hint="Train one with `hpro train`."
        ) from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise _broken(folder, f"{MANIFEST_FILE} cannot be read") from exc
    version = content.pop("format_version", None) if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise _broken(folder, f"{MANIFEST_FILE} has no format_version")
    if version > FORMAT_VERSION:
        raise ModelLoadError(
            f"{folder} was made by a newer version of HPRO (format {version}).", hint="Upgrade hpro-sdk."
        )
    return ScorerManifest.from_parts(content, str(file))


def _broken(folder: Path, reason: str) -> ModelLoadError:
    first_line = (reason.strip().splitlines() or ["a file is damaged"])[0]
    return ModelLoadError(
        f"The checkpoint {folder} cannot be loaded: {first_line}.", hint="Restore it from a copy, or train it again."
    )


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.iterdir() if path.suffix in {".json", ".safetensors"}):
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()
