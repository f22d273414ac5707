"""What tests of the engine share."""

import numpy as np
import pytest

from lacuna.engine.tiling import restraint


@pytest.fixture
def unrestrained(monkeypatch):
    """Let a network that corrects change what it likes: what it has answered can be seen then."""
    monkeypatch.setattr(restraint, "UNSEEN", np.float32(1))
