import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from chainrule.engine import DescentStep, Settings, Source, StepPlan, logits
from chainrule.engine.reference import ReferenceSession
from chainrule.errors import ParameterError, ShapeError
from chainrule.network import Penalty, multilayer_perceptron
from chainrule.training import SGD, Adam, AdamW


@pytest.fixture
def problem():
    rng = np.random.default_rng(2)
    network = multilayer_perceptron(3, (5,), 1, loss="log_loss", activation="tanh", penalty=Penalty(l1=0.02, l2=0.1))
    source = Source(rng.normal(size=(10, 3)), rng.integers(0, 2, (10, 1)).astype(float), rng.uniform(0, 2, 10))
    return network, source, network.initialise(seed=1)


def session_of(problem, optimizer=None, **settings):
    network, source, weights = problem
    optimizer = optimizer or SGD()
    weights = weights.copy()
    vectors = tuple(np.zeros_like(weights) for _ in range(optimizer.n_vectors))
    settings = Settings(**{"batch_size": 4} | settings)
    return ReferenceSession(network, source, optimizer, settings, weights=weights, vectors=vectors)


def test_a_step_is_the_networks_backward_pass_and_one_descent(problem):
    network, source, weights = problem
    session = session_of(problem, shuffle=False)
    report = session.run(0, StepPlan.constant(1, learning_rate=0.1, penalty=0.5))
    X, y, w = source.take(slice(0, 4))
    expected = network.backward(weights, network.forward(weights, X), y, w, penalty=0.5)
    assert report.error[0] == pytest.approx(expected.error, rel=1e-14)
    assert report.weight[0] == pytest.approx(w.sum())
    assert report.gradient_norm[0] == pytest.approx(np.linalg.norm(expected.gradient), rel=1e-13)
    np.testing.assert_allclose(session.weights, weights - 0.1 * expected.gradient, rtol=1e-13)


def test_run_is_its_two_halves(problem):
    plan = StepPlan.constant(6, learning_rate=0.05, weight_decay=0.1)
    network, _, _ = problem
    whole, halves = session_of(problem, AdamW(), seed=3), session_of(problem, AdamW(), seed=3)
    whole.run(0, plan)
    for step in range(6):
        total, weight, gradient = halves.accumulate(halves.rows_of(step), step=step)
        assert np.isfinite(total)
        gradient = gradient / weight + network.penalty(halves.weights, network.layout)[1]
        halves.descend(gradient, step, plan.part(step, step + 1))
    np.testing.assert_allclose(whole.weights, halves.weights, rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 50), batch=st.integers(1, 60), seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 5))
def test_an_epoch_takes_every_row_once_and_depends_on_seed_and_step_alone(n, batch, seed, epoch):
    network = multilayer_perceptron(1, (), 1, loss="squared_error")
    source = Source(np.zeros((n, 1)), np.zeros((n, 1)))
    settings = Settings(batch_size=batch, seed=seed)
    weights = network.initialise()
    session = ReferenceSession(network, source, SGD(), settings, weights=weights, vectors=())
    per_epoch = settings.steps_per_epoch(n)
    steps = range(epoch * per_epoch, (epoch + 1) * per_epoch)
    taken = [np.arange(n)[session.rows_of(step)] for step in steps]
    assert sorted(np.concatenate(taken)) == list(range(n))
    assert all(len(rows) == batch for rows in taken[:-1])
    fresh = ReferenceSession(network, source, SGD(), settings, weights=weights, vectors=())
    for step, rows in reversed(list(zip(steps, taken, strict=True))):
        np.testing.assert_array_equal(np.arange(n)[fresh.rows_of(step)], rows)


def test_epochs_have_different_orders(problem):
    session = session_of(problem, batch_size=9)
    assert not np.array_equal(session.rows_of(0), session.rows_of(2))


def test_weight_decay_leaves_biases_alone(problem):
    network, source, weights = problem
    silent = Source(source.numbers, source.target, np.full(10, 1e-300))
    session = ReferenceSession(network, silent, SGD(), Settings(batch_size=10), weights=weights.copy(), vectors=())
    session.run(0, StepPlan.constant(1, learning_rate=0.5, weight_decay=0.2, penalty=0.0))
    plain = ReferenceSession(network, silent, SGD(), Settings(batch_size=10), weights=weights.copy(), vectors=())
    plain.run(0, StepPlan.constant(1, learning_rate=0.5, penalty=0.0))
    is_weight = network.layout.decay_factors() > 0
    np.testing.assert_allclose(session.weights, plain.weights - 0.1 * weights * is_weight, rtol=1e-12)
    np.testing.assert_array_equal(session.weights[~is_weight], plain.weights[~is_weight])


def test_clipping_scales_the_gradient_to_the_norm(problem):
    free, clipped = session_of(problem, shuffle=False), session_of(problem, shuffle=False, max_gradient_norm=0.01)
    start = free.weights.copy()
    plan = StepPlan.constant(1, learning_rate=1.0)
    report = free.run(0, plan)
    assert clipped.run(0, plan).gradient_norm[0] == report.gradient_norm[0] > 0.01  # reported before clipping
    change, clipped_change = free.weights - start, clipped.weights - start
    assert np.linalg.norm(clipped_change) == pytest.approx(0.01)
    np.testing.assert_allclose(clipped_change / 0.01, change / np.linalg.norm(change), rtol=1e-10)


