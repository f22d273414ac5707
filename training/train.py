"""Train lacuna-small: `python -m training.train RUN --cache CACHE --features FILE [--minutes 9]`.

Starts, or goes on from what lies in the folder RUN, and stops by itself, or after the step at hand
when it is asked to (SIGTERM). Every `--save-every` steps the state is saved, the validation set
filled and looked at: figures go to `log.jsonl` beside the losses, the pictures to `sheet-STEP.jpg`,
and `losses.svg` shows the run so far. Completions that were made meanwhile are taken in then.
"""

import argparse
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

# Read once, when torch starts its threads: they must not spin while others work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("KMP_BLOCKTIME", "0")

import torch
from torch import Tensor

from training.completions import ENGINE, Completions
from training.losses import Weights
from training.plot import plot_run
from training.pool import Pool
from training.state import load_state
from training.trainer import Settings, Trainer
from training.validate import contact_sheet, validate

LOG_EVERY = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--cache", type=Path, required=True, help="of training.completions")
    parser.add_argument("--features", type=Path, required=True, help="SqueezeNet 1.1 features")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--steps", type=int, default=Settings().steps)
    parser.add_argument("--batch", type=int, default=Settings().batch)
    parser.add_argument("--rate", type=float, default=Settings().rate)
    parser.add_argument("--inside", type=float, default=Weights().inside)
    parser.add_argument("--outside", type=float, default=Weights().outside)
    parser.add_argument("--harm", type=float, default=Weights().harm)
    parser.add_argument("--stamp", type=float, default=Weights().stamp)
    parser.add_argument("--sides", type=int, nargs="*", default=Settings().sides)
    parser.add_argument("--averaged-over", type=int, default=Settings().averaged_over)
    parser.add_argument("--frozen-norms", action="store_true", help="for weights that were trained")
    parser.add_argument("--adversarial-from", type=float, default=Settings().adversarial_from)
    parser.add_argument("--save-every", type=int, default=500)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    settings = Settings(
        steps=arguments.steps,
        batch=arguments.batch,
        rate=arguments.rate,
        adversarial_from=arguments.adversarial_from,
        averaged_over=arguments.averaged_over,
        frozen_norms=arguments.frozen_norms,
        sides=tuple(arguments.sides),
        weights=Weights(
            arguments.inside, arguments.outside, harm=arguments.harm, stamp=arguments.stamp
        ),
    )
    trainer = begin(arguments.run, settings, arguments.features, arguments.start, arguments.device)
    device = trainer.device
    pool = Pool(Completions(arguments.cache / "train"), device)
    held = Pool(Completions(arguments.cache / "validation"), device)
    facts = {"engine": (arguments.cache / ENGINE).read_text("utf-8"), "device": arguments.device}
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    options = (arguments.minutes, arguments.save_every, facts)
    run(trainer, pool, held, arguments.run, *options, stop=lambda: bool(asked))


def begin(
    folder: Path, settings: Settings, features: Path, start: Path | None, device_name: str
) -> Trainer:
    """Make a trainer, and bring it to where the run in this folder has come.

    On a GPU the generator is compiled and matrix products of float32 may use its tensor cores.
    """
    device = torch.device(device_name)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    first = read_tensors(start) if start else None
    on_gpu = device.type == "cuda"
    trainer = Trainer(settings, read_tensors(features), first, device, compiled=on_gpu)
    if (folder / "state").exists() or (folder / "state.old").exists():
        tensors, facts = load_state(folder / "state")
        trainer.restore(tensors, facts["step"])
        trainer.minutes = facts["minutes"]
    return trainer


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read safetensors, or what torch.save wrote where there is no safetensors library."""
    if path.suffix == ".pt":
        found: dict[str, Tensor] = torch.load(path, weights_only=True)
        return found
    from safetensors.torch import load_file

    return load_file(path)


def run(
    trainer: Trainer,
    pool: Pool,
    held: Pool,
    folder: Path,
    minutes: float,
    save_every: int,
    facts: Mapping[str, str],
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Train until the steps are done, the minutes are over, or `stop` says so; then save."""
    folder.mkdir(parents=True, exist_ok=True)
    started, before = time.monotonic(), trainer.minutes
    if trainer.step == 0:
        log(folder, trainer, validation=validate(trainer, held))
    since, squares, saved = time.monotonic(), 0, trainer.step
    while trainer.step < trainer.settings.steps:
        batch = trainer.batch(pool)
        losses = trainer.train(batch)
        squares += len(batch.truth)
        trainer.minutes = before + (time.monotonic() - started) / 60
        over = stop() or trainer.minutes - before >= minutes
        if trainer.step % LOG_EVERY == 0:
            figures = {name: round(float(loss), 5) for name, loss in losses.items()}
            per_s = squares / (time.monotonic() - since)
            log(folder, trainer, squares_per_s=round(per_s, 2), losses=figures)
            since, squares = time.monotonic(), 0
        if trainer.step % save_every == 0 or over:
            keep(trainer, held, folder, facts)
            pool.refresh()
            saved = trainer.step
        if over:
            return
    if saved != trainer.step:
        keep(trainer, held, folder, facts)


def keep(trainer: Trainer, held: Pool, folder: Path, facts: Mapping[str, str]) -> None:
    """Save the state, and show how good it is."""
    trainer.save(folder / "state", {**facts, "minutes": round(trainer.minutes, 2)})
    log(folder, trainer, validation=validate(trainer, held))
    contact_sheet(trainer, held, folder / f"sheet-{trainer.step:06d}.jpg")
    plot_run(folder)


def log(folder: Path, trainer: Trainer, **figures: object) -> None:
    """Append a line to the log of the run."""
    place = {"step": trainer.step, "minutes": round(trainer.minutes, 2)}
    line = json.dumps({**place, **figures})
    with (folder / "log.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(line + "\n")
    print(line, flush=True)


if __name__ == "__main__":
    main()
