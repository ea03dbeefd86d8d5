import pytest
from benchmarks.speed.cases import CASES
from benchmarks.speed.peak import best_product
from benchmarks.speed.scaling import cases_of, line_of, log_slope
from benchmarks.speed.verdict import LOSS_FACTOR, check_losses, judge, share


def fit(contestant, seconds, *, threads=2, losses=(0.5,), case="S4"):
    return {
        "case": case,
        "contestant": contestant,
        "threads": threads,
        "about": contestant,
        "seconds": list(seconds),
        "losses": list(losses),
        "first_call_extra": 0.0,
        "grown_mib": 1.0,
    }


PEAKS = {"1": {"product": "square", "gflops": 100.0}, "2": {"product": "square", "gflops": 200.0}}


def test_ratio_takes_the_fastest_peer_on_any_number_of_threads():
    fits = [
        fit("chainrule", [0.2, 0.1, 0.3], threads=2),
        fit("chainrule", [0.01], threads=1),  # not the one with all threads allowed
        fit("chainrule-engine", [0.05]),  # no peer
        fit("torch", [0.9], threads=2),
        fit("torch", [0.5, 0.6, 0.7], threads=1),
        fit("scikit-learn", [2.0]),
    ]
    (verdict,) = judge(fits, PEAKS)
    assert verdict["fastest_peer"] == "torch, 1 threads"
    assert verdict["ratio"] == pytest.approx(3.0)
    assert verdict["ratio_range"] == pytest.approx([2.5, 3.5])
    assert verdict["share"] == pytest.approx(CASES["S4"].flops / 0.2 / 200e9)


def test_share_of_s1_is_of_one_core():
    (verdict,) = judge([fit("chainrule", [0.01], case="S1")], PEAKS)
    assert verdict["share"] == pytest.approx(share("S1", 0.01, 100.0))
    assert verdict["ratio"] is None


def test_without_chainrule_there_is_no_verdict():
    assert judge([fit("torch", [1.0])], PEAKS) == []


def test_losses_within_the_factor_pass():
    fits = [fit("chainrule", [1], losses=[0.5]), fit("torch", [1], losses=[0.5 * LOSS_FACTOR * 0.99]), fit("jax", [1])]
    assert check_losses(fits) == []


@pytest.mark.parametrize("loss", [0.3, 0.7, float("nan")])
def test_a_contestant_that_did_not_do_the_work_is_named(loss):
    fits = [fit("chainrule", [1]), fit("jax", [1], losses=[loss]), fit("torch", [1])]
    (complaint,) = check_losses(fits)
    assert complaint.startswith("FAIL: jax ends S4 on 2 threads")


def test_where_all_diverge_all_are_named():
    assert len(check_losses([fit(name, [1], losses=[float("nan")]) for name in ("chainrule", "jax")])) == 2


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_slope_of_a_power_is_its_exponent(power):
    x = [32, 64, 100, 1000]
    assert log_slope(x, [7.0 * value**power for value in x]) == pytest.approx(power)


def test_slope_needs_two_points():
    assert log_slope([1], [1.0]) is None


def test_upper_slope_leaves_fixed_costs_behind():
    line = line_of("chainrule", 2, [(n, 1.0 + n / 1000) for n in (1, 10, 100, 10**6, 10**7, 10**8)])
    assert line["upper_slope"] == pytest.approx(1.0, abs=1e-3)
    assert line["slope"] < 0.8


def test_axes_are_what_they_say():
    assert [case.rows for case in cases_of("rows", quick=False)][-1] == 1_000_000
    assert {case.rows for case in cases_of("width", quick=False)} == {20_000}
    assert [case.hidden for case in cases_of("width", quick=True)] == [(32, 32), (64, 64), (128, 128)]


def test_the_peak_is_the_best_median_not_the_best_moment():
    rounds = [{"a": 10.0, "b": 12.0}, {"a": 10.0, "b": 11.0}, {"a": 99.0, "b": 12.0}]
    assert best_product(rounds) == {"product": "b", "gflops": 12.0}