def test_a_divisor_in_the_plan_replaces_the_sum_of_weights(problem):
    _, source, _ = problem
    plan = StepPlan.constant(1, learning_rate=0.1, penalty=0.0)
    own = session_of(problem, shuffle=False).run(0, plan)
    divided = StepPlan(
        *(getattr(plan, f) for f in ("learning_rate", "momentum", "weight_decay", "dropout", "penalty")),
        np.array([8.0]),
    )
    given = session_of(problem, shuffle=False).run(0, divided)
    assert given.error[0] * 8.0 == pytest.approx(own.error[0] * source.weight[:4].sum())


def test_a_batch_of_weight_zero_is_passed_over(problem):
    network, source, weights = problem
    weight = source.weight.copy()
    weight[:4] = 0.0
    session = ReferenceSession(
        network,
        Source(source.numbers, source.target, weight),
        Adam(),
        Settings(batch_size=4, shuffle=False),
        weights=weights.copy(),
        vectors=(np.zeros_like(weights), np.zeros_like(weights)),
    )
    report = session.run(0, StepPlan.constant(1, learning_rate=0.1))
    assert [column[0] for column in report] == [0.0, 0.0, 0.0]
    np.testing.assert_array_equal(session.weights, weights)


def test_a_step_that_is_not_finite_is_the_last_and_does_not_move_the_weights(problem):
    network, source, weights = problem
    numbers = source.numbers.copy()
    numbers[5, 0] = np.nan
    session = ReferenceSession(
        network,
        Source(numbers, source.target, source.weight),
        SGD(),
        Settings(batch_size=4, shuffle=False),
        weights=weights.copy(),
        vectors=(),
    )
    report = session.run(0, StepPlan.constant(3, learning_rate=0.1))
    assert len(report.error) == 2
    assert not report.finite
    assert np.isnan(report.error[1])
    alone = session_of(problem, shuffle=False)
    assert alone.run(0, StepPlan.constant(1, learning_rate=0.1)).finite
    np.testing.assert_array_equal(session.weights, alone.weights)


@pytest.mark.parametrize("completed", range(5))
def test_an_interrupted_run_holds_the_steps_completed(problem, monkeypatch, completed):
    monkeypatch.setattr("chainrule.engine.reference.ASK_SECONDS", 0.0)
    session, alone = session_of(problem, AdamW()), session_of(problem, AdamW())
    answers = iter([*[False] * completed, True])
    report = session.run(0, StepPlan.constant(9, learning_rate=0.1), lambda: next(answers))
    expected = alone.run(0, StepPlan.constant(completed, learning_rate=0.1))
    assert len(report.error) == completed
    np.testing.assert_array_equal(report, expected)
    np.testing.assert_array_equal([session.weights, *session.vectors], [alone.weights, *alone.vectors])


def test_a_run_asks_between_steps_at_least_every_50_ms_and_seldom(problem, monkeypatch):
    """By a clock of its own, which every look at it moves on by 3 ms."""
    moments = iter(np.arange(10**6) * 0.003)
    now = [0.0]

    def clock():
        now[0] = next(moments)
        return now[0]

    monkeypatch.setattr("chainrule.engine.reference.perf_counter", clock)
    asked = []
    session_of(problem).run(0, StepPlan.constant(200, learning_rate=0.1), lambda: asked.append(now[0]))
    gaps = np.diff([0.0, *asked])
    assert len(asked) > 10
    assert gaps.min() >= 0.0099
    assert gaps.max() <= 0.05


def test_sparse_rows_train_like_dense_ones(problem):
    network, source, weights = problem
    numbers = np.where(np.abs(source.numbers) > 0.7, source.numbers, 0.0)
    results = []
    for X in (numbers, csr_matrix(numbers)):
        session = ReferenceSession(
            network, Source(X, source.target), SGD(), Settings(batch_size=4), weights=weights.copy(), vectors=()
        )
        session.run(0, StepPlan.constant(9, learning_rate=0.1))
        results.append(session.weights)
    np.testing.assert_allclose(*results, rtol=1e-12)


def test_tiles_of_logits_are_the_whole(problem, monkeypatch):
    network, source, weights = problem
    expected = network.logits(weights, source.numbers)
    monkeypatch.setattr("chainrule.engine.reference.TILE_ROWS", 3)
    np.testing.assert_allclose(logits(network, weights, source.numbers, engine="reference"), expected, rtol=1e-14)
    np.testing.assert_allclose(session_of(problem).logits(source.numbers), expected, rtol=1e-14)
    assert logits(network, weights, source.numbers[:0], engine="reference").shape == (0, 1)


def test_what_does_not_fit_is_named():
    with pytest.raises(ShapeError, match="numbers has 3, target has 2"):
        Source(np.zeros((3, 1)), np.zeros(2))
    with pytest.raises(ShapeError, match="target has 3, weight has 2"):
        Source(np.zeros((3, 1)), np.zeros(3), np.ones(2))
    with pytest.raises(ShapeError, match="at least one"):
        Source(np.zeros((0, 1)), np.zeros(0))
    with pytest.raises(ParameterError, match="batch_size must be at least 1, got 0"):
        Settings(batch_size=0)
    with pytest.raises(ParameterError, match="n_threads must be at least 1, got 0"):
        Settings(batch_size=1, n_threads=0)
    with pytest.raises(ParameterError, match="max_gradient_norm must be positive, got 0"):
        Settings(batch_size=1, max_gradient_norm=0)


def test_a_plans_part_keeps_all_columns():
    plan = StepPlan.constant(5, learning_rate=0.1, momentum=0.9)
    assert len(plan.part(1, 4)) == 3
    assert plan.part(1, 4).momentum.tolist() == [0.9] * 3
    assert DescentStep(1, 0.1, 0.9).number == 1
