"""Versions of Lacuna, and which of two is the newer one."""

import re
from typing import Tuple

from .errors import LacunaError

_VERSION = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)(?:(a|b|rc)([0-9]+))?(?:\.dev([0-9]+))?")
_STAGES = {"a": 0, "b": 1, "rc": 2, None: 3}


def is_version(text: str) -> bool:
    """Tell whether this is a version.

    >>> is_version("0.10.0rc1"), is_version("../0.1.0")
    (True, False)
    """
    return _VERSION.fullmatch(text) is not None


def version_key(version: str) -> Tuple[int, ...]:
    """Return what orders versions; no version at all is older than any.

    >>> version_key("0.9.0") < version_key("0.10.0rc1") < version_key("0.10.0")
    True

    Raises:
        LacunaError: `damaged_file` if it is not a version.
    """
    if not version:
        return (-1,)
    found = _VERSION.fullmatch(version)
    if found is None:
        raise LacunaError(
            f"The plug-in names {ascii(version)[:40]} as its version, which is not one. Run "
            "`lacuna uninstall` first.",
            code="damaged_file",
            values={"path": ascii(version)[:40]},
        )
    stage = _STAGES[found[4]]
    if found[6] is not None and found[4] is None:
        stage = -1  # 1.0.0.dev3 comes before 1.0.0a1
    numbers = (int(found[1]), int(found[2]), int(found[3]))
    return (*numbers, stage, int(found[5] or 0), int(found[6]) if found[6] else 2**31)
