"""The doctor at an estimator."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from chainrule.errors import ParameterError
from chainrule.estimators.recorded import Recorded

__all__ = ["Diagnosing"]


class Diagnosing(Recorded):
    """The method that examines a fitted model's training."""

    def diagnose(self, X: Any = None, y: Any = None, sample_weight: Any = None) -> Any:
        """Examine the training: what went wrong, why, where to see it, and what to do.

        Parameters
        ----------
        X, y, sample_weight
            What ``fit`` was given; needed for models loaded from a file or a pickle only.

        Returns
        -------
        chainrule.glassbox.doctor.Diagnosis
            Findings, ranked by cause; ``finding.open()`` opens the step that proves one, ``finding.try_cure()`` trains
            again with its cure. Empty where nothing was found.

        Raises
        ------
        ParameterError (ValueError)
            If X comes without y, or y without X.
        ReplayError (ValueError)
            If the training rows are not at hand, or it is another table.
        """
        from chainrule.estimators.diagnosis import diagnose_model

        check_is_fitted(self)
        if (X is None) != (y is None):
            raise ParameterError("diagnose needs X and y together: the table of fit; or neither of them.")
        return diagnose_model(self, self._recording if X is None else self._with_rows(X, y, sample_weight))
