"""Where figures go, and under which circumstances they were taken."""

import json
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIBRARIES = ("aiohttp", "numpy", "opencv-python-headless", "torch")
CPUINFO = Path("/proc/cpuinfo")
# Units for vectors and matrices that decide how fast a network is: what Linux calls them.
UNITS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


def record(name: str, **figures: Any) -> None:
    """Append one JSON line to `benchmarks/results/NAME.json`."""
    path = ROOT / "benchmarks" / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**circumstances(), **figures}) + "\n")


def circumstances() -> dict[str, Any]:
    """Return when, where and with what something is measured."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit.stdout.strip(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": processor(CPUINFO.read_text("utf-8") if CPUINFO.exists() else ""),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def processor(cpuinfo: str) -> str:
    """Name the first processor of `/proc/cpuinfo`, and which of UNITS it has."""
    lines = (line.partition(":") for line in cpuinfo.partition("\n\n")[0].splitlines())
    facts = {name.strip(): value.strip() for name, _, value in lines}
    flags = facts.get("flags", "").split()
    units = ", ".join(unit for unit in UNITS if unit in flags)
    return f"{facts.get('model name', platform.machine())} ({units or 'none of UNITS'})"
