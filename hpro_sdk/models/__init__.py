"""The model that ships with HPRO: trained on simulated companies alone, for trying things out.

Beside ``demo_test_drive.gguf`` lie its card, ``demo_test_drive.md``, and its training report, ``demo_test_drive.json``.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from hpro_sdk.errors import ConfigError

BUNDLED_MODEL = "demo_test_drive.gguf"
"""File name of the bundled model."""


def bundled_model_path() -> Path:
    """Give the path of the bundled model.

    Raises:
        ConfigError: The file is not there, as in a checkout in which it was never built.
    """
    place = resources.files(__name__) / BUNDLED_MODEL
    if not isinstance(place, Path) or not place.is_file():
        raise ConfigError(
            f"The bundled model {BUNDLED_MODEL} is not part of this installation.",
            hint="Build it with `make model` in a checkout of HPRO, or name a model of your own with --model.",
        )
    return place
