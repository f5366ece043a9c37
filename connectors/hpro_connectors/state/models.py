"""The models of an org: which there are, which is in use, and which was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from sqlalchemy import Connection, Row, insert, select

from hpro_connectors.state._sql import upsert
from hpro_connectors.state.schema import MODEL_USES, MODELS
from hpro_connectors.state.transactions import Transactions
from hpro_sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that the org has.

    Attributes:
        model_id: What scored leads say of it.
        file: Its name within the models folder.
        installed_at: When it was made known.
        report: How it was made and compared, as JSON.
    """

    model_id: str
    file: str
    installed_at: datetime
    report: str

    def path_in(self, folder: Path) -> Path:
        """Give the path of the file.

        Args:
            folder: The models folder.

        Raises:
            ConfigError: The file is gone.
        """
        path = folder / self.file
        if not path.is_file():
            raise ConfigError(
                f"The file of the model {self.model_id} is gone: {path}.",
                hint="Bring it back, or name another model with `hpro model use ID`; `hpro model list` lists them.",
            )
        return path


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model was put to use."""

    model_id: str
    used_at: datetime
    reason: str


class Models:
    """The models of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def install(self, model_id: str, file: str, report: str, at: datetime) -> None:
        """Make a model known, or its report another one; this alone does not put it to use.

        Args:
            model_id: Its id.
            file: Name of its file within the models folder.
            report: How it was made and compared, as JSON.
            at: When.

        Raises:
            ValueError: ``file`` is no plain name within the folder.
        """
        if PurePosixPath(file).name != file or file in {"", ".", ".."}:
            raise ValueError(f"{file!r} is not the name of a file in the models folder")
        with self._transactions.writing() as connection:
            upsert(connection, MODELS, [{"model_id": model_id, "file": file, "installed_at": at, "report": report}])

    def use(self, model_id: str, at: datetime, reason: str) -> None:
        """Put a model to use, from the next pass on.

        Args:
            model_id: One that is installed.
            at: When.
            reason: Why, in one line.

        Raises:
            ConfigError: There is no such model.
        """
        with self._transactions.writing() as connection:
            _require(connection, model_id)
            connection.execute(insert(MODEL_USES).values(model_id=model_id, used_at=at, reason=reason))

    def before(self) -> InstalledModel:
        """Give the model that was in use before the present one.

        Raises:
            ConfigError: No other model was in use before.
        """
        with self._transactions.reading() as connection:
            return _model(_before(connection)[1])

    def rollback(self, at: datetime) -> InstalledModel:
        """Put the model to use again that was in use before the present one; a second rollback undoes the first.

        Args:
            at: When.

        Raises:
            ConfigError: No other model was in use before.
        """
        with self._transactions.writing() as connection:
            present, row = _before(connection)
            connection.execute(
                insert(MODEL_USES).values(model_id=row.model_id, used_at=at, reason=f"rollback from {present}")
            )
            return _model(row)

    def in_use(self) -> InstalledModel | None:
        """Give the model in use; ``None`` before the first."""
        newest = select(MODEL_USES.c.model_id).order_by(MODEL_USES.c.id.desc()).limit(1).scalar_subquery()
        with self._transactions.reading() as connection:
            row = connection.execute(select(MODELS).where(MODELS.c.model_id == newest)).first()
        return None if row is None else _model(row)

    def get(self, model_id: str) -> InstalledModel:
        """Give a model.

        Raises:
            ConfigError: There is no such model.
        """
        with self._transactions.reading() as connection:
            return _model(_require(connection, model_id))

    def list(self) -> list[InstalledModel]:
        """Give all models, newest first."""
        wanted = select(MODELS).order_by(MODELS.c.installed_at.desc(), MODELS.c.model_id)
        with self._transactions.reading() as connection:
            return [_model(row) for row in connection.execute(wanted)]

    def last_use(self, model_id: str) -> ModelUse | None:
        """Give when and why a model was put to use last; ``None``: it never was."""
        wanted = select(MODEL_USES).where(MODEL_USES.c.model_id == model_id).order_by(MODEL_USES.c.id.desc()).limit(1)
        with self._transactions.reading() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else ModelUse(row.model_id, row.used_at, row.reason)


def _before(connection: Connection) -> tuple[str, Row[tuple[object, ...]]]:
    """Give the id of the model in use, and the one that was in use before it."""
    uses = connection.scalars(select(MODEL_USES.c.model_id).order_by(MODEL_USES.c.id.desc())).all()
    before = next((model_id for model_id in uses if model_id != uses[0]), None)
    if before is None:
        raise ConfigError("No other model was in use before.", hint="Name one with `hpro model use ID`, or train one.")
    return uses[0], _require(connection, before)


def _require(connection: Connection, model_id: str) -> Row[tuple[object, ...]]:
    row = connection.execute(select(MODELS).where(MODELS.c.model_id == model_id)).first()
    if row is None:
        raise ConfigError(f"There is no model {model_id!r}.", hint="`hpro model list` lists those there are.")
    return row


def _model(row: Row[tuple[object, ...]]) -> InstalledModel:
    return InstalledModel(row.model_id, row.file, row.installed_at, row.report)
