"""A configuration in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hpro_connectors.config import HproConfig, load_config

SMALL = '[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n'
"""The least that a file needs."""

Load = Callable[..., HproConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a file of the given text, with nothing from the environment of the process."""

    def load_text(
        text: str = SMALL, *, environ: Mapping[str, str] | None = None, overrides: Mapping[str, object] | None = None
    ) -> HproConfig:
        file = tmp_path / "hpro.toml"
        file.write_text(text, encoding="utf-8")
        return load_config(file, environ=environ or {}, overrides=overrides or {})

    return load_text
