"""Rows held out to judge a model by: those of scikit-learn's ``train_test_split``, so that anyone can compare."""

from collections.abc import Callable

import numpy as np
from sklearn.model_selection import train_test_split

from chainrule.cli.console import counted
from chainrule.cli.rows import LabelledRows
from chainrule.errors import TableError

__all__ = ["hold_out"]


def hold_out(
    rows: LabelledRows, share: float, *, seed: int, stratify: bool, say: Callable[[str], None]
) -> tuple[LabelledRows, LabelledRows]:
    """Split rows into training and held-out ones.

    They are those of ``train_test_split(test_size=share, random_state=seed)``, with ``stratify=y`` for classes, and in
    its order. A class with one row cannot be split, which scikit-learn refuses; here that row stays in training, and
    the rest is split.

    Parameters
    ----------
    rows : LabelledRows
    share : float
        In (0, 1).
    seed : int
    stratify : bool
        Whether the target holds classes.
    say : callable
        Is told of rows that had to stay in training.

    Raises
    ------
    TableError
        If there are too few rows.
    """
    y = rows.y.to_numpy()
    alone = np.zeros(len(y), dtype=bool)
    if stratify:
        _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        alone = counts[codes] == 1
    others = np.flatnonzero(~alone)
    try:
        training, held_out = train_test_split(
            others, test_size=share, random_state=seed, stratify=y[others] if stratify else None
        )
    except ValueError as error:
        classes = f" of {counted(len(np.unique(y)), 'class', 'classes')}" if stratify else ""
        raise TableError(
            f"{counted(len(y), 'row')}{classes}: too few to hold out a share of {share:g}. Use --holdout 0, or "
            "--test TABLE with other rows."
        ) from error
    if alone.any():
        say(f"{counted(int(alone.sum()), 'class has', 'classes have')} one row only, which stays in training")
    return rows.take(np.concatenate([training, np.flatnonzero(alone)])), rows.take(held_out)
