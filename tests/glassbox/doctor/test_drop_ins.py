"""The doctor at the drop-ins for scikit-learn's networks: healthy fits, and cures that their users can follow."""

import re
from dataclasses import replace

import pytest

from chainrule.estimators import MLPClassifier, MLPRegressor, TableClassifier
from chainrule.glassbox.doctor import Case, Level, examine
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.rules import cannot_fit_one_batch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

HEALTHY = {
    "iris": {"learning_rate_init": 0.01},
    "iris, lbfgs": {"solver": "lbfgs", "alpha": 0.1},
    "wine": {"learning_rate_init": 0.01, "max_iter": 100},
    "wine, tanh": {"activation": "tanh", "learning_rate_init": 0.01, "max_iter": 100},
    "wine, early stopping": {"early_stopping": True, "learning_rate_init": 0.01},
    "breast_cancer": {"hidden_layer_sizes": (16,), "learning_rate_init": 0.005, "max_iter": 60},
    "breast_cancer, sgd": {"solver": "sgd", "learning_rate_init": 0.05, "max_iter": 60},
    "diabetes": {"learning_rate_init": 0.01},
    "diabetes, sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "diabetes, sgd of large steps": {"solver": "sgd", "learning_rate_init": 0.1},
    "diabetes, sgd without momentum": {"solver": "sgd", "learning_rate_init": 0.05, "momentum": 0.0},
    "linnerud, lbfgs": {"solver": "lbfgs", "alpha": 0.1},
}
STARTS_ANEW = ["error_at_start", "exploding_gradients", "poor_initialisation", "saturated_units", "symmetric_units"]
NAMES_PARAMETERS = [*STARTS_ANEW, "identifier_columns", "cannot_fit_one_batch", "class_imbalance", "stopped_too_late"]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_fit_has_no_finding_above_notice(planted, name, seed):
    X, y, _, _ = planted.table(name.split(",")[0])
    estimator = MLPClassifier if y.ndim == 1 else MLPRegressor
    model = estimator(**HEALTHY[name], random_state=seed).fit(X, y if y.ndim == 1 or y.shape[1] > 1 else y[:, 0])
    diagnosis = model.diagnose()
    assert diagnosis.level in (None, Level.NOTICE), str(diagnosis)


def named_in(text):
    """Return the parameters that a text sets."""
    return set(re.findall(r"(\w+)=", text))


@pytest.mark.parametrize("rule", NAMES_PARAMETERS)
@pytest.mark.parametrize("which", [0, 1])
def test_a_cure_sets_only_what_a_drop_in_has(planted, rule, which):
    known = set(MLPClassifier().get_params())
    case = replace(planted.planted()[rule][which].observe(), parameters=known)
    cures = {finding.rule: finding.cure.text for finding in examine(case).all}
    assert set().union(*map(named_in, cures.values())) <= known
    assert "()" not in cures[rule]


@pytest.mark.parametrize("rule", STARTS_ANEW)
def test_what_a_table_estimator_has_is_named(found, rule):
    _, finding = found(rule)
    assert "(initialiser=None)" in finding.cure.text
    assert named_in(finding.cure.text) <= set(TableClassifier().get_params())


@pytest.mark.parametrize("estimator", [MLPClassifier, TableClassifier])
def test_the_doctor_knows_the_parameters_of_the_model(planted, estimator):
    X, y, _, _ = planted.table("iris")
    diagnosis = estimator(max_iter=5, random_state=0, solver="sgd", learning_rate_init=1e-6).fit(X, y).diagnose()
    assert diagnosis[0].examination.case.parameters == set(estimator().get_params())


def test_a_penalty_is_spoken_of_where_there_is_one(planted):
    setup = planted.planted()["cannot_fit_one_batch"][0]
    for penalty, words in (
        ({"l2": 10.0}, " (alpha)"),
        ({"l1": 3.0}, " (l1)"),
        ({"l1": 3.0, "l2": 9.0}, " (alpha, l1)"),
    ):
        case = replace(setup, penalty=type(setup.penalty)(**penalty)).observe()
        finding = next(finding for finding in examine(case).all if finding.rule == "cannot_fit_one_batch")
        assert finding.cure.text == f"Widen the hidden layers, and lower the penalty{words}."


@pytest.mark.parametrize(("alpha", "is_found"), [(30.0, False), (300.0, True)])
def test_a_penalty_is_as_strong_as_it_was_in_the_steps(planted, alpha, is_found):
    """Alpha is shared out over the rows of a batch: 30 over the 150 rows of all is 0.2, and holds hardly back."""
    X, y, _, _ = planted.table("iris")
    model = MLPClassifier(alpha=alpha, solver="lbfgs", random_state=0).fit(X, y)
    examination = Examination(Case(run=model.run_, history=model.history_))
    assert examination.remaining > cannot_fit_one_batch.HARM  # so that the rule is asked
    assert (cannot_fit_one_batch.RULE.look(examination) is not None) == is_found
