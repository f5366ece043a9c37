"""What `hpro emulate salesforce` does: it fills an org, serves it, and waits."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

from hpro_connectors.demo.simulation import START
from hpro_connectors.emulators.salesforce.company.demo_org import make_demo_org
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.wire.hosts import DEFAULT_DOMAIN
from hpro_sdk.cli.output import progress
from hpro_sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """What an emulator is told.

    Attributes:
        port: 0 takes any free one.
        company: Its kind.
        seed: Of the company.
        leads: That arrive in a year.
        days: Of history.
    """

    port: int
    company: str
    seed: int
    leads: int
    days: int


@contextlib.contextmanager
def running_salesforce(options: EmulatorOptions) -> Iterator[SalesforceEmulator]:
    """Fill the org of a simulated company and serve it; time goes on there.

    Args:
        options: What it is told.

    Yields:
        The emulator, which answers already.

    Raises:
        ConfigError: The port is taken.
    """
    with progress("Simulating days", total=options.days) as told:
        demo = make_demo_org(
            options.company, options.seed, options.leads, progress=told, until=START + timedelta(days=options.days)
        )
    demo.org.clock.flowing = True
    try:
        emulator = SalesforceEmulator(demo.org, port=options.port, domain=DEFAULT_DOMAIN, on_advance=demo.advance)
    except OSError as exc:
        raise ConfigError(
            f"Port {options.port} of this machine cannot be used: {exc.strerror or exc}.",
            hint="Name another one with --port, or --port 0 for any that is free.",
        ) from exc
    emulator.start()
    try:
        yield emulator
    finally:
        emulator.close()


@contextlib.contextmanager
def ending() -> Iterator[threading.Event]:
    """Give what Ctrl-C and SIGTERM set, instead of ending the process."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
