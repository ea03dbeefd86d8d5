"""Print what the doctor says of every planted and every healthy run: ``python tests/glassbox/doctor/confusion.py``."""

import sys
import warnings
from time import perf_counter

from planted import healthy, planted

from chainrule.glassbox.doctor import Level, examine

warnings.simplefilter("ignore")
wanted = sys.argv[1:]


def told(diagnosis):
    return "; ".join(
        f"{cause.level} {cause.rule}" + "".join(f" > {f.rule}" for f in cause.consequences) for cause in diagnosis
    )


for rule, setups in planted().items():
    if wanted and rule not in wanted:
        continue
    for rank, setup in zip((1, 3), setups, strict=True):
        began = perf_counter()
        case = setup.observe()
        trained = perf_counter()
        diagnosis = examine(case)
        ok = rule in [finding.rule for finding in diagnosis.all][:rank]
        seconds = f"{trained - began:4.1f}+{perf_counter() - trained:4.1f} s"
        print(f"{'ok  ' if ok else 'MISS'} {seconds}  {rule}: {told(diagnosis)}", flush=True)
for name, setup in healthy().items():
    if wanted and "healthy" not in wanted:
        continue
    began = perf_counter()
    diagnosis = examine(setup.observe())
    ok = diagnosis.level in (None, Level.NOTICE)
    print(f"{'ok  ' if ok else 'CRY '} {perf_counter() - began:4.1f} s  {name}: {told(diagnosis)}", flush=True)
