"""Stand-ins for `icacls` and `whoami` of Windows: access lists lie in files beside the folders.

What they print and save was written down from Microsoft's documentation, not from a Windows.
"""

import sys
from pathlib import Path

OWN = "S-1-5-21-1004336348-1177238915-682003330-1001"
INHERITED = f"D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;{OWN})"


def icacls(folder, *words):
    folder = Path(folder)
    kept = folder.with_name(f"{folder.name}.access-list")
    if words[0] == "/save":
        listed = kept.read_text() if kept.exists() else INHERITED
        Path(words[1]).write_text(f"{folder.name}\r\n{listed}\r\n", "utf-16")
        print("Erfolgreich verarbeitet: 1 Dateien; bei 0 Dateien ist ein Verarbeitungsfehler")
        return 0
    assert words[:2] == ("/inheritance:r", "/grant:r"), words
    granted = [word.partition(":")[0].lstrip("*") for word in words if word.startswith("*")]
    kept.write_text("D:PAI" + "".join(f"(A;OICI;FA;;;{who})" for who in granted))
    return 0


def whoami(*words):
    assert words == ("/user", "/fo", "csv", "/nh"), words
    print(f'"desktop-7\\åsa blå","{OWN}"')
    return 0


if __name__ == "__main__":
    tool, *words = sys.argv[1:]
    sys.exit({"icacls": icacls, "whoami": whoami}[tool](*words))
