"""What a batch is made of: one item for each picture, and how each ended."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lacuna_wire import LacunaError
from lacuna_wire.errors import Conflict

DONE, SKIPPED, FAILED = "done", "skipped", "failed"
# Codes of what is skipped; what fails has those of its error.
THERE_ALREADY, IS_MASK, NOT_BEGUN = "there_already", "is_mask", "not_begun"


class Obstacle(NamedTuple):
    """Why a picture is not filled, known before anything is read.

    Attributes:
        state: `SKIPPED` or `FAILED`.
        code: A stable word.
        reason: A sentence.
    """

    state: str
    code: str
    reason: str


class BatchItem(NamedTuple):
    """One picture of a batch.

    Attributes:
        image: The picture.
        mask: Its mask; None if it has none.
        out: The file to write.
        name: The picture as people are told of it.
        obstacle: Why it is not filled, if it is not.
    """

    image: Path
    mask: Path | None
    out: Path
    name: str
    obstacle: Obstacle | None = None

    def failing(self, error: LacunaError) -> "BatchItem":
        return self._replace(obstacle=Obstacle(FAILED, error.code, error.message))

    def skipping(self, code: str, reason: str) -> "BatchItem":
        return self._replace(obstacle=Obstacle(SKIPPED, code, reason))


class Ended(NamedTuple):
    """What became of a picture.

    Attributes:
        item: The picture.
        state: `DONE`, `SKIPPED` or `FAILED`.
        code: Why, if it is not done: a stable word.
        reason: The same as a sentence.
        seconds: How long it was filled and saved; reading goes on beside.
        width: Of the picture, in pixels; 0 if it was not read.
        height: The same.
        grown_px: Pixels that an automatic growth added to the mask.
        remarks: Sentences that were told of it.
        error: What was raised, if it failed.
    """

    item: BatchItem
    state: str
    code: str = ""
    reason: str = ""
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    grown_px: int = 0
    remarks: tuple[str, ...] = ()
    error: Exception | None = None


def check_outputs(items: Sequence[BatchItem], overwrite: bool, skip: bool) -> list[BatchItem]:
    """Return the items, with those marked whose outputs are there already and are to stay.

    An output that is there is whole: it is written beside its place and moved there at the end.

    Raises:
        Conflict: If outputs are there and nobody has said what is to become of them, if several
            pictures have the same one (both `output_exists`), or if one is the picture itself and
            could be skipped for ever.
    """
    going = [item for item in items if item.obstacle is None]
    _check_different(going)
    there = {item.out for item in going if is_there(item.out)}
    itself = [item for item in going if item.out in there and _same(item.out, item.image)]
    if skip:
        if itself:
            raise Conflict(
                f"{itself[0].out} is the input itself, and --skip-existing cannot tell whether it "
                "is filled already. Name another output with -o.",
                code="output_exists",
            )
        reason = "Its output is there already."
        return [
            item.skipping(THERE_ALREADY, reason)
            if item.obstacle is None and item.out in there
            else item
            for item in items
        ]
    if there and not overwrite:
        first = next(item for item in going if item.out in there)
        what = "the input itself" if first in itself else "there already"
        sentence = f"{first.out} is {what}; --overwrite replaces it."
        if len(items) > 1:
            others = "" if itself else "; --skip-existing leaves such files alone and does the rest"
            sentence = (
                f"{len(there):,} of {len(going):,} outputs exist: {first.out} is {what}. "
                f"--overwrite replaces them{others}."
            )
        raise Conflict(sentence, code="output_exists")
    return list(items)


def _check_different(items: Sequence[BatchItem]) -> None:
    seen: dict[Path, BatchItem] = {}
    for item in items:
        first = seen.setdefault(item.out, item)
        if first is not item:
            count = len({item.out for item in items})
            raise Conflict(
                f"{len(items):,} pictures would be written to {count:,} "
                f"file{'s' * (count != 1)}: {first.image} and {item.image} to {item.out}. Fill "
                "them by two commands, into two folders.",
                code="output_exists",
            )


def is_there(path: Path) -> bool:
    """Tell whether there is such a file; what nobody may look at is not."""
    try:
        return path.exists()
    except OSError:
        return False


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
