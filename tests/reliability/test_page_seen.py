"""What people see of the page, in a real Chromium: any language, width, colours, keyboard alone."""

import re
import sys

import psutil
import pytest

from tests.service.conftest import eventually, shared_daemon
from tests.service.pages import alert_of, opened

DOCTOR = (
    'import json; print(json.dumps({"ok": False, "checks": ['
    '{"name": "daemon", "state": "ok", "found": "Version 1 is running.", "mend": ""},'
    '{"name": "Krita", "state": "broken", "found": "There is no plug-in.", "mend": "lacuna setup"},'
    '{"name": "GIMP", "state": "note", "found": "Not found.", "mend": ""}]}))'
)
seen = shared_daemon(
    "seen", published=["big-lama"], weights=["patches", "lacuna-small"],
    program=[sys.executable, "-c", DOCTOR],
)  # fmt: skip
SIZES = {"phone": (360, 740), "desk": (1280, 800)}
LANGUAGES = {"en-GB": "Fills", "de-DE": "Ausbesserungen", "zh-CN": "填充"}


@pytest.fixture
def new_tab(browser):
    """Make tabs of browsers of many kinds; whatever is wrong in a script fails the test."""
    contexts, wrong = [], []

    def new_tab(**kind):
        contexts.append(browser.new_context(**kind))
        tab = contexts[-1].new_page()
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        return tab

    yield new_tab
    for context in contexts:
        context.close()
    assert wrong == []


def serious(tab) -> list:
    """What axe-core finds that keeps people from using the page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(tab).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] != "minor"]


def wider(tab) -> int:
    """By how many pixels something is wider than the window."""
    return tab.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_can_be_used_by_everybody(new_tab, seen, size, scheme):
    width, height = SIZES[size]
    tab = new_tab(color_scheme=scheme, viewport={"width": width, "height": height})
    opened(tab, seen)
    tab.click("text=Examine")
    tab.wait_for_selector("table")

    assert serious(tab) == []
    assert wider(tab) <= 0
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) > 3 * 128) == (scheme == "light")
    assert tab.locator("h1").count() == 1
    assert [tab.inner_text(f"#{part} h2") for part in ("fills", "models", "check")] == [
        "Fills", "What fills", "Examination",
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_speaks_the_language_of_the_browser(new_tab, seen, language):
    tab = opened(new_tab(locale=language, viewport={"width": 360, "height": 740}), seen)

    assert tab.inner_text("#fills h2") == LANGUAGES[language]
    assert tab.evaluate("document.documentElement.lang")[:2] == language[:2]
    assert wider(tab) <= 0
    sizes = tab.inner_text("#computer dl")
    assert ("4,3 GB" if language == "de-DE" else "4.3 GB") in sizes
    if language != "en-GB":  # no English is left
        shown = tab.inner_text("body")
        for word in ("Ready", "Device", "Memory", "Download", "Versions", "Examine", "taken by"):
            assert word not in shown


def test_everything_is_reached_and_done_by_keyboard(new_tab, seen):
    tab = opened(new_tab(), seen)
    reached = []
    for _ in range(2):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.innerText"))
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert int(outline.removesuffix("px")) >= 2  # one sees where one is
    tab.keyboard.press("Enter")
    tab.wait_for_selector("table")

    assert reached == ["Download big-lama", "Examine"]
    assert tab.locator("th[scope=row]").all_inner_texts() == ["daemon", "Krita", "GIMP"]
    assert "lacuna setup" in tab.inner_text("td code")


def test_fill_is_seen_from_its_beginning_to_its_end(new_tab, seen):
    tab = opened(new_tab(), seen)
    assert tab.is_visible("text=Nothing is being filled.")
    ticket, _ = seen.run(fault="tile.3.held")
    bar = tab.wait_for_selector("#fills progress")
    tab.locator("#fills .number", has_text=re.compile("^[1-9]")).wait_for()

    assert bar.get_attribute("aria-label") == "20 x 10 px in a picture of 200 x 100 px"
    assert tab.inner_text("#fills .quiet").startswith("Filling")
    assert tab.title().endswith("% - Lacuna")
    assert serious(tab) == []
    seen.let_go(ticket)
    tab.wait_for_selector("text=Nothing is being filled.")
    assert tab.title() == "Lacuna"


def test_fill_that_failed_is_seen_with_its_reason(new_tab, seen):
    tab = opened(new_tab(), seen)
    ticket, _ = seen.run(fault="tile.1.exit")
    seen.wait(ticket)
    tab.wait_for_selector("#errors li")

    assert "The fill broke off" in tab.inner_text("#errors li")
    assert "worker_died" in tab.inner_text("#errors li .quiet")


def test_daemon_that_is_gone_is_told_and_a_new_one_needs_a_new_address(new_tab, start):
    daemon = start()
    tab = opened(new_tab(), daemon)
    port = daemon.port
    daemon.stop()

    assert "Lacuna does not answer." in alert_of(tab)
    assert tab.inner_text("#connection") == "No connection"
    assert serious(tab) == []
    start(port=port)  # another one on the same port: the key is worth nothing there
    tab.wait_for_selector("text=was started anew")
    assert tab.evaluate("sessionStorage.length") == 0


def test_connection_that_comes_back_is_used_again(new_tab, seen):
    tab = new_tab()
    tab.route("**/api/state", lambda route: route.abort())
    tab.goto(seen.client.page())
    assert "Lacuna does not answer." in alert_of(tab)
    tab.unroute("**/api/state")
    tab.wait_for_selector("main[data-state=shown]")

    assert tab.inner_text("#connection") == "Ready"
    assert tab.locator("[role=alert]:visible").count() == 0


def test_stream_ends_when_the_tab_is_closed(new_tab, seen):
    front = psutil.Process(seen.process.pid)
    tab = opened(new_tab(), seen)

    def streams():
        return sum(one.status == "ESTABLISHED" for one in front.net_connections())

    assert streams() > 0
    tab.context.close()
    eventually(lambda: streams() == 0)


def test_page_without_scripts_says_what_to_do(new_tab, seen):
    tab = new_tab(java_script_enabled=False)
    tab.goto(f"http://127.0.0.1:{seen.port}/page/")

    assert "Switch on JavaScript" in tab.inner_text("main")
