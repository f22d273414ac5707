"""The weights of the package are held to what pip has written down of them."""

import base64
import hashlib
import importlib.metadata
from types import SimpleNamespace

import pytest

from lacuna.commands.doctor import examine
from lacuna.network.catalogue import SHIPPED, find_weights


@pytest.mark.parametrize(("flipped", "state"), [(False, "ok"), (True, "broken")])
def test_shipped_weights_that_changed_since_they_were_installed_are_broken(
    monkeypatch, flipped, state
):
    path = find_weights(SHIPPED).path
    content = path.read_bytes() + b"x" * flipped  # what pip wrote down, not what is there
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    packed = SimpleNamespace(name=path.name, hash=SimpleNamespace(mode="sha256", value=digest))
    monkeypatch.setattr(importlib.metadata, "files", lambda _name: [packed])

    check = next(check for check in examine() if check.name == f"weights {SHIPPED}")

    assert check.state == state
    assert ("--force-reinstall" in check.mend) == flipped
