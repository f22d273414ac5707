"""What the tests of docs/reliability.md share: daemons, and the table of figures at the end.

The default run holds the daemon to counts, bytes and states. `pytest -m long` runs the rest, also
holds it to seconds, and prints every figure as a row of that page.
"""

import shutil
from typing import NamedTuple

import pytest

from tests.service.conftest import start  # noqa: F401


class Figure(NamedTuple):
    """One measured figure: the row of the catalogue, what it is, how much, and what was allowed."""

    row: str
    what: str
    value: str
    limit: str


FIGURES: list[Figure] = []


@pytest.fixture
def figure(record_property):
    """Note a figure for the table, and fail if it is beyond its limit."""

    def note(row, what, value, unit="", at_most=None, at_least=None):
        limits = [
            f"{word} {limit:,} {unit}".rstrip()
            for word, limit in (("at most", at_most), ("at least", at_least))
            if limit is not None
        ]
        shown = f"{value:,.3g}" if isinstance(value, float) and value < 1000 else f"{value:,.0f}"
        noted = Figure(row, what, f"{shown} {unit}".rstrip(), ", ".join(limits) or "-")
        record_property("figure", tuple(noted))  # what travels between processes
        assert at_most is None or value <= at_most, f"{row}: {noted}"
        assert at_least is None or value >= at_least, f"{row}: {noted}"

    return note


def pytest_runtest_logreport(report):
    """Collect where the reports of all processes arrive."""
    if report.when == "teardown":
        FIGURES.extend(Figure(*noted) for name, noted in report.user_properties if name == "figure")


def pytest_terminal_summary(terminalreporter):
    if not FIGURES:
        return
    terminalreporter.section("figures")
    terminalreporter.write_line("| Row | What | Figure | Held to |\n|---|---|---|---|")
    for one in sorted(FIGURES, key=lambda one: (one.row[0], int(one.row[1:] or 0))):
        terminalreporter.write_line(f"| {one.row} | {one.what} | {one.value} | {one.limit} |")


@pytest.fixture
def program():
    """Return the path of a program, or skip the test with the reason."""

    def find(*names):
        for name in names:
            path = shutil.which(name)
            if path:
                return path
        pytest.skip(f"{' or '.join(names)} is not installed; .ci/tools does it on Debian")

    return find


@pytest.fixture(scope="module")
def browser():
    """A real Chromium, whose own protection of local addresses is off: not every browser has it."""
    tool = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("chromium is not installed; .ci/tools does it on Debian")
    with tool.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",  # as root it would not start
                "--host-resolver-rules=MAP evil.test 127.0.0.1",
                "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
            ],
        )
        yield browser
        browser.close()
