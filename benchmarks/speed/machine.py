"""Where a run was made: the numbers mean nothing without it."""

import datetime as dt
import os
import platform
from pathlib import Path
from typing import Any

INSTRUCTIONS = ("avx2", "avx512f", "amx_tile", "asimd")  # those that matter, by their names in /proc/cpuinfo


def describe_machine(*, quick: bool) -> dict[str, Any]:
    """Return processor, cores, system and load; what cannot be found out is said to be unknown."""
    about = processor()
    flags = about.get("flags", about.get("Features", "")).split()
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "processor": f"{platform.machine()}, {about.get('model name', platform.processor() or 'unknown processor')}",
        "instructions": " ".join(name for name in INSTRUCTIONS if name in flags) or "instruction sets unknown",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "quick": quick,
    }


def processor() -> dict[str, str]:
    """Return what Linux says of the first core; empty elsewhere."""
    file = Path("/proc/cpuinfo")
    if not file.is_file():
        return {}
    first = file.read_text(encoding="utf-8").partition("\n\n")[0]
    pairs = (entry.partition(":") for entry in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}
