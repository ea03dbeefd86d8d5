"""Where a run took place: what its bits depend on besides table, settings and seed."""

import platform
from dataclasses import asdict, dataclass

import numpy as np

from chainrule.engine import Session
from chainrule.version import __version__

__all__ = ["Surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """Versions, engine and processor of a run.

    Parameters
    ----------
    chainrule, numpy : str
        Versions.
    engine : str
        The engine that took the steps.
    processor : str
        The machine's architecture and, where the native engine ran, the instruction set that it used.
    """

    chainrule: str
    numpy: str
    engine: str
    processor: str

    @classmethod
    def of(cls, session: Session) -> "Surroundings":
        """Return the surroundings of a session that runs here and now."""
        engine = type(session).__name__.removesuffix("Session").lower()
        return cls(__version__, np.__version__, engine, _processor(engine))

    def differences(self, now: "Surroundings") -> list[str]:
        """Return what differs, in words: "chainrule 0.1.0, now 0.2.0"."""
        here = asdict(now)
        return [f"{name} {was}, now {here[name]}" for name, was in asdict(self).items() if was != here[name]]


def _processor(engine: str) -> str:
    if engine != "native":
        return platform.machine()
    from chainrule.engine.native import instruction_set  # where it cannot be had, it did not run

    return f"{platform.machine()} with {instruction_set()}"
