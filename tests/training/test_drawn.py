import numpy as np
import pytest

from training.drawn import FINE, KINDS, draw_picture


@pytest.mark.parametrize("draw", KINDS, ids=lambda draw: draw.__name__)
def test_every_kind_shows_something_and_never_the_same_twice(draw):
    rng = np.random.default_rng(2)
    first, second = draw(64 * FINE, rng), draw(64 * FINE, rng)
    assert first.shape == (64 * FINE, 64 * FINE, 3)
    assert first.dtype == np.uint8
    assert first.std() > 2
    assert (first != second).any()


def test_drawn_squares_have_the_asked_size_and_depend_on_the_seed_alone():
    one, same = (draw_picture(48, np.random.default_rng(3)) for _ in range(2))
    assert one.shape == (48, 48, 3)
    assert (one == same).all()
