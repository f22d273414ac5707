"""How much Lacuna is to be downloaded, and what that takes on a disk, on each system.

`python -m benchmarks.unpacked` asks PyPI through uv, which has to be there, for the plain build of
PyTorch and all else; with `--unpack` it downloads and unpacks everything, several gigabytes. The
figures stand in `lacuna_wire/torch_builds.py` and docs/install.md.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

PYTHON = "3.13"
# As uv names the system -> how its wheels end, beside those for all systems.
SYSTEMS = {
    "x86_64-manylinux_2_28": r"manylinux\S*x86_64",
    "aarch64-manylinux_2_28": r"manylinux\S*aarch64",
    "x86_64-pc-windows-msvc": "win_amd64",
    "aarch64-apple-darwin": r"macosx\S*(?:arm64|universal2)",
}
MACOS = {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # the oldest that PyTorch has a build for
TAG = "cp" + PYTHON.replace(".", "")


def requirements(checkout: Path) -> list[str]:
    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]
    return list(project["dependencies"])


def uv(folder: Path, *words: str) -> str:
    ran = subprocess.run(
        ["uv", *words],
        cwd=folder,
        env={**os.environ, **MACOS},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(ran.stderr)
    return ran.stdout


def wheel_bytes(package: dict, system: str) -> int:
    """Return the size of the wheel that a system takes, the smallest if several would do."""
    ends = rf"-(?:{TAG}-{TAG}|py3-none|py2\.py3-none|{TAG}-abi3|cp3\d+-abi3)"
    fits = [
        wheel["size"]
        for wheel in package.get("wheels", [])
        if re.search(rf"(?:{ends}-\S*{SYSTEMS[system]}\S*|-none-any)\.whl$", wheel["url"])
    ]
    if not fits:
        sys.exit(f"{package['name']} has no wheel for {system}.")
    return min(fits)


def measure(folder: Path, system: str, packages: dict[str, dict], unpack: bool) -> tuple[int, int]:
    """Return bytes to download, and bytes on the disk, 0 if they are not unpacked."""
    asked = ("--python-platform", system, "--python-version", PYTHON)
    listed = uv(folder, "pip", "compile", "--quiet", "--no-annotate", *asked, "wanted.txt")
    names = re.findall(r"^([\w.-]+)==", listed, re.MULTILINE)
    download = sum(wheel_bytes(packages[name], system) for name in names)
    if not unpack:
        return download, 0
    with tempfile.TemporaryDirectory(dir=folder) as target:
        uv(folder, "pip", "install", "--target", target, *asked, "-r", "wanted.txt")
        files = (path for path in Path(target).rglob("*") if path.is_file())
        return download, sum(path.stat().st_size for path in files)


def main() -> None:
    wanted = requirements(Path(__file__).parents[1])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "wanted.txt").write_text("\n".join(wanted))
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "wanted"\nversion = "1"\nrequires-python = ">=3.11"\n'
            f"dependencies = {wanted}\n"
        )
        uv(folder, "lock")
        lock = tomllib.loads((folder / "uv.lock").read_text("utf-8"))
        packages = {each["name"]: each for each in lock["package"]}
        for system in SYSTEMS:
            download, disk = measure(folder, system, packages, "--unpack" in sys.argv)
            print(f"{system}: {download / 1e6:,.0f} MB to download, {disk / 1e6:,.0f} MB on disk")


if __name__ == "__main__":
    main()
