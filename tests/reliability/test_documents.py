"""What docs/threat_model.md and docs/reliability.md promise is there."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PAGES = ("threat_model.md", "reliability.md")
# The oldest versions without a hole that is known to concern us.
SAFE = {"aiohttp": "3.14.4", "torch": "2.11", "opencv-python-headless": "5"}


@cache
def functions_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_a_page_names_is_there(page):
    named = re.findall(r"`(tests/[^:`]+\.py)::(\w+)`", (ROOT / "docs" / page).read_text("utf-8"))

    assert len(named) > 20
    for file, test in named:
        assert (ROOT / file).exists(), file
        assert test in functions_in(ROOT / file), f"{file}::{test}"


def test_every_row_of_the_threat_model_is_there():
    text = (ROOT / "docs/threat_model.md").read_text("utf-8")
    numbers = [int(number) for number in re.findall(r"^## T(\d+)\. ", text, re.M)]

    assert numbers == list(range(1, 14))


def test_lower_bounds_keep_known_holes_out():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {one.name: one for one in map(Requirement, project["dependencies"])}
    for name, version in SAFE.items():
        lowest = [
            Version(bound.version)
            for bound in wanted[name].specifier
            if bound.operator in (">=", "==")
        ]
        assert lowest, name
        assert max(lowest) >= Version(version), name


def test_http_is_parsed_by_the_compiled_parser():
    """The other one, in Python, is slower and has had holes of its own."""
    from aiohttp import http_parser

    assert http_parser.HttpRequestParser is http_parser.HttpRequestParserC
