"""What a user sees of a batch: remarks while it runs, a table at its end."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lacuna.batch.items import DONE, FAILED, IS_MASK, SKIPPED, THERE_ALREADY, BatchItem, Ended
from lacuna.batch.report import Report
from lacuna.commands.progress import Bars
from lacuna.commands.steps import StepRow
from lacuna_wire import JobStatus

# What many pictures are skipped for, in one line for all of them.
SKIPPED_FOR = {THERE_ALREADY: "Outputs were there already.", IS_MASK: "Masks of other pictures."}


class BatchView:
    """Watches a batch.

    Args:
        bars: Of its progress.
        report: For programs; None if there is none.
        outcomes: Gets what became of each picture.
        keeps_errors: Whether with what was raised: that holds the pixels of its picture.
    """

    def __init__(
        self, bars: Bars, report: Report | None, outcomes: list[Ended], keeps_errors: bool
    ) -> None:
        self._bars, self._report, self._outcomes = bars, report, outcomes
        self._keeps_errors = keeps_errors
        self._said: set[str] = set()

    def begin(self, item: BatchItem) -> None:
        self._bars.begin(item.name)

    def show(self, status: JobStatus) -> None:
        self._bars.show(status)

    def remark(self, item: BatchItem, sentence: str) -> None:
        """Say it at once; what is true of all pictures of a format only of the first."""
        if " is lossy: " in sentence or " is coded in blocks: " in sentence:
            if sentence in self._said:
                return
            self._said.add(sentence)
            self._bars.say(f"{item.out.name}: {sentence}")
        else:
            self._bars.say(f"{item.name}: {sentence}")

    def ended(self, ended: Ended) -> None:
        self._outcomes.append(ended if self._keeps_errors else ended._replace(error=None))
        if ended.item.obstacle is None:
            self._bars.end()
        if self._report is not None:
            self._report.add(ended)


def interrupted(outcomes: Sequence[Ended], count: int, output: Path) -> str:
    """Return what a user is told who has ended it with Ctrl-C."""
    done = sum(ended.state == DONE for ended in outcomes)
    if not done:
        return "Interrupted; nothing was written."
    if count == 1:
        return f"Interrupted; {outcomes[0].item.out} was written."
    return (
        f"Interrupted; {done:,} of {count:,} pictures were written to {output}. The same command "
        "with --skip-existing does the others."
    )


def table(outcomes: Sequence[Ended], output: Path) -> list[StepRow]:
    """Return the rows that say what became of the pictures of a batch."""
    rows = [
        StepRow(ended.item.name, ended.state, ended.reason)
        for ended in outcomes
        if ended.state == FAILED
    ]
    skipped = Counter(
        (ended.code, SKIPPED_FOR.get(ended.code, ended.reason))
        for ended in outcomes
        if ended.state == SKIPPED
    )
    rows += [StepRow(_counted(count), SKIPPED, reason) for (_, reason), count in skipped.items()]
    done = sum(ended.state == DONE for ended in outcomes)
    rows.append(StepRow(_counted(done), DONE, f"Written to {output}." if done else ""))
    if failed := sum(ended.state == FAILED for ended in outcomes):
        rows.append(StepRow(_counted(failed), FAILED, "Reasons are above."))
    return rows


def _counted(count: int) -> str:
    """Count pictures.

    >>> _counted(1), _counted(1200)
    ('1 file', '1,200 files')
    """
    return f"{count:,} file{'s' * (count != 1)}"
