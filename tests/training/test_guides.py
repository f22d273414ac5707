import numpy as np
import torch

from lacuna.engine.pixels.membrane import pull_push
from training.guides import own_guide, reduced_guide, smooth_guide


def square(seed=0, side=64):
    generator = torch.Generator().manual_seed(seed)
    truth = torch.rand(2, 3, side, side, generator=generator)
    mask = torch.zeros(2, 1, side, side)
    mask[:, :, 10:40, 20:50] = 1
    return truth, mask


def test_every_guide_leaves_known_pixels_alone():
    truth, mask = square()
    generator = torch.Generator().manual_seed(1)
    guides = [
        smooth_guide(truth, mask),
        reduced_guide(truth, mask, generator),
        own_guide(truth, mask, lambda guide, _: guide),
    ]
    for guide in guides:
        assert torch.equal(guide * (1 - mask), truth * (1 - mask))
        assert ((guide >= 0) & (guide <= 1)).all()


def test_smooth_and_own_guides_know_nothing_of_what_is_missing():
    truth, mask = square()
    other = torch.where(mask > 0, 1 - truth, truth)
    assert torch.equal(smooth_guide(truth, mask), smooth_guide(other, mask))
    one, same = (own_guide(image, mask, lambda guide, _: guide) for image in (truth, other))
    assert torch.equal(one, same)


def test_the_smooth_guide_is_the_engine_s():
    truth, mask = square()
    ours = smooth_guide(truth, mask)[0].permute(1, 2, 0).numpy()
    known = (1 - mask[0]).permute(1, 2, 0).numpy()
    theirs = pull_push(truth[0].permute(1, 2, 0).numpy(), known)
    # The engine's blur and enlarging treat the outermost pixels a little differently.
    assert np.abs(ours - theirs).max() < 0.02


def test_a_reduced_guide_is_near_the_truth_of_a_smooth_picture():
    ramp = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    mask = square()[1][:1]
    generator = torch.Generator().manual_seed(2)
    assert (reduced_guide(ramp, mask, generator) - ramp).abs().max() < 0.15
