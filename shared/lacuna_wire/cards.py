"""The graphics cards of this computer, as its system knows them; PyTorch is not asked.

Nothing here fails: what cannot be found out is left out. Questions to programs have a limit of
time. Formats are those of `nvidia-smi --help-query-gpu`, the kernel's Documentation/ABI (Linux),
`man system_profiler` (macOS) and Win32_VideoController (Windows).
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

from .outside import output_of

ASK_S = 5.0
DRM = Path("/sys/class/drm")
NVIDIA_DRIVER = Path("/sys/module/nvidia/version")
NAMES_OF_PCI = (Path("/usr/share/misc/pci.ids"), Path("/usr/share/hwdata/pci.ids"))
MAKES = {"10de": "NVIDIA", "1002": "AMD", "8086": "Intel", "106b": "Apple"}
# What a processor's own graphics of AMD set aside of the computer's memory is less.
LEAST_OWN_BYTES = 3 << 30
ASK_NVIDIA = ("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
ASK_CAPABILITY = ("nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader")
ASK_MACOS = ("system_profiler", "SPDisplaysDataType", "-json")
ASK_WINDOWS = (
    "powershell", "-NoProfile", "-NonInteractive", "-Command",
    "[Console]::OutputEncoding = [Text.Encoding]::UTF8; "
    "ConvertTo-Json @(Get-CimInstance Win32_VideoController | "
    "Select-Object Name, DriverVersion, PNPDeviceID)",
)  # fmt: skip


class Card(NamedTuple):
    """A graphics card, or the graphics of a processor.

    Attributes:
        make: `NVIDIA`, `AMD`, `Intel` or `Apple`.
        name: As its maker calls it, as far as the system knows.
        driver: Its version, or its name where its version is that of the kernel; empty if unknown.
        integrated: Whether it is a part of a processor and shares its memory.
        capability: Of NVIDIA's cards, times ten, such as 86; 0 if unknown.
    """

    make: str
    name: str
    driver: str = ""
    integrated: bool = False
    capability: int = 0


def see_cards() -> List[Card]:
    """Return the cards of the known makes; those that PyTorch might use come first."""
    if sys.platform == "darwin":
        cards = list(from_macos(output_of(ASK_MACOS, ASK_S)))
    else:
        windows = sys.platform == "win32"
        seen = list(from_windows(output_of(ASK_WINDOWS, ASK_S)) if windows else from_linux(DRM))
        told = list(from_nvidia(output_of(ASK_NVIDIA, ASK_S), output_of(ASK_CAPABILITY, ASK_S)))
        # Its driver knows its cards best, and also in containers that show no others.
        cards = [*told, *(card for card in seen if not (told and card.make == "NVIDIA"))]
    order = ("NVIDIA", "AMD", "Intel", "Apple")
    return sorted(cards, key=lambda card: (card.integrated, order.index(card.make)))


def from_nvidia(said: str, capabilities: str = "") -> Iterator[Card]:
    """Read `name, driver_version` of each line, and `compute_cap`, which old drivers lack."""
    powers = [line.strip() for line in capabilities.splitlines()]
    for number, line in enumerate(said.splitlines()):
        name, comma, driver = (word.strip() for word in line.rpartition(","))
        if not comma or not re.fullmatch(r"[0-9][0-9.]*", driver):
            continue  # an error, which it prints there too
        power = powers[number] if number < len(powers) else ""
        capability = int(power.replace(".", "")) if re.fullmatch(r"\d+\.\d", power) else 0
        full = name if name.startswith("NVIDIA") else f"NVIDIA {name}"
        yield Card("NVIDIA", full, driver, capability=capability)


def from_linux(folder: Path) -> Iterator[Card]:
    """Read what the kernel shows of its cards: `card0`, `card1`, not their plugs (`card0-DP-1`)."""
    try:
        found = sorted(path for path in folder.iterdir() if re.fullmatch(r"card\d+", path.name))
    except OSError:
        return
    for card in found:
        device = card / "device"
        vendor, number = (
            _line(device / name).replace("0x", "", 1) for name in ("vendor", "device")
        )
        make = MAKES.get(vendor)
        if make is None:
            continue
        driver = _target(device / "driver")
        if driver == "nvidia":
            driver = _line(NVIDIA_DRIVER) or driver
        name = _line(device / "product_name") or _name_of_pci(vendor, number) or f"[{number}]"
        yield Card(
            make,
            name if name.startswith(make) else f"{make} {name}",
            driver,
            integrated=_is_integrated(make, device),
        )


def from_macos(said: str) -> Iterator[Card]:
    """Read the JSON of `system_profiler`."""
    for entry in _entries(said, "SPDisplaysDataType"):
        vendor = str(entry.get("spdisplays_vendor", ""))
        make = next((make for make in MAKES.values() if make.lower() in vendor.lower()), None)
        if make is None:
            continue
        name = str(entry.get("sppci_model") or entry.get("_name") or "graphics")
        built_in = entry.get("sppci_bus") == "spdisplays_builtin"
        yield Card(make, _after(make, name), integrated=built_in and make != "Apple")


def from_windows(said: str) -> Iterator[Card]:
    """Read the JSON of `Get-CimInstance Win32_VideoController`."""
    for entry in _entries(said):
        vendor = re.search(r"VEN_([0-9A-F]{4})", str(entry.get("PNPDeviceID", "")), re.IGNORECASE)
        make = MAKES.get(vendor[1].lower()) if vendor else None
        if make is None:
            continue
        name = re.sub(r"\s*\((R|TM)\)", "", str(entry.get("Name") or "graphics"))
        driver = str(entry.get("DriverVersion") or "")
        if make == "NVIDIA":  # 32.0.15.6094 is what NVIDIA calls 560.94
            digits = driver.replace(".", "")[-5:]
            driver = f"{digits[:3]}.{digits[3:]}" if len(digits) == 5 else ""
        yield Card(make, _after(make, name), driver, integrated=_named_as_integrated(make, name))


def _named_as_integrated(make: str, name: str) -> bool:
    """Tell by its name whether a card is part of a processor; Windows says nothing else of it."""
    if make == "Intel":  # Arc A770, Arc Pro B50; not "Arc Graphics" or "Arc 140V GPU"
        return not re.search(r"\bArc\b.*\b[AB]\d{2,3}M?\b|Data Center GPU", name)
    if make == "AMD":  # Radeon RX 7800 XT, Radeon Pro W6800; not "Radeon Graphics" or "Radeon 780M"
        return not re.search(r"\bRX\b|\bPro\b|\bR9\b|\bVII\b|Instinct", name, re.I)
    return False


def _is_integrated(make: str, device: Path) -> bool:
    if make == "Intel":  # a processor's own graphics are always there
        return _target(device).endswith(":00:02.0")
    if make == "AMD":
        own = _line(device / "mem_info_vram_total")
        return own.isdigit() and int(own) < LEAST_OWN_BYTES
    return False


def _name_of_pci(vendor: str, number: str) -> str:
    """Look a name up in the list that systems keep; what stands in brackets is what is sold."""
    for path in NAMES_OF_PCI:
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            continue
        of_vendor = re.search(rf"^{vendor} .*\n((?:[\t#].*\n|\n)*)", text, re.MULTILINE)
        found = re.search(rf"^\t{number}  (.+)$", of_vendor[1] if of_vendor else "", re.MULTILINE)
        if found:
            sold = re.search(r"\[(.+)\]", found[1])
            return sold[1] if sold else found[1]
    return ""


def _after(make: str, name: str) -> str:
    return name if name.lower().startswith(make.lower()) else f"{make} {name}"


def _entries(said: str, key: str = "") -> List[Dict[str, Any]]:
    try:
        found = json.loads(said.lstrip("\ufeff"))
    except ValueError:
        return []
    if key:
        found = found.get(key) if isinstance(found, dict) else None
    elif isinstance(found, dict):
        found = [found]
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _target(path: Path) -> str:
    """Return the name of the folder that a link leads to."""
    try:
        return path.resolve(strict=True).name
    except OSError:
        return ""
