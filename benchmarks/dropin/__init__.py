"""The drop-in estimators beside scikit-learn's: the same call on the same data, in one run, alternating."""
