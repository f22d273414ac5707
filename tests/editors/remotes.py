"""A remote control of an editor: Python that its driver runs inside it."""

import json
import subprocess
import time
from collections.abc import Callable
from textwrap import dedent
from typing import Any

from tests.editors.machines import SAFETY_S, Room
from tests.service.conftest import eventually


class Remote:
    """Leaves calls in a folder in which a driver looks, and takes the answers out of it."""

    def __init__(
        self, room: Room, process: subprocess.Popen, last_words: Callable[[], str]
    ) -> None:
        """Begin with the first call.

        Args:
            room: Of the editor.
            process: The editor, which has just been started.
            last_words: Tells what it said when it died.
        """
        self.folder, self.process, self.last_words = room.calls, process, last_words
        self.calls = 0

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def run(self, code: str, /, **values: Any) -> Any:
        """Run Python inside the editor and return what its last expression is worth.

        Args:
            code: May name what the driver offers and what earlier calls have left.
            values: Further names, with values that `repr` can write.

        Returns:
            What JSON can say, or bytes.

        Raises:
            AssertionError: If the code raises, with its traceback; or if the editor dies.
        """
        number = self.calls
        self.calls += 1
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        place = self.folder / f"call-{number}.py"
        place.with_suffix(".new").write_text(given + dedent(code), "utf-8")
        place.with_suffix(".new").replace(place)
        answer = self.folder / f"answer-{number}.json"
        give_up = time.monotonic() + SAFETY_S
        while not answer.exists():
            ended = self.process.poll()
            assert ended is None, f"the editor ended with {ended}:\n{self.last_words()}"
            assert time.monotonic() < give_up, f"no answer comes:\n{self.last_words()}"
            time.sleep(0.005)
        fields = json.loads(answer.read_text("utf-8"))
        assert "error" not in fields, fields["error"]
        raw = answer.with_suffix(".raw")
        return raw.read_bytes() if raw.exists() else fields["value"]

    def wait_for(self, code: str, within_s: float = 20.0, /, **values: Any) -> Any:
        """Run code until it is worth something, and return that."""
        return eventually(lambda: self.run(code, **values), within_s)
