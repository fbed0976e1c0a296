"""Between stages 4 and 5, masks whose size is not their asset's: refused, or scaled (``resize``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.kernels.resize import resized
from prelabel.masks.limits import MaskLimits
from prelabel.model import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prelabel.model import Resize, Runs, Shape


def fit_to_assets(
    runs: Runs,
    shapes: Sequence[Shape],
    how: Resize,
    limits: MaskLimits = MaskLimits(),  # noqa: B008 - frozen
) -> tuple[Runs, Note | None]:
    """Bring a mask to the size of its assets.

    Args:
        runs: the mask.
        shapes: the different sizes of the assets that get its labels, as far as they are known.
        how: what to do where it is another.
        limits: how large the scaled mask may be.

    Returns:
        The mask, scaled if need be, and what there is to say of it, or nothing.

    Raises:
        MaskError: it has another size and is not to be scaled, or the assets differ among each other, or it would
            become too large.
    """
    own = (runs.height, runs.width)
    if not shapes:
        text = "the asset's size is not known, so the mask was left as it is"
        return runs, Note(Code.SIZE_UNKNOWN, text) if how == "nearest" else None
    if len(shapes) > 1:
        listed = " and ".join(_size(shape) for shape in shapes[:3])
        raise MaskError(
            f"the assets with this external ID have different sizes ({listed}) and one mask fits one of them: give "
            "each asset an external ID of its own",
            shape=own,
            code=Code.MASK_OF_OTHER_SIZE,
        )
    if shapes[0] == own:
        return runs, None
    if how == "refuse":
        turned = "; width and height are swapped, so one of the two is rotated" if shapes[0] == own[::-1] else ""
        raise MaskError(
            f"the mask is {_size(own)} pixels and the asset {_size(shapes[0])}{turned}: save the mask in the asset's "
            'size, or set "resize" to "nearest"',
            shape=own,
            code=Code.MASK_OF_OTHER_SIZE,
        )
    limits.check_size(shapes[0])
    try:
        scaled = resized(runs, shapes[0], max_runs=limits.max_runs)
    except OverflowError as error:
        raise limits.too_many_runs(shapes[0]) from error
    text = f"the mask was scaled from {_size(own)} to the asset's {_size(shapes[0])} pixels"
    return scaled, Note(Code.RESIZED, text)


def _size(shape: Shape) -> str:
    """Return a size as people write it."""
    return f"{shape[1]} x {shape[0]}"
