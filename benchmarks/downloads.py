"""How much `pip install .` downloads on each system: run `python -m benchmarks.downloads`.

pip says what it would take from the index that it is set up with, and the files say how large they
are. Builds of other indexes are not seen. On another system than this one the same versions are
asked for, without what only Linux gets.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit

PYTHON = "3.11"
LINUX_ALONE = re.compile(r"nvidia|cuda|triton")
# What a system takes, the newest first.
MACS = [f"macosx_{major}_0" for major in range(14, 10, -1)]
PLATFORMS = {
    "Linux, aarch64": [
        *(f"manylinux_2_{minor}_aarch64" for minor in range(28, 16, -1)),
        "manylinux2014_aarch64",
    ],
    "Windows, x86-64": ["win_amd64"],
    "macOS, Apple silicon": [f"{mac}_{kind}" for mac in MACS for kind in ("arm64", "universal2")],
}
HEADS = ("System", "torch", "its libraries for GPUs", "all else", "together")


def would_install(*words: str) -> dict[str, tuple[str, str]]:
    """Return the name of each package -> its version, and where its file lies."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
             "--target", folder, "--report", str(report), "--only-binary=:all:", *words],
            check=True,
        )  # fmt: skip
        found = json.loads(report.read_text("utf-8"))["install"]
    packages = ((each["metadata"], each["download_info"]["url"]) for each in found)
    return {facts["name"].lower(): (facts["version"], url) for facts, url in packages}


def size_of(url: str) -> int:
    if url.startswith("file:"):
        path = unquote(urlsplit(url).path)
        return os.path.getsize(path) if os.path.isfile(path) else 0  # this folder itself
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD")) as answer:
        return int(answer.headers["Content-Length"])


def row(system: str, found: dict[str, tuple[str, str]]) -> str:
    sizes = {name: size_of(url) for name, (_version, url) in found.items()}
    torch = sizes.pop("torch")
    libraries = sum(size for name, size in sizes.items() if LINUX_ALONE.search(name))
    rest = sum(sizes.values()) - libraries
    cells = (torch, libraries, rest, torch + libraries + rest)
    return f"| {system} | " + " | ".join(f"{round(each / 1e6):,}" for each in cells) + " |"


def main() -> None:
    """Print a table; words are further requirements, such as `torch==2.13.0`."""
    here = would_install(".", *sys.argv[1:])
    print(f"torch {here['torch'][0]}, Python {PYTHON}, MB\n")
    print(f"| {' | '.join(HEADS)} |\n{'|---' * len(HEADS)}|")
    print(row("Linux, x86-64", here))
    for system, tags in PLATFORMS.items():
        wanted = [
            f"{name}=={version}"
            for name, (version, _url) in here.items()
            if name != "lacuna-inpaint"
            and (system.startswith("Linux") or not LINUX_ALONE.search(name))
        ]
        tag_words = [word for tag in tags for word in ("--platform", tag)]
        asked = ("--no-deps", "--python-version", PYTHON, *tag_words, *wanted)
        print(row(system, would_install(*asked)))


if __name__ == "__main__":
    main()
