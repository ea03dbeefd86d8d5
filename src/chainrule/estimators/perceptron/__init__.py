"""The drop-in for scikit-learn's networks: ``MLPClassifier`` and ``MLPRegressor``, the same numbers in less time."""
