"""Many masks to polygons on all cores, in order and in bounded memory: the library's door for services."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, overload

from prelabel.errors import ConfigError, MaskError
from prelabel.masks.load import runs_of
from prelabel.masks.whole_number import whole_number
from prelabel.polygons.class_table import class_table
from prelabel.polygons.in_order import in_order
from prelabel.polygons.many_masks import check_are_many
from prelabel.polygons.polygons import Polygons
from prelabel.polygons.stacks import is_stack, stack_to_polygons
from prelabel.polygons.trace import TraceOptions, outline

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from prelabel.model import Connectivity, Coordinates, Simplification

    Mask = NDArray[np.generic] | bytes | str | os.PathLike[str] | Mapping[str, Any]

_INFLATED = 32  # bytes of pixels for one of a file, about
_UNKNOWN_BYTES = 1 << 18  # of pixels, where the mask has not been looked at


@overload
def masks_to_polygons(
    masks: Iterable[Mask],
    *,
    colors: Mapping[str, Sequence[int]] | None = None,
    tolerance: float = 0.1,
    simplification: Simplification = "shared",
    coordinates: Coordinates = "pixel_edges",
    connectivity: Connectivity = 4,
    min_area: int = 0,
    stacks: bool = False,
    on_error: Literal["raise"] = "raise",
    n_threads: int | None = None,
) -> Generator[Polygons, None, None]: ...


@overload
def masks_to_polygons(
    masks: Iterable[Mask],
    *,
    colors: Mapping[str, Sequence[int]] | None = None,
    tolerance: float = 0.1,
    simplification: Simplification = "shared",
    coordinates: Coordinates = "pixel_edges",
    connectivity: Connectivity = 4,
    min_area: int = 0,
    stacks: bool = False,
    on_error: Literal["return"],
    n_threads: int | None = None,
) -> Generator[Polygons | MaskError, None, None]: ...


def masks_to_polygons(  # noqa: PLR0913 - each is a choice of the caller's, by keyword
    masks: Iterable[Mask],
    *,
    colors: Mapping[str, Sequence[int]] | None = None,
    tolerance: float = 0.1,
    simplification: Simplification = "shared",
    coordinates: Coordinates = "pixel_edges",
    connectivity: Connectivity = 4,
    min_area: int = 0,
    stacks: bool = False,
    on_error: Literal["raise", "return"] = "raise",
    n_threads: int | None = None,
) -> Generator[Polygons | MaskError, None, None]:
    """Turn masks into polygons on all cores, one result for each mask, in order.

    Masks are read a little ahead of the results: at most ``2 * n_threads`` pieces of work, each a large mask or up to
    16 small ones. So memory is bounded however many masks there are; an array must not change before its result is
    there. Closing the generator, or letting go of it, ends its threads; what is being worked on is waited for.

    Args:
        masks: an iterable of any number of masks, each as :func:`prelabel.mask_to_polygons` takes it, or a stack of
            binary masks: planes x height x width, as models such as SAM return. Each plane of it is one object, which
            is ``object_indices``: planes may overlap, may be in several parts and may be empty. They hold bools, or 0
            and 1, which is the class's value; ``min_area`` counts for the parts. An array of three axes is a stack
            unless its last side is 1 (one channel), or 3 or 4 and its numbers are no bools (colours); a single plane is
            one, too. An array whose planes may as well come last is refused: its last side is less than the first, and
            2 to 4 or less than an eighth of both others. Stacks in files are not taken.
        colors: class name -> ``[value]`` or ``[r, g, b]``, of all masks; None makes each value but 0 a class, named
            by its number.
        tolerance: pixels; no point of a border ends up further than this from the result.
        simplification: ``"shared"`` or ``"rings"``; this and the next three as for :func:`prelabel.mask_to_polygons`.
        coordinates: ``"pixel_edges"`` or ``"pixel_centers"``.
        connectivity: 4 or 8.
        min_area: pixels; smaller objects are left out, and counted.
        stacks: True takes every array of three axes for planes x height x width, whatever its sides.
        on_error: what a mask that cannot be read or traced comes to. ``"raise"`` raises its MaskError at its turn,
            after the results of all before, and ends the work; ``"return"`` yields the error as its result and goes on.
            Either way the message begins with the mask's number, from 0, which is the error's ``mask_index`` too.
        n_threads: threads at work; None takes as many as there are cores that this process may use, 1 works in the
            caller's own thread, without reading ahead.

    Yields:
        The polygons of each mask, or with ``on_error="return"`` its error.

    Raises:
        ConfigError: an option or colour that cannot be, or one mask in place of many; at the call, before any mask is
            read.
        MaskError: see ``on_error``.

    Example:
        >>> import numpy as np
        >>> square = np.zeros((6, 8), bool)
        >>> square[1:4, 1:5] = True
        >>> stack = np.stack([square, np.roll(square, 2, axis=1)])
        >>> for polygons in masks_to_polygons([square, stack]):
        ...     print([(polygon.object_index, polygon.exterior[0].tolist()) for polygon in polygons])
        [(0, [1, 1])]
        [(0, [1, 1]), (1, [3, 1])]
    """
    check_are_many(masks)
    if on_error not in ("raise", "return"):  # no set: what is given may have no hash
        raise ConfigError(f'on_error is {on_error!r}: give "raise" or "return"', field="on_error", value=on_error)
    n_workers = _count_cores() if n_threads is None else whole_number(n_threads)
    if n_workers is None or n_workers < 1:
        raise ConfigError(
            f"n_threads is {n_threads!r}: give a whole number, 1 or more, or None", field="n_threads", value=n_threads
        )
    options = TraceOptions(tolerance, simplification, coordinates, connectivity, min_area)
    kind, table = class_table(colors)
    keys = None if table is None else table.keys

    def trace(mask: Mask) -> Polygons:
        if is_stack(mask, always=stacks):
            return stack_to_polygons(mask, kind, table, options)
        return outline(runs_of(mask, kind, keys), table, options).polygons(options, Polygons)

    work = _numbered(trace, returns_errors=on_error == "return")
    return in_order(enumerate(masks), work, n_workers, _weigh)


def _numbered(
    trace: Callable[[Mask], Polygons], *, returns_errors: bool
) -> Callable[[tuple[int, Mask]], Polygons | MaskError]:
    """Return what traces a numbered mask, and numbers its error."""

    def work(numbered: tuple[int, Mask]) -> Polygons | MaskError:
        index, mask = numbered
        try:
            return trace(mask)
        except MaskError as error:
            error.mask_index = index
            error.args = (f"mask {index}: {error}",)
            if returns_errors:
                return _without_frames(error)
            raise

    return work


def _without_frames(error: MaskError) -> MaskError:
    """Let go of what an error that is kept would keep alive: the frames it came through, and the masks in them."""
    if error.__cause__ is not None:
        error.__cause__.__traceback__ = None
    error.__context__ = None
    return error.with_traceback(None)


def _weigh(numbered: tuple[int, Mask]) -> int:
    """Return about how many bytes of pixels a mask has."""
    mask = numbered[1]
    if isinstance(mask, bytes | bytearray | memoryview):
        return len(mask) * _INFLATED
    n_bytes: int = getattr(mask, "nbytes", _UNKNOWN_BYTES)
    return n_bytes


def _count_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
