import torch

import training.trainer
from training.losses import (
    Features,
    adversarial_loss,
    difference,
    discriminator_loss,
    feature_distance,
    inside_loss,
    share_of_guide,
    stamp,
)
from training.pool import Pool, make_batch
from training.state import MAX_PART_BYTES, load_state

# What differs between two runs is the order in which threads add.
SAME = 1e-4


def pool_of(squares):
    return Pool(squares, torch.device("cpu"))


def train(trainer, pool, steps):
    return [trainer.train(trainer.batch(pool)) for _ in range(steps)]


def test_a_run_of_seconds_overfits_one_picture(make_trainer, squares, monkeypatch):
    monkeypatch.setattr("training.pool.SHARES", {"completion": 1.0})
    monkeypatch.setattr("training.pool.MOST_GAMMA", 1.0)
    trainer = make_trainer(rate=2e-3, adversarial_from=1)
    losses = [float(row["inside"]) for row in train(trainer, pool_of(squares), 50)]
    assert min(losses[-5:]) < 0.3 * losses[0]


def test_an_interrupted_run_goes_on_as_if_it_had_not_been(make_trainer, squares, tmp_path):
    pool = pool_of(squares)
    whole = make_trainer(adversarial_from=0.02)
    train(whole, pool, 3)
    whole.save(tmp_path / "state", {})
    expected = train(whole, pool, 3)

    resumed = make_trainer(adversarial_from=0.02)
    tensors, facts = load_state(tmp_path / "state")
    resumed.restore(tensors, facts["step"])
    found = train(resumed, pool, 3)

    for one, other in zip(expected, found, strict=True):
        assert one.keys() == other.keys() == {
            "inside", "outside", "stamp", "features", "discriminator", "adversarial"
        }  # fmt: skip
        for name in one:
            assert abs(float(one[name]) - float(other[name])) < SAME
    for name, tensor in whole.average.state_dict().items():
        assert torch.allclose(tensor.float(), resumed.average.state_dict()[name].float(), atol=SAME)


def test_every_part_of_a_state_can_travel(make_trainer, squares, tmp_path):
    trainer = make_trainer(width=32, blocks=6, adversarial_from=0)
    train(trainer, pool_of(squares), 1)
    trainer.save(tmp_path / "state", {})
    parts = list((tmp_path / "state").glob("*.pt"))
    assert sum(part.stat().st_size for part in parts) < 64 * 2**20
    assert all(part.stat().st_size < 16e6 for part in parts)
    assert MAX_PART_BYTES < 16e6


def test_frozen_norms_keep_their_statistics_and_others_do_not(make_trainer, squares):
    for frozen in (True, False):
        trainer = make_trainer(frozen_norms=frozen)
        before = {n: t.clone() for n, t in trainer.generator.state_dict().items() if "running" in n}
        train(trainer, pool_of(squares), 1)
        after = trainer.generator.state_dict()
        assert all(torch.equal(after[name], before[name]) for name in before) == frozen


def test_a_batch_depends_on_seed_and_step_alone(squares):
    pool = pool_of(squares)
    one, same, other = (
        make_batch(pool, lambda guide, _: guide, 4, 32, (0, step)) for step in (7, 7, 8)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one.truth, other.truth)


def test_every_square_of_a_batch_has_a_hole_and_its_guide_is_true_around_it(squares):
    pool = pool_of(squares)
    for step in range(20):
        batch = make_batch(pool, lambda guide, _: guide, 4, 32, (0, step))
        assert (batch.mask.sum(dim=(1, 2, 3)) > 0).all()
        known = 1 - batch.mask
        assert torch.equal(batch.guide * known, batch.truth * known)


def test_a_perfect_fill_is_not_blamed_and_the_guide_counts_as_one(features):
    truth, guide = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    mask = torch.ones(2, 1, 64, 64)
    assert float(inside_loss(truth, guide, truth, mask)) == 0
    assert 0.95 < float(inside_loss(guide, guide, truth, mask)) <= 1
    assert float(difference(truth, truth, mask)) == 0
    teacher = Features(features)
    near, far = (teacher(truth * (1 - s) + guide * s) for s in (0.1, 1.0))
    true = teacher(truth)
    assert float(feature_distance(true, true).max()) == 0
    assert (feature_distance(near, true) < feature_distance(far, true)).all()


def test_a_fill_that_is_worse_than_its_guide_counts_more_than_one_that_is_better():
    guide = torch.ones(2)
    better, worse = torch.tensor([0.5, 0.5]), torch.tensor([1.5, 0.5])
    assert float(share_of_guide(better, guide, 0, harm=1)) == 0.5
    assert float(share_of_guide(worse, guide, 0, harm=0)) == 1
    assert float(share_of_guide(worse, guide, 0, harm=1)) == 1.25


def test_wrong_brightness_is_blamed_more_than_wrong_texture_of_the_same_size():
    truth, mask = torch.full((1, 3, 64, 64), 0.5), torch.ones(1, 1, 64, 64)
    chequered = (torch.arange(64)[:, None] + torch.arange(64)) % 2 * 2.0 - 1
    guide = truth + 0.1 + 0.1 * chequered
    brighter, rougher = truth + 0.05, truth + 0.05 * chequered
    blamed = [float(inside_loss(fill, guide, truth, mask)) for fill in (brighter, rougher)]
    assert blamed[0] > 1.2 * blamed[1]


def test_a_pattern_in_every_cell_is_a_stamp_and_brightness_or_detail_is_not():
    mask = torch.zeros(1, 1, 128, 128)
    mask[..., 10:120, 5:99] = 1
    generator = torch.Generator().manual_seed(0)
    pattern = torch.randn(1, 3, 8, 8, generator=generator)
    pattern = pattern - pattern.mean(dim=(2, 3), keepdim=True)
    stamped = pattern.repeat(1, 1, 16, 16)
    detail = torch.randn(1, 3, 128, 128, generator=generator)
    power = float((stamped * mask).square().sum() / (3 * mask.sum()))
    assert abs(float(stamp(stamped, mask)) - power) < 0.05 * power
    assert float(stamp(detail, mask)) < 0.02 * power
    assert float(stamp(torch.full_like(detail, 0.3), mask)) < 1e-9


def test_a_quiet_guide_can_be_made_worse_too():
    truth, mask = torch.full((1, 3, 64, 64), 0.5), torch.ones(1, 1, 64, 64)
    guide, fill = truth + 1.5 / 255, truth + 4 / 255
    assert float(inside_loss(fill, guide, truth, mask)) > 1


def test_the_discriminator_is_told_what_is_filled_and_the_generator_to_hide_it():
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 8:] = 1
    right = torch.tensor([[[[2.0, -2.0], [2.0, -2.0]]]])
    real = torch.full((1, 1, 2, 2), 2.0)
    assert float(discriminator_loss(real, right, mask)) == 0
    assert float(discriminator_loss(real, -right, mask)) > 0
    assert float(adversarial_loss(right, mask)) == 2


def test_the_fourier_layers_stay_in_float32_under_autocast(make_trainer):
    trainer, seen = make_trainer(), []
    for module in trainer.average.modules():
        if isinstance(module, training.trainer.FourierUnit):
            module.conv_layer.register_forward_hook(lambda _m, _i, out: seen.append(out.dtype))
    trainer.fill(torch.rand(1, 3, 64, 64), torch.ones(1, 1, 64, 64))
    assert set(seen) == {torch.float32}
