"""The two versions, and a daemon of each: real processes with the real network."""

import pytest

from tests.compatibility.programs import PRESENT, end, first, why_no_first


@pytest.fixture(scope="package")
def programs(tmp_path_factory):
    """Both versions by their names, `0.1.0` and `present`."""
    reason = why_no_first()
    if reason:
        pytest.skip(reason)
    return {"0.1.0": first(tmp_path_factory.mktemp("first")), "present": PRESENT}


@pytest.fixture(scope="package")
def states(programs, tmp_path_factory):
    """State folder of a running daemon of each version."""
    folders, daemons = {}, []
    for name, program in programs.items():
        folders[name] = tmp_path_factory.mktemp("state")
        daemons.append(program.serve(folders[name]))
    yield folders
    for daemon in daemons:
        end(daemon)
