"""Pictures that all programs of the comparison fill."""

import pytest

from benchmarks.peers import draw


@pytest.mark.parametrize(
    ("case", "size", "share"),
    [
        ("window", (1024, 1024), (0.09, 0.11)),
        ("click", (4000, 6000), (0.0025, 0.0035)),
        ("large", (2048, 2048), (0.3, 0.32)),
    ],
)
def test_picture_of_every_case_has_the_hole_that_its_name_promises(case, size, share):
    picture, mask = draw(case)

    assert picture.shape == (*size, 3)
    assert mask.shape == size
    assert share[0] < (mask > 0).mean() < share[1]
    assert picture.std() > 10
