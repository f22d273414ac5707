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


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    """A home of its own: no test meets the user's daemon, weights or settings."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("LACUNA_STATE_DIR", str(home / "state"))
        for name in ("DATA", "CACHE", "CONFIG"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        yield home
