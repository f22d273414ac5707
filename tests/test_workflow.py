"""The workflow for hosted machines names what is there; it cannot run here.

`actionlint` reads it too, where that program is.
"""

import importlib.util
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from lacuna.cli import cli

ROOT = Path(__file__).parents[1]
FILE = ROOT / ".github/workflows/tests.yml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(FILE.read_text("utf-8"))


@pytest.fixture(scope="module")
def lines(workflow):
    """Every command line of every job, split into words as a shell would."""
    blocks = [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


def test_every_system_and_every_python_that_the_package_admits_is_there(workflow):
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    least = int(re.fullmatch(r">=3\.(\d+)", PROJECT["requires-python"])[1])

    assert matrix["system"] == ["ubuntu-latest", "windows-latest", "macos-latest"]
    assert matrix["python"] == [f"3.{minor}" for minor in range(least, 15)]
    assert workflow["jobs"]["tests"]["strategy"]["fail-fast"] is False


def test_both_ends_of_the_range_of_torch_are_there(workflow):
    (asked,) = (line for line in PROJECT["dependencies"] if line.startswith("torch"))
    least, beyond = re.fullmatch(r"torch>=(\d+\.\d+),<(\d+\.\d+)", asked).groups()
    matrix = workflow["jobs"]["torch"]["strategy"]["matrix"]
    lowest, highest = matrix["torch"]
    next_minor = [int(part) for part in highest.split(".")[:2]]
    next_minor[1] += 1

    assert lowest == f"{least}.0"
    assert ".".join(map(str, next_minor)) == beyond
    assert matrix["python"] == ["3.11", "3.14"]


def test_every_path_that_is_named_is_in_the_checkout(lines):
    named = {word.partition("=")[2] or word for words in lines for word in words}
    paths = {word for word in named if word.startswith(("tests", "daemon", "benchmarks", ".ci"))}

    assert len(paths) > 8
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_every_module_and_command_that_is_started_is_there(lines):
    modules = {words[i + 1] for words in lines for i, word in enumerate(words) if word == "-m"}
    commands = {words[words.index("lacuna") + 1] for words in lines if "lacuna" in words}

    assert {"pytest", "pip", "ruff", "mypy", "lacuna", "lacuna.desktop.release"} <= modules
    # `ruff` and `mypy` come with the extra `dev`, and the next test looks at that.
    own = {module for module in modules if module.startswith("lacuna")}
    assert {module for module in own if importlib.util.find_spec(module) is None} == set()
    assert commands <= set(cli.commands)


def test_every_extra_that_is_installed_is_one_of_the_package(lines):
    extras = {
        extra for words in lines for extra in re.findall(r"^\.\[(.+)\]$", " ".join(words[-1:]))
    }

    assert extras == {"dev", "test"}
    assert extras <= set(PROJECT["optional-dependencies"])


def test_every_folder_of_tests_runs_on_some_system_or_is_left_out_by_name(lines):
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")}
    left_out = {
        word.partition("=")[2] for words in lines for word in words if word.startswith("--ignore=")
    }

    assert left_out == {"tests/editors", "tests/compatibility"}  # what drives editors
    assert Path("tests/graphics") in folders


def test_shells_read_every_block(workflow):
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)


def test_every_job_has_an_end_and_waits_for_jobs_that_are_there(workflow):
    jobs = workflow["jobs"]

    assert all(0 < job["timeout-minutes"] <= 90 for job in jobs.values())
    assert {needed for job in jobs.values() for needed in job.get("needs", ())} <= set(jobs)
    assert workflow["permissions"] == {"contents": "read"}
    for text in re.findall(r"\$\{\{\s*(.+?)\s*\}\}", FILE.read_text("utf-8")):
        assert re.fullmatch(r"github\.(workflow|ref)|matrix\.(system|python|torch)", text), text


def test_actionlint_finds_nothing():
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("there is no actionlint")
    ran = subprocess.run([program, str(FILE)], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout
