"""The speed of the core's kernels beside BLAS: `python -m benchmarks.kernels` (see benchmarks/README.md)."""
