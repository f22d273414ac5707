"""Krita's settings file: enable a plug-in in it, or take it out, and touch no other line.

KConfig's format: groups `[python]` with lines `key=value`. It is edited as bytes, so that even
what is not UTF-8 stays as it is.
"""

import re

from lacuna_wire import LacunaError

GROUP = b"[python]"
_HEADER = re.compile(rb"\[.*\]")


def is_enabled(content: bytes, plugin: str) -> bool:
    """Tell whether Krita loads the plug-in; the last of several lines counts, as for KConfig."""
    lines = _lines(content)
    values = [lines[at].partition(b"=")[2].strip() for at in _entries(lines, _key(plugin))]
    return bool(values) and values[-1].lower() in (b"true", b"1", b"on", b"yes")


def enable(content: bytes, plugin: str) -> bytes:
    """Return the settings with the plug-in enabled.

    Raises:
        LacunaError: If an administrator has locked the entry, or this is not a settings file.
    """
    if b"\0" in content:
        raise LacunaError(
            "The file holds zero bytes, so it is not a settings file.", code="damaged_file"
        )
    if is_enabled(content, plugin):
        return content
    lines, key = _lines(content), _key(plugin)
    end = b"\r\n" if b"\r\n" in content else b"\n"
    if any(re.match(rb"\[python\]\[\$i", line) for line in lines) or any(
        line.startswith((b"[$i", key + b"[$i")) for line in lines
    ):
        raise LacunaError("An administrator has locked the settings ([$i]).", code="locked_file")
    entries = _entries(lines, key)
    if entries:
        for at in entries:
            lines[at] = key + b"=true" + end
        return b"".join(lines)
    headers = [at for at, line in enumerate(lines) if line.strip() == GROUP]
    if lines and not lines[-1].endswith(b"\n"):
        lines[-1] += end
    if headers:
        lines.insert(headers[0] + 1, key + b"=true" + end)
    else:
        lines += [*([end] if lines else []), GROUP + end, key + b"=true" + end]
    return b"".join(lines)


def forget(content: bytes, plugin: str, group: str) -> bytes:
    """Return the settings without the plug-in: its line, its own group, and groups left empty."""
    lines = _lines(content)
    own = f"[{group}]".encode()
    for at in reversed(_entries(lines, _key(plugin))):
        del lines[at]
        _drop_if_empty(lines, GROUP)
    starts = [at for at, line in enumerate(lines) if line.strip() == own]
    for start in reversed(starts):
        del lines[start + 1 : _end_of_group(lines, start)]
        _drop_if_empty(lines, own)
    return b"".join(lines)


def _drop_if_empty(lines: list[bytes], header: bytes) -> None:
    for start in [at for at, line in enumerate(lines) if line.strip() == header][::-1]:
        end = _end_of_group(lines, start)
        if not any(line.strip() for line in lines[start + 1 : end]):
            # The empty line between two groups stays if there still are two.
            first = (
                start - 1 if end == len(lines) and start and not lines[start - 1].strip() else start
            )
            del lines[first:end]


def _end_of_group(lines: list[bytes], start: int) -> int:
    for at in range(start + 1, len(lines)):
        if _HEADER.match(lines[at]):
            return at
    return len(lines)


def _entries(lines: list[bytes], key: bytes) -> list[int]:
    """Return the places of the lines with this key in the group of plug-ins."""
    found, here = [], False
    for at, line in enumerate(lines):
        if _HEADER.match(line):
            here = line.strip() == GROUP
        elif here and line.partition(b"=")[0].strip() == key:
            found.append(at)
    return found


def _lines(content: bytes) -> list[bytes]:
    # Not `splitlines`: a lone carriage return does not end a line here.
    return re.findall(rb"[^\n]*\n|[^\n]+", content)


def _key(plugin: str) -> bytes:
    return f"enable_{plugin}".encode()
