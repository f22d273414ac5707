"""Computers with graphics cards that are not here: their programs on PATH, their folders of files.

What the programs print follows their documentation and public reports; none of them has run here.
"""

import json

from lacuna_wire import cards

APPLE = {
    "_name": "Apple M2", "spdisplays_mtlgpufamilysupport": "spdisplays_metal3",
    "spdisplays_vendor": "sppci_vendor_Apple", "sppci_bus": "spdisplays_builtin",
    "sppci_cores": "10", "sppci_device_type": "spdisplays_gpu", "sppci_model": "Apple M2",
}  # fmt: skip
INTEL_MAC = [
    {
        "_name": "Intel UHD Graphics 630", "spdisplays_vendor": "Intel",
        "sppci_bus": "spdisplays_builtin", "sppci_model": "Intel UHD Graphics 630",
    },
    {
        "_name": "kHW_AMDRadeonPro5300MItem", "spdisplays_vendor": "sppci_vendor_amd",
        "sppci_bus": "spdisplays_pcie_device", "sppci_model": "AMD Radeon Pro 5300M",
    },
]  # fmt: skip


def hide_cards(monkeypatch, tmp_path):
    """Let nothing of this computer's own cards be seen; return the folder that PATH names."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(cards, "DRM", tmp_path / "none")
    monkeypatch.setattr(cards, "NVIDIA_DRIVER", tmp_path / "none")
    monkeypatch.setattr(cards, "NAMES_OF_PCI", ())
    return programs


def macos(*shown):
    return json.dumps({"SPDisplaysDataType": list(shown)}, indent=2)


def windows(*shown):
    """What PowerShell prints of (name, driver, vendor); PowerShell 7 and 5.1 both make a list."""
    return json.dumps(
        [
            {"Name": name, "DriverVersion": driver, "PNPDeviceID": f"PCI\\VEN_{vendor}&DEV_0000\\4"}
            for name, driver, vendor in shown
        ],
        indent=4,
    ).replace("\n", "\r\n")


def drm(folder, *shown):
    """Make /sys/class/drm of (vendor, device, driver, place on the bus, more files)."""
    (folder / "class").mkdir(parents=True)
    for number, (vendor, device, driver, place, files) in enumerate(shown):
        real = folder / "devices" / place
        real.mkdir(parents=True)
        for name, text in {"vendor": vendor, "device": device, **files}.items():
            (real / name).write_text(f"{text}\n")
        if driver:
            (folder / "drivers" / driver).mkdir(parents=True, exist_ok=True)
            (real / "driver").symlink_to(folder / "drivers" / driver)
        (real / "drm").mkdir()
        (folder / "class" / f"card{number}").mkdir()
        (folder / "class" / f"card{number}" / "device").symlink_to(real)
        (folder / "class" / f"card{number}-DP-1").mkdir()  # a plug
        (folder / "class" / f"renderD{128 + number}").mkdir()
    return folder / "class"


def put_program(folder, name, said, code=0):
    """Put a program on a PATH that says something, whatever it is asked."""
    (folder / f"{name}.txt").write_text(said, "utf-8")
    file = folder / name
    file.write_text(f'#!/bin/sh\n/bin/cat "$0.txt"\nexit {code}\n')
    file.chmod(0o755)


def put_nvidia_smi(folder, lines, capabilities=None):
    """Put an `nvidia-smi` there; without capabilities it is one that does not know the question."""
    known = "" if capabilities is None else f"*compute_cap*) printf '{capabilities}' ;;"
    unknown = (
        '*compute_cap*) echo "Field \\"compute_cap\\" is not a valid field to query."; exit 2 ;;'
    )
    file = folder / "nvidia-smi"
    file.write_text(
        f"#!/bin/sh\ncase \"$*\" in\n{known or unknown}\n*) printf '{lines}' ;;\nesac\n"
    )
    file.chmod(0o755)
