"""How large a mask may be, checked before anything is allocated: part of stage 4, see decoders/decode.py."""

from __future__ import annotations

from prelabel.codes import Code
from prelabel.errors import ConfigError, MaskError
from prelabel.records import Record

MAX_MASK_BYTES = 1 << 30
MAX_MASK_PIXELS = 500_000_000
MAX_SIDE = 1 << 20
"""Pixels: the widest or highest mask. Buffers for a row or for the places of rows are made before pixels are read."""

_BYTES_OF_RUN = 64  # a run is 8 bytes; what tracing makes of it, ring corners and polygons, several times as many


class MaskLimits(Record, frozen=True):
    """What one mask may take, so that a small file cannot ask for all memory there is.

    Attributes:
        max_bytes: bytes of its file, and of its pixels while they are decoded.
        max_pixels: height * width.
        are_options: whether whoever reads a message can raise them, by the options of an import.
    """

    max_bytes: int = MAX_MASK_BYTES
    max_pixels: int = MAX_MASK_PIXELS
    are_options: bool = True

    def __post_init__(self) -> None:
        for name, value in (("max_mask_bytes", self.max_bytes), ("max_mask_pixels", self.max_pixels)):
            if not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name} is {value!r}: give a whole number, 1 or more", field=name, value=value)

    @property
    def max_runs(self) -> int:
        """Runs of equal pixels: what follows takes memory by them."""
        return max(1, self.max_bytes // _BYTES_OF_RUN)

    def _or_raise(self, option: str) -> str:
        """Return what else can be done about a limit."""
        return f"or raise {option}" if self.are_options else "or decode it yourself and give its array"

    def check_file(self, n_bytes: int) -> None:
        """Refuse a file that is too large.

        Raises:
            MaskError: it is.
        """
        if n_bytes > self.max_bytes:
            raise MaskError(
                f"the mask file has {n_bytes} bytes and at most {self.max_bytes} are allowed: compress it, "
                f"{self._or_raise('max_mask_bytes')}",
                code=Code.MASK_TOO_LARGE,
            )

    def check_size(self, shape: tuple[int, ...], pixel_bytes: int = 1) -> None:
        """Refuse a picture that is too large.

        Args:
            shape: (height, width) in pixels.
            pixel_bytes: bytes that a pixel takes while the picture is decoded.

        Raises:
            MaskError: it has too many pixels, on a side or in all, or takes too many bytes.
        """
        height, width = shape[:2]
        n_pixels = height * width
        if max(height, width) > MAX_SIDE:
            raise MaskError(
                f"the mask has {width} x {height} pixels and at most {MAX_SIDE} are allowed on a side: split it",
                shape=shape,
                code=Code.MASK_TOO_LARGE,
            )
        if n_pixels > self.max_pixels:
            raise MaskError(
                f"the mask has {width} x {height} = {n_pixels} pixels and at most {self.max_pixels} are allowed: "
                f"split it, {self._or_raise('max_mask_pixels')}",
                shape=shape,
                code=Code.MASK_TOO_LARGE,
            )
        if n_pixels * pixel_bytes > self.max_bytes:
            raise MaskError(
                f"the mask has {width} x {height} pixels, which take {n_pixels * pixel_bytes} bytes to decode, and at "
                f"most {self.max_bytes} are allowed: save it as a PNG of greys or with a palette, "
                f"{self._or_raise('max_mask_bytes')}",
                shape=shape,
                code=Code.MASK_TOO_LARGE,
            )

    def check_runs(self, n_runs: int, shape: tuple[int, ...]) -> None:
        """Refuse a picture that is noise: tracing it would take memory by the run.

        Raises:
            MaskError: it has too many runs.
        """
        if n_runs > self.max_runs:
            raise self.too_many_runs(shape)

    def too_many_runs(self, shape: tuple[int, ...]) -> MaskError:
        """Return what :meth:`check_runs` raises, for those who stop counting."""
        return MaskError(
            f"the mask falls into more than {self.max_runs} runs of equal pixels, as photographs and lossy copies do: "
            f"save it lossless, {self._or_raise('max_mask_bytes')}",
            shape=shape,
            code=Code.MASK_TOO_LARGE,
        )
