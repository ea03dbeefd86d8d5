"""The witness of a replay: holds repeated weights against those that were recorded."""

from chainrule.engine import Session
from chainrule.errors import ReplayError
from chainrule.training.fingerprint import digest
from chainrule.training.keyframes import Floats
from chainrule.training.record import RunRecord
from chainrule.training.surroundings import Surroundings

__all__ = ["Witness"]


class Witness:
    """Knows at which steps the weights were recorded, and which of them a replay has reached to the same bits.

    Parameters
    ----------
    record : RunRecord
    """

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self._checkpoints = record.checkpoints
        self._held: set[int] = set()

    def ahead(self, step: int) -> int | None:
        """Return the first checkpoint not before a step, or None if it is known to hold or there is none."""
        ahead = next((checkpoint for checkpoint in self._checkpoints if checkpoint >= step), None)
        return None if ahead in self._held else ahead

    def between(self, first: int, stop: int) -> list[int]:
        """Return the checkpoints after ``first`` and before ``stop``."""
        return [step for step in self._checkpoints if first < step < stop]

    def compare(self, step: int, weights: Floats, session: Session) -> None:
        """Compare weights (P,) with what was recorded at a step, if that is a checkpoint not compared before.

        Raises
        ------
        ReplayError
            If they differ in any bit.
        """
        if step not in self._checkpoints or step in self._held:
            return
        if digest(weights) != self.record.digest_at(step):
            raise self.differs(f"gives other weights at step {step} than were recorded", session)
        self._held.add(step)

    def differs(self, what: str, session: Session) -> ReplayError:
        """Return the error that says how a repetition differs, and why it may."""
        reasons = "; ".join(self.record.surroundings.differences(Surroundings.of(session))) or (
            "versions, engine and processor are the same, so something else decided: other rows or settings, a layer, "
            "loss or optimizer of your own, or a callback that changed the weights"
        )
        return ReplayError(f"repeating this run {what} ({reasons}).")
