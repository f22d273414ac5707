"""Fixtures that several folders of tests share."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture
def photos() -> Path:
    """Folder of real, large photographs, which lie beside the checkout on some machines only."""
    folder = SHARED / "photos"
    if not folder.is_dir():
        pytest.skip(f"the real photographs are not here: {folder}")
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A home of its own: no test meets the user's daemon, weights or settings."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LACUNA_STATE_DIR", str(home / "state"))
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    return home
