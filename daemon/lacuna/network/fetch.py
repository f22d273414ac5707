"""From the name of published weights to installed ones: download, check, convert."""

from lacuna_wire.errors import Unprocessable

from .addresses import address_of
from .catalogue import find_weights, is_intact
from .download import ReportBytes, download
from .index import locked, weights_folder
from .published import PUBLISHED
from .weights_info import WeightsInfo


def fetch_weights(name: str, progress: ReportBytes, mirror: str = "") -> WeightsInfo:
    """Download, check, convert and install published weights, unless they are installed.

    Args:
        name: A key of `PUBLISHED`.
        progress: Called with the bytes so far and the bytes in all, 0 if unknown.
        mirror: Where else to download from, as in `address_of`.

    Raises:
        Unprocessable: If nothing is published under this name, the mirror is no address, or the
            file is not the right one.
        LacunaError: If it cannot be downloaded.
    """
    if name not in PUBLISHED:
        raise Unprocessable(
            f"{ascii(name)[:66]} cannot be downloaded. Lacuna can download {', '.join(PUBLISHED)}.",
            code="unknown_weights",
        )
    address = address_of(PUBLISHED[name], mirror)
    if is_intact(name):
        return find_weights(name)
    with locked(f"fetch-{name}"):
        path = download(PUBLISHED[name], address, weights_folder(), progress)

        from .checkpoints import import_weights  # torch, only once there is something to convert

        info = import_weights(path, name)
        path.unlink()
    return info
