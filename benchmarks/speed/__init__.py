"""The speed of chainrule beside its peers: `python -m benchmarks.speed` (see benchmarks/README.md)."""
