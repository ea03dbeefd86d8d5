import re
import runpy
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "backpropagation_by_hand.py"


def test_the_error_falls(capsys):
    runpy.run_path(str(EXAMPLE))
    printed = capsys.readouterr().out
    errors = [float(error) for error in re.findall(r"step +\d+: error ([\d.]+)", printed)]
    assert len(errors) == 5
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.25  # half of the variance explained; 0.5 is the error of always saying the mean
    assert re.search(r"steepest now: dense \d · (weight|bias) ", printed)
    assert "the first patient: hidden neurons [" in printed
