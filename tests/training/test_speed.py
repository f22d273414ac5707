from training.pool import Pool
from training.speed import count_flops, measure, words


def test_speed_is_measured_and_a_larger_square_costs_more(make_trainer, squares):
    trainer = make_trainer(sides=(32,), adversarial_from=1)
    pool = Pool(squares, trainer.device)
    speed = measure(trainer, pool, 1)
    assert speed.squares_per_s > 0
    assert 0 < speed.share < 1
    assert 0 <= speed.data_share < 1
    assert "squares/s" in words(4, speed)
    larger = make_trainer(sides=(64,), adversarial_from=1)
    assert count_flops(larger, pool) > 3 * count_flops(trainer, pool)
