"""The one place where an exception becomes a line on stderr and an exit code.

Exit codes: 0 done; 1 the content of data, a model or a training is at fault, or something failed; 2 a person must
change a flag, path, mapping, configuration or permission; 3 partial; 4 busy; 5 quota; 130 interrupted; 141 the
reader of the output went away.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import click

from hpro_sdk.cli.output import terminal_safe
from hpro_sdk.errors import HproError

FAILED = 1
CHANGE_NEEDED = 2
INTERRUPTED = 130
READER_GONE = 141

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_WRONG_PATH = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


@dataclass
class CliState:
    """What a whole command line shares.

    Attributes:
        verbosity: How often ``-v`` was given; from 1 on, errors come with their traceback.
    """

    verbosity: int = 0


def run_guarded(command: Callable[[], object], state: CliState) -> int:
    """Run a command and turn whatever it raises into one line on stderr and an exit code.

    Args:
        command: The command; what it returns is ignored, ``ctx.exit(code)`` sets another exit code than 0.
        state: Read after the failure, so that ``-v`` counts wherever it stood.

    Returns:
        The exit code of the process.
    """
    try:
        command()
        sys.stdout.flush()  # a full disk or a closed pipe shows here at the latest
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _say("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        _silence_stdout()
        return READER_GONE
    except Exception as exc:  # noqa: BLE001 - this is the boundary
        code = _report(exc, state)
        if state.verbosity:
            traceback_text = "".join(traceback.format_exception(exc))
            click.echo(terminal_safe(traceback_text, keep_lines=True), err=True)
        return code
    return 0


def _report(exc: Exception, state: CliState) -> int:
    """Say in one line what went wrong."""
    if isinstance(exc, HproError):
        return _say(f"Error: {exc}", exc.exit_code)
    if isinstance(exc, click.ClickException):
        exc.show()
        return CHANGE_NEEDED if isinstance(exc, (click.UsageError, click.FileError)) else exc.exit_code
    if isinstance(exc, MemoryError):
        return _say("Error: The memory is exhausted. Use a smaller batch or a machine with more memory.", FAILED)
    if isinstance(exc, OSError) and exc.errno in _DISK_FULL:
        _silence_stdout()
        where = f" while writing {exc.filename}" if exc.filename else ""
        return _say(f"Error: The disk is full{where}. Free some space and run it again.", FAILED)
    if isinstance(exc, _WRONG_PATH) and exc.filename is not None:
        return _say(f"Error: {exc.filename}: {exc.strerror}.", CHANGE_NEEDED)
    details = "" if state.verbosity else "; run with -v for details"
    return _say(f"Internal error: {type(exc).__name__}: {exc}{details}", FAILED)


def _say(line: str, code: int) -> int:
    with contextlib.suppress(OSError):  # stderr may be closed as well: the exit code still tells
        click.echo(terminal_safe(line), err=True)
    return code


def _silence_stdout() -> None:
    """Let what is still buffered go nowhere, so that Python does not complain when it exits."""
    with contextlib.suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
