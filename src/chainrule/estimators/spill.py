"""Keyframes in files instead of memory."""

from os import PathLike
from pathlib import Path

import numpy as np

from chainrule import storage
from chainrule.errors import OutputError
from chainrule.training.keyframes import Keyframe, Keyframes

__all__ = ["KeyframesInFolder"]


class KeyframesInFolder(Keyframes):
    """Keyframes in a folder, a file each, without a limit.

    Every run gets a folder of its own inside: nothing that is there is touched. They stay until somebody deletes them.

    Parameters
    ----------
    folder : path
        Made if it is not there.

    Raises
    ------
    OutputError
        If it cannot be made.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        super().__init__(None)
        self.folder = _new_folder(Path(folder))

    def _path(self, step: int) -> Path:
        return self.folder / f"keyframe-{step}.chainrule"

    def _store(self, frame: Keyframe) -> None:
        arrays = {"state": np.stack([frame.weights, *frame.vectors])}
        storage.write_container(self._path(frame.step), {"step": frame.step}, arrays, kind="keyframe")

    def _load(self, step: int) -> Keyframe:
        _, arrays = storage.read_container(self._path(step), kind="keyframe")
        weights, *vectors = arrays["state"]
        return Keyframe(step, weights, tuple(vectors))

    def _discard(self, step: int) -> None:
        self._path(step).unlink(missing_ok=True)


def _new_folder(parent: Path) -> Path:
    """Make the next of the folders run-1, run-2, … inside, and return its path."""
    number = 1
    while True:
        try:
            (parent / f"run-{number}").mkdir(parents=True)
        except FileExistsError:
            if not parent.is_dir():
                raise OutputError(f"record={str(parent)!r} must be a folder, and is a file.") from None
            number += 1
        except OSError as error:
            raise OutputError(f"record={str(parent)!r}: no folder can be made there ({error}).") from error
        else:
            return parent / f"run-{number}"
