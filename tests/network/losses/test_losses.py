import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax

from chainrule.errors import ParameterError, ShapeError
from chainrule.network import LOSSES, CrossEntropy, Huber, LogLoss, Poisson, Quantile, SquaredError

KINDS = sorted(LOSSES)


def test_all_seven_are_there():
    assert KINDS == [
        "absolute_error",
        "cross_entropy",
        "huber",
        "log_loss",
        "poisson",
        "quantile",
        "squared_error",
    ]
    assert all(kind == loss.kind for kind, loss in LOSSES.items())


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=30)
@given(n=st.integers(0, 6), n_outputs=st.integers(1, 3), seed=st.integers(0, 1000))
def test_calling_weighs_and_sums_the_rows(kind, n, n_outputs, seed, draw_target):
    loss = LOSSES[kind]()
    rng = np.random.default_rng(seed)
    logits, weight = rng.normal(size=(n, loss.n_logits(n_outputs))), rng.uniform(0, 3, n)
    y = draw_target(LOSSES[kind], n, n_outputs, seed)
    losses, d_rows = loss.rows(logits, y)
    assert losses.shape == (n,)
    assert d_rows.shape == logits.shape
    for row_weight in (None, weight):
        w = np.ones(n) if row_weight is None else row_weight
        error, d_logits = loss(logits, y, row_weight)
        assert isinstance(error, float)
        assert error == pytest.approx(sum(w * losses), rel=1e-12, abs=1e-300)
        assert np.array_equal(d_logits, d_rows * w[:, None])


@pytest.mark.parametrize("kind", KINDS)
def test_rows_do_not_mix(kind, draw_target):
    loss = LOSSES[kind]()
    logits = np.random.default_rng(0).normal(size=(5, loss.n_logits(2)))
    y = draw_target(LOSSES[kind], 5, 2)
    losses, d_logits = loss.rows(logits, y)
    for row in range(5):
        alone, d_alone = loss.rows(logits[row : row + 1], y[row : row + 1])
        assert alone[0] == losses[row]
        assert np.array_equal(d_alone[0], d_logits[row])


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_stay_as_they_were(kind, draw_target):
    loss = LOSSES[kind]()
    logits, y, weight = np.ones((3, loss.n_logits(2))), draw_target(LOSSES[kind], 3, 2), np.full(3, 2.0)
    for array in (logits, y, weight):
        array.setflags(write=False)
    loss(logits, y, weight)
    loss.predict(logits)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_non_finite_logit_is_seen_and_does_not_warn(kind, bad, draw_target):
    loss = LOSSES[kind]()
    logits = np.zeros((2, loss.n_logits(2)))
    logits[0] = bad
    error, d_logits = loss(logits, draw_target(LOSSES[kind], 2, 2), np.ones(2))
    loss.predict(logits)
    # The one limit that is finite: e^-∞ = 0, where the count is 0. Here counts are above 0.
    assert not np.isfinite(error)
    assert np.isfinite(d_logits[1]).all()
    if np.isnan(bad):
        assert np.isnan(d_logits[0]).any()


def test_float32_rows_are_added_in_float64():
    error, _ = SquaredError()(np.full((10**6, 1), 0.1, dtype=np.float32), np.zeros((10**6, 1)))
    assert error == pytest.approx(0.5 * 10**6 * float(np.float32(0.1)) ** 2, rel=1e-7)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "cross_entropy"])
@pytest.mark.parametrize("shape", [(4,), (4, 2), (3, 1), (1, 1), (1, 4), (4, 1, 1)])
def test_shapes_never_broadcast(kind, shape):
    loss = LOSSES[kind]()
    logits = np.zeros((4, loss.n_logits(1)))
    with pytest.raises(ShapeError, match=rf"{kind}: with logits .* the target y must have shape \(4, 1\)\. Got \("):
        loss(logits, np.zeros(shape))


def test_logits_must_be_a_matrix():
    with pytest.raises(ShapeError, match=r"squared_error: with logits of shape \(4,\)"):
        SquaredError()(np.zeros(4), np.zeros(4))
    with pytest.raises(ShapeError, match=r"cross_entropy: with logits of shape \(4,\)"):
        CrossEntropy()(np.zeros(4), np.zeros(4, dtype=int))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(), (3,), (4, 1), (1,)])
