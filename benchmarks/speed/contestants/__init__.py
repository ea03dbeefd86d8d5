"""Those who run: for each a class with `prepare`, `fit` and `grown_mib`, in a file named after its library."""

from typing import Any

ENGINES = ("chainrule", "chainrule-engine")  # ours: they take the name of an engine
CONTESTANTS = {
    "chainrule": "speed.contestants.with_chainrule.Training",
    "chainrule-engine": "speed.contestants.with_chainrule.EngineOnly",
    "scikit-learn": "speed.contestants.with_scikit_learn.Training",
    "torch": "speed.contestants.with_torch.Expert",
    "torch-usual": "speed.contestants.with_torch.Usual",
    "jax": "speed.contestants.with_jax.Expert",
    "jax-usual": "speed.contestants.with_jax.Usual",
}
PEERS = tuple(name for name in CONTESTANTS if name not in ENGINES)


def roles(names: tuple[str, ...], engine: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the class and the arguments of each contestant named."""
    return {name: (CONTESTANTS[name], {"engine": engine} if name in ENGINES else {}) for name in names}
