"""The daemon of this checkout, one for all editors: loading its network takes seconds."""

import json
import subprocess
from pathlib import Path

import pytest

from lacuna_wire.endpoint import Endpoint
from lacuna_wire.private_files import write_private
from tests.editors.machines import SAFETY_S, start_daemon

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            # The first one in a file waits for an editor's first start: 13 s on an idle machine.
            item.add_marker(pytest.mark.timeout(2 * SAFETY_S))


class SharedDaemon:
    """Runs from the first time that an editor needs it until the last test of this folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.process: subprocess.Popen | None = None

    def introduce(self, state: Path) -> Endpoint:
        """Let an editor that looks into this state folder find the daemon."""
        if not self.process:
            self.process = start_daemon(self.state)
        endpoint = json.loads((self.state / "endpoint.json").read_text())
        write_private(state / "endpoint.json", endpoint)
        return Endpoint(**endpoint)

    def end(self) -> None:
        process, self.process = self.process, None
        if process:
            process.terminate()
            process.wait(SAFETY_S)


STARTED = []


@pytest.fixture(scope="session")
def shared_daemon(tmp_path_factory):
    daemon = SharedDaemon(tmp_path_factory.mktemp("shared-daemon") / "state")
    STARTED.append(daemon)
    return daemon


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem):
    """Whoever leaves this folder last turns the lights off: other tests count their processes."""
    if nextitem is None or not nextitem.path.is_relative_to(HERE):
        for daemon in STARTED:
            daemon.end()
