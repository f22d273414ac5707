"""The weights that others publish and Lacuna can fetch."""

from typing import NamedTuple


class Published(NamedTuple):
    """Weights that others publish and Lacuna can fetch.

    Attributes:
        url: Address of the file.
        size_bytes: Size of the file.
        sha256: Digest of the file.
        md5: The digest that the publisher gives, so that it and the other one are of one file.
        licence: Licence of the weights.
        source: Who made them, for the metadata.
    """

    url: str
    size_bytes: int
    sha256: str
    md5: str
    licence: str
    source: str

    @property
    def file_name(self) -> str:
        return self.url.rpartition("/")[2]


PUBLISHED = {
    "big-lama": Published(
        url="https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",
        # The publisher gives the MD5. Size and SHA-256 are those that a dozen public projects have
        # pinned independently for this address, some of them beside that MD5.
        size_bytes=205_669_692,
        sha256="344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
        md5="e3aa4aaa15225a33ec84f9f4bc47e500",
        licence="Apache-2.0",
        source="Suvorov et al., Resolution-robust Large Mask Inpainting with Fourier Convolutions",
    )
}
