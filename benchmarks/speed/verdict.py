"""What the numbers of a run say: whether all did the same work, who is fastest, whether the targets are met."""

from collections.abc import Iterable
from math import inf, isfinite
from statistics import median
from typing import Any, NamedTuple

from benchmarks.speed.cases import CASES
from benchmarks.speed.contestants import ENGINES

LOSS_FACTOR = 1.1
OURS = "chainrule"


class Target(NamedTuple):
    """At least: fastest peer's median ÷ ours, and the share of the matrix-product peak of so many cores."""

    ratio: float
    share: float | None
    peak_cores: int = 2


TARGETS = {
    "S1": Target(2.5, 0.40, peak_cores=1),
    "S2": Target(1.7, 0.60),
    "S3": Target(1.3, 0.60),
    "S4": Target(2.5, 0.45),
    "S5": Target(1.1, 0.76),
    "S6": Target(10, None),
}


def check_losses(fits: list[dict[str, Any]]) -> list[str]:
    """Return a complaint for each contestant whose loss differs by more than LOSS_FACTOR from the median of all.

    Losses are medians over the repeats, by the same NumPy function on the same rows. Who skips work stands out here.
    """
    complaints = []
    for group in groups(fits, "case", "threads"):
        losses = {fit["contestant"]: median(fit["losses"]) for fit in group}
        middle = median(list(filter(isfinite, losses.values())) or [inf])
        complaints += [
            f"FAIL: {name} ends {group[0]['case']} on {group[0]['threads']} threads with a loss of {loss:.4f}, "
            f"the others with {middle:.4f}: more than a factor of {LOSS_FACTOR} apart"
            for name, loss in losses.items()
            if not middle / LOSS_FACTOR <= loss <= middle * LOSS_FACTOR
        ]
    return complaints


def groups(records: list[dict[str, Any]], *keys: str) -> Iterable[list[dict[str, Any]]]:
    """Yield the records that are alike in all keys, in the order of their first."""
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(tuple(record[key] for key in keys), []).append(record)
    return found.values()


def judge(fits: list[dict[str, Any]], peaks: dict[str, Any]) -> list[dict[str, Any]]:
    """Return for each case our ratio to the fastest peer and our share of the peak, beside the targets.

    Ours is the run with most threads allowed. A peer counts with the number of threads that it is fastest with, and in
    whichever of its ways to be written is faster.
    """
    verdicts = []
    for group in groups(fits, "case"):
        ours = [fit for fit in group if fit["contestant"] == OURS]
        peers = [fit for fit in group if fit["contestant"] not in ENGINES]
        if not ours:
            continue
        name, own = group[0]["case"], max(ours, key=lambda fit: fit["threads"])
        seconds = median(own["seconds"])
        fastest = min(peers, key=lambda fit: median(fit["seconds"]), default=None)
        target = TARGETS[name]
        peak = peaks.get(str(target.peak_cores))
        verdicts.append(
            {
                "case": name,
                "fastest_peer": fastest and f"{fastest['contestant']}, {fastest['threads']} threads",
                "ratio": fastest and median(fastest["seconds"]) / seconds,
                "ratio_range": fastest and [min(fastest["seconds"]) / seconds, max(fastest["seconds"]) / seconds],
                "ratio_target": target.ratio,
                "share": peak and target.share and share(name, seconds, peak["gflops"]),
                "share_target": target.share,
            }
        )
    return verdicts


def share(case: str, seconds: float, peak_gflops: float) -> float:
    """Return the arithmetic a training did per second, as a share of the peak."""
    return CASES[case].flops * 1e-9 / seconds / peak_gflops