def test_row_weights_of_another_shape(kind, shape, draw_target):
    loss = LOSSES[kind]()
    with pytest.raises(ShapeError, match=r"Row weights must have shape \(4,\), one a row\. Got \("):
        loss(np.zeros((4, loss.n_logits(2))), draw_target(LOSSES[kind], 4, 2), np.ones(shape))


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.zeros((3, 1), dtype=int), ShapeError, r"class codes of shape \(3,\)\. Got shape \(3, 1\)\."),
        (np.zeros(2, dtype=int), ShapeError, r"class codes of shape \(3,\)\. Got shape \(2,\)\."),
        (np.zeros(3), ParameterError, r"must be integer class codes\. Got dtype float64\."),
        (np.array([0, 1, 2]), ParameterError, r"with 2 logits .* must be from 0 to 1\. Got codes from 0 to 2\."),
        (np.array([-1, 1, 0]), ParameterError, r"with 2 logits .* must be from 0 to 1\. Got codes from -1 to 1\."),
    ],
)
def test_cross_entropy_targets(y, error, message):
    with pytest.raises(error, match="cross_entropy: .*" + message):
        CrossEntropy()(np.zeros((3, 2)), y)


@pytest.mark.parametrize("bad", [-0.1, 1.1, np.nan])
def test_log_loss_target_outside_its_domain(bad):
    with pytest.raises(ParameterError, match=r"log_loss: every value of the target y must be in \[0, 1\]\. Got values"):
        LogLoss()(np.zeros((2, 1)), np.array([[0.5], [bad]]))


@pytest.mark.parametrize("bad", [-0.1, np.nan])
def test_poisson_target_outside_its_domain(bad):
    with pytest.raises(ParameterError, match=r"poisson: every value of the target y must be at least 0\. Got"):
        Poisson()(np.zeros((2, 1)), np.array([[0.5], [bad]]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_in_units_of_the_target(dtype):
    logits = np.array([[0.0, -800.0, 3.0], [800.0, 1.0, 2.0]], dtype=dtype)
    assert np.array_equal(CrossEntropy().predict(logits), softmax(logits, axis=1))
    assert np.array_equal(LogLoss().predict(logits), expit(logits))
    assert Poisson().predict(logits)[0, :2].tolist() == [1, 0]
    for loss in (SquaredError(), Huber(), Quantile()):
        assert np.array_equal(loss.predict(logits), logits)
    assert all(LOSSES[kind]().predict(logits).dtype == dtype for kind in KINDS)


def test_quantile_logits_are_ordered_by_target_then_level():
    loss = Quantile((0.25, 0.5))
    assert loss.n_logits(2) == 4
    y = np.array([[0.0, 10.0]])
    losses, d_logits = loss.rows(np.array([[4.0, -4.0, 10.0, 12.0]]), y)
    assert d_logits.tolist() == [[0.75, -0.5, 0.0, 0.5]]
    assert losses.tolist() == [0.75 * 4 + 0.5 * 4 + 0 + 0.5 * 2]
    with pytest.raises(ShapeError, match=r"quantile: 3 logits are no multiple of the 2 levels"):
        loss(np.zeros((1, 3)), np.zeros((1, 1)))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20), st.sampled_from([0.1, 0.5, 0.9]))
def test_the_quantile_minimises_its_loss(values, level):
    y = np.array(values)[:, None]
    candidates = np.concatenate([y.ravel(), np.linspace(-10, 10, 41)])
    errors = [Quantile((level,))(np.full_like(y, c), y)[0] for c in candidates]
    best = Quantile((level,))(np.full_like(y, np.quantile(y, level, method="inverted_cdf")), y)[0]
    assert best <= min(errors) + 1e-12


@pytest.mark.parametrize(
    "levels", [(), [0.5], (0.5, 0.5), (0.9, 0.1), (0.0, 0.5), (0.5, 1.0), (np.nan,), ("0.5",), 0.5]
)
def test_quantile_levels_out_of_range(levels):
    with pytest.raises(ParameterError, match=r"Quantile: (each of )?levels must .* Got .* instead"):
        Quantile(levels)


@pytest.mark.parametrize("delta", [0, -1.0, np.inf, np.nan, "1", True])
def test_huber_delta_out_of_range(delta):
    with pytest.raises(ParameterError, match=r"Huber: delta must be a number with 0 < delta < infinity\. Got"):
        Huber(delta)


@pytest.mark.parametrize("smoothing", [-0.1, 1, np.nan, None])
def test_label_smoothing_out_of_range(smoothing):
    with pytest.raises(ParameterError, match=r"CrossEntropy: label_smoothing must be a number with 0 <= .* < 1\. Got"):
        CrossEntropy(smoothing)


def test_cross_entropy_of_two_classes_is_the_log_loss():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(20, 1)) * 10, rng.integers(0, 2, 20)
    error, d_logits = CrossEntropy()(np.hstack([np.zeros_like(z), z]), y)
    expected, d_expected = LogLoss()(z, y[:, None].astype(float))
    assert error == pytest.approx(expected, rel=1e-13)
    assert d_logits[:, 1] == pytest.approx(d_expected[:, 0], rel=1e-12)
