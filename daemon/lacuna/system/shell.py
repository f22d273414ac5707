"""Commands as this user's terminal understands them: a shell of POSIX, or PowerShell."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path


def program_word(program: Path) -> str:
    """Return how a program is typed.

    >>> program_word(Path("/opt/a b/lacuna")) if os.name == "posix" else "'/opt/a b/lacuna'"
    "'/opt/a b/lacuna'"
    """
    if os.name != "nt":
        return shlex.quote(str(program))
    word = _quoted(program)
    return f"& {word}" if word.startswith("'") else word


def removal(path: Path) -> str:
    """Return the command that removes a file, a link or a whole folder."""
    folder = path.is_dir() and not path.is_symlink()
    if os.name != "nt":
        return f"rm {'-r ' if folder else ''}{shlex.quote(str(path))}"
    return f"Remove-Item {'-Recurse ' if folder else ''}{_quoted(path)}"


def command_line(words: Sequence[str]) -> str:
    """Return how a command with these words is typed."""
    return shlex.join(words) if os.name != "nt" else " ".join(map(_quoted, words))


def one_after_the_other(*commands: str) -> str:
    """Return a line of several commands; PowerShell 5, which Windows has, knows no `&&`."""
    return (" ; " if os.name == "nt" else " && ").join(commands)


def _quoted(word: str | Path) -> str:
    text = str(word)
    return text if re.fullmatch(r"[\w:\\/.-]+", text) else "'" + text.replace("'", "''") + "'"
