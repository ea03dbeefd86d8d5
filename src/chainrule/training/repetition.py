"""Steps and iterations of a run, taken again."""

from dataclasses import replace

from chainrule.engine import Session, Source, StepPlan, open_session
from chainrule.network import Network
from chainrule.training.callbacks import Callback
from chainrule.training.keyframes import Keyframe
from chainrule.training.loop import train
from chainrule.training.optimizers import Optimizer
from chainrule.training.recipe import Stopping
from chainrule.training.record import RunRecord
from chainrule.training.run import Run
from chainrule.training.witness import Witness

__all__ = ["StepsAgain", "iterate_again"]

PIECE = 256  # steps taken in one call of the engine, so that Ctrl-C is noticed in between


class StepsAgain:
    """A session that takes a run's steps again; what it reaches is compared by the witness.

    Parameters
    ----------
    record : RunRecord
    network : Network
    source : Source
    start : Keyframe
        Where to begin.
    engine : str
    n_threads : int or None
    witness : Witness
    """

    def __init__(
        self,
        record: RunRecord,
        network: Network,
        source: Source,
        start: Keyframe,
        *,
        engine: str,
        n_threads: int | None,
        witness: Witness,
    ) -> None:
        optimizer = record.recipe.optimizer
        assert isinstance(optimizer, Optimizer), "lbfgs takes no steps"
        self.step = start.step
        self._record, self._witness = record, witness
        self._session: Session = open_session(
            network,
            source,
            optimizer,
            replace(record.recipe.settings, n_threads=n_threads),
            weights=start.weights.copy(),
            vectors=tuple(vector.copy() for vector in start.vectors),
            engine=engine,
        )

    def go_to(self, frame: Keyframe) -> None:
        """Put the session to a state."""
        session = self._session
        for array, kept in zip((session.weights, *session.vectors), (frame.weights, *frame.vectors), strict=True):
            array[...] = kept
        self.step = frame.step

    def run_to(self, stop: int) -> None:
        """Take the steps up to ``stop``, comparing the weights at every checkpoint on the way.

        Raises
        ------
        ReplayError
            If they are not those that were recorded.
        """
        for end in [*self._witness.between(self.step, stop), stop]:
            begin, self.step = self.step, -1  # nowhere, should it fail
            for first, plan in self._record.plans(begin, end):
                self._take(first, plan)
            self._witness.compare(end, self._session.weights, self._session)
            self.step = end

    def _take(self, first: int, plan: StepPlan) -> None:
        for start in range(0, len(plan), PIECE):
            part = plan.part(start, min(start + PIECE, len(plan)))
            report = self._session.run(first + start, part)
            if not report.finite:
                step = first + start + len(report.error) - 1
                raise self._witness.differs(f"gives an error at step {step} that is not finite", self._session)

    def frame(self) -> Keyframe:
        """Return a copy of the present state."""
        return Keyframe(self.step, self._session.weights, self._session.vectors).copy()

    def close(self) -> None:
        """Give back the session."""
        self._session.close()


class _Iterates(Callback):
    """Keeps one iterate of lbfgs, compares all that were recorded, and ends the descent after the last needed."""

    def __init__(self, wanted: int, last: int, witness: Witness) -> None:
        self.wanted, self.last, self.witness = wanted, last, witness
        self.found: Keyframe | None = None
        self.session: Session | None = None

    def on_train_begin(self, run: Run) -> None:
        """Remember the session."""
        self.session = run.session

    def on_steps_end(self, run: Run) -> None:
        """Compare the iterate, keep the one wanted, and end after the last."""
        step = run.state.step
        self.witness.compare(step, run.state.weights, run.session)
        if step == self.wanted:
            self.found = Keyframe(step, run.state.weights, ()).copy()
        if step >= self.last:
            run.stop("replayed")


def iterate_again(
    record: RunRecord, network: Network, source: Source, start: Keyframe, step: int, *, engine: str, witness: Witness
) -> Keyframe:
    """Descend by lbfgs again, from the start, and return the state after ``step`` iterations, at least one.

    Raises
    ------
    ReplayError
        If the iterates are not those that were recorded.
    """
    iterates = _Iterates(step, witness.ahead(step) or step, witness)
    recipe = replace(record.recipe, time_limit=None, stopping=Stopping())
    train(network, source, recipe, weights=start.weights, callbacks=iterates, engine=engine)
    assert iterates.session is not None, "training tells its callbacks of its begin"
    if iterates.found is None:
        raise witness.differs(f"ends before iteration {step}", iterates.session)
    return iterates.found
