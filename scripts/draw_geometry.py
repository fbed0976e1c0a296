"""Draw the pictures of docs/geometry.md with the package itself: small masks, and what becomes of them.

    python scripts/draw_geometry.py [FOLDER]      docs/pictures unless given

The SVG is written by hand, so that a run needs nothing but prelabel; a test compares it with the files in the folder.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel import mask_to_polygons
from prelabel.kernels.pixel_runs import runs_to_array

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from prelabel import Polygons

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
PALE = ("#cfe3f5", "#fbe3c0", "#d6ecd2")
STRONG = ("#1660a5", "#b35c00", "#2c7a2c")
RED = "#d11a2a"
MARGIN, TITLE, GAP = 14, 40, 26
"""Around the picture, above a panel's mask, and between panels; screen pixels."""
STYLE = (
    "text{font:13px sans-serif;fill:#222}.small{font-size:11px;fill:#555}"
    ".grid{stroke:#c8c8c8;stroke-width:.6}.line{fill:none;stroke-width:2.2;stroke-linejoin:round}"
)

CORNER_CASES = """
............
.AAAAAA...A.
.A....A.....
.A.AA.A..AA.
.A....A.....
.AAAAAA..BB.
.........BB.
............
"""
DIAGONAL = """
........
.AAA....
.AAA....
....AAA.
....AAA.
........
"""
PINCHED = """
........
.AAAAAA.
.A...AA.
.A...AA.
.AAAA.A.
.AAAAAA.
........
"""
HOLED = """
..............
.AAAAAAAAAAAA.
.AAAAAAAAAAAA.
.AA...AAAAAAA.
.AA...AAA..AA.
.AA...AAA..AA.
.AAAAAAAAAAAA.
.AAAAAAAAAAAA.
..............
"""


@dataclass(frozen=True, slots=True)
class Outline:
    """One object as it is drawn: rings of (x, y), all of one colour."""

    rings: tuple[NDArray[np.float64], ...]
    color: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """One mask with what was made of it.

    Attributes:
        title: above it, and on a second line ``remark``.
        mask: height x width, 0 for background; the others are coloured by value.
        outlines: what lies over it.
        scale: screen pixels a pixel.
        faults: paint gaps and overlaps red instead of the mask.
        fills: tint the outlines' insides.
        wrong: pixels to mark red; None for none.
    """

    title: str
    remark: str
    mask: NDArray[np.uint8]
    outlines: tuple[Outline, ...]
    scale: int = 22
    faults: bool = False
    fills: bool = False
    wrong: NDArray[np.bool_] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height on the screen."""
        height, width = self.mask.shape
        return width * self.scale, height * self.scale + TITLE


def main() -> None:
    """Write every picture into the folder named on the command line, or where they are kept."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in draw_all().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def draw_all() -> dict[str, str]:
    """Every picture by its file's name."""
    return {
        "conventions.svg": picture(conventions()),
        "misread.svg": picture(misreadings()),
        "connectivity.svg": picture(connectivity()),
        "holes.svg": picture(holes()),
        "tolerance.svg": picture(tolerances()),
        "shared.svg": picture(neighbours()),
    }


def conventions() -> list[Panel]:
    """One mask in both conventions: a ring around a part, a pixel, a line, a square."""
    mask = mask_of(CORNER_CASES)
    edges = traced(mask)
    centers = traced(mask, coordinates="pixel_centers")
    return [
        Panel("pixel_edges", "(x, y) is a corner of a pixel", mask, edges),
        Panel("pixel_centers", "(x, y) is a pixel, drawn in its middle", mask, centers),
    ]


def misreadings() -> list[Panel]:
    """What a reader of the other convention makes of the same mask: red where it differs from the mask."""
    mask = mask_of(CORNER_CASES)
    edges, centers = mask_to_polygons(mask), mask_to_polygons(mask, coordinates="pixel_centers")
    panels = []
    for polygons, taken_for, way in (
        (edges, replace(edges, coordinates="pixel_centers"), "borders included"),
        (centers, replace(centers, coordinates="pixel_edges"), "by pixel centres"),
    ):
        wrong = runs_to_array(taken_for.to_runs()) != mask
        remark = f"filled {way}: {wrong.sum()} pixels wrong"
        panels.append(Panel(f"{polygons.coordinates}, misread", remark, mask, outlines_of(polygons), wrong=wrong))
    return panels


def connectivity() -> list[Panel]:
    """Two blocks that touch in a corner, one colour an object; and a region that meets itself in a corner."""
    two, pinched = mask_of(DIAGONAL), mask_of(PINCHED)
    return [
        Panel("connectivity 4", "two objects", two, by_object(two, connectivity=4)),
        Panel("connectivity 8", "one object of two zones", two, by_object(two, connectivity=8)),
        Panel("one region, at a corner", "its holes touch in a point", pinched, traced(pinched)),
    ]


def holes() -> list[Panel]:
    """A region with two holes under both tools, in each of the polygon tool's ways."""
    mask = mask_of(HOLED)
    polygons = mask_to_polygons(mask)
    zones = [zone for made in polygons.to_ango("segmentation") for zone in made["segmentation"]["zones"]]
    whole = tuple(Outline((ring_of(zone["region"]), *map(ring_of, zone["holes"]))) for zone in zones)
    filled, keyhole = (
        tuple(Outline((ring_of(made["polygon"]),)) for made in polygons.to_ango("polygon", holes=way))
        for way in ("fill", "keyhole")
    )
    return [
        Panel("segmentation tool", "a region and its holes", mask, whole, scale=17),
        Panel('polygon tool, "fill"', "the outline alone", mask, filled, scale=17, fills=True),
        Panel('polygon tool, "keyhole"', "one ring, bridges of no width", mask, keyhole, scale=17, fills=True),
    ]


def tolerances() -> list[Panel]:
    """A disc at three tolerances."""
    y, x = np.mgrid[:21, :21]
    mask = ((x - 10) ** 2 + (y - 10) ** 2 <= 60).astype(np.uint8)
    panels = []
    for tolerance in (0.1, 0.6, 1.0):
        polygons = mask_to_polygons(mask, tolerance=tolerance)
        remark = f"{len(polygons.points)} points, {polygons.verify(mask).n_wrong_pixels} wrong pixels"
        panels.append(Panel(f"tolerance {tolerance:g}", remark, mask, outlines_of(polygons), scale=11))
    return panels


def neighbours() -> list[Panel]:
    """Three neighbours simplified together and each alone; red where two lie over each other, or none is."""
    y, x = np.mgrid[:22, :32]
    mask = np.where(3 * y + x > 38, 2, 1).astype(np.uint8)
    mask[(x - 20) ** 2 + (y - 9) ** 2 <= 38] = 3
    return [
        Panel('"shared"', "each border once for both", mask, traced(mask, tolerance=1.5), 11, faults=True),
        Panel(
            '"rings"',
            "each ring alone; red: gaps and overlaps",
            mask,
            traced(mask, tolerance=1.5, simplification="rings"),
            11,
            faults=True,
        ),
    ]


def mask_of(text: str) -> NDArray[np.uint8]:
    """A mask from letters: ``.`` is background, A is 1, B is 2."""
    return np.array([[0 if letter == "." else ord(letter) - 64 for letter in line] for line in text.split()], np.uint8)


def traced(mask: NDArray[np.uint8], **options: Any) -> tuple[Outline, ...]:
    """A mask's polygons, coloured by class; those through pixel indices are drawn in the pixels' middle."""
    return outlines_of(mask_to_polygons(mask, **options))


def by_object(mask: NDArray[np.uint8], **options: Any) -> tuple[Outline, ...]:
    """A mask's polygons, coloured by object."""
    polygons = mask_to_polygons(mask, **options)
    return tuple(
        Outline(outline.rings, index)
        for outline, index in zip(outlines_of(polygons), polygons.object_indices.tolist(), strict=True)
    )


def outlines_of(polygons: Polygons) -> tuple[Outline, ...]:
    """Polygons, coloured by class."""
    shift = 0.5 if polygons.coordinates == "pixel_centers" else 0.0
    return tuple(
        Outline(
            tuple(ring.astype(np.float64) + shift for ring in (polygon.exterior, *polygon.holes)),
            int(polygon.class_name) - 1,
        )
        for polygon in polygons
    )


def ring_of(points: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """A ring as an import item has it."""
    return np.array(points, np.float64)


def picture(panels: Sequence[Panel]) -> str:
    """Panels side by side as one SVG file."""
    width = 2 * MARGIN + sum(panel.size[0] for panel in panels) + GAP * (len(panels) - 1)
    height = 2 * MARGIN + max(panel.size[1] for panel in panels)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    left = MARGIN
    for number, panel in enumerate(panels):
        lines += [f'<g transform="translate({left} {MARGIN})">', *panel_lines(panel, number), "</g>"]
        left += panel.size[0] + GAP
    return "\n".join([*lines, "</svg>", ""])


def panel_lines(panel: Panel, number: int) -> Iterator[str]:
    """The elements of one panel."""
    yield f'<text x="0" y="12">{panel.title}</text>'
    yield f'<text class="small" x="0" y="29">{panel.remark}</text>'
    yield f'<g transform="translate(0 {TITLE})">'
    yield from fault_lines(panel, number) if panel.faults else pixel_lines(panel)
    for outline in panel.outlines:
        yield from outline_lines(panel, outline)
    yield "</g>"


def pixel_lines(panel: Panel) -> Iterator[str]:
    """The mask's pixels, pale, and the grid between them."""
    scale, (height, width) = panel.scale, panel.mask.shape
    shown = panel.mask if panel.wrong is None else np.where(panel.wrong, 0, panel.mask)
    for value, color in enumerate(PALE, start=1):
        yield from bar_lines(shown == value, scale, color)
    if panel.wrong is not None:
        yield from bar_lines(panel.wrong, scale, RED)
    grid = [f"M{x * scale} 0V{height * scale}" for x in range(width + 1)]
    grid += [f"M0 {y * scale}H{width * scale}" for y in range(height + 1)]
    yield f'<path class="grid" d="{"".join(grid)}"/>'


def bar_lines(pixels: NDArray[np.bool_], scale: int, color: str) -> Iterator[str]:
    """Pixels as bars, one for each run of them in a row."""
    for y, row in enumerate(pixels):
        changes = np.flatnonzero(np.diff(row, prepend=False, append=False))
        for begin, end in changes.reshape(-1, 2).tolist():
            size = f'width="{(end - begin) * scale}" height="{scale}"'
            yield f'<rect x="{begin * scale}" y="{y * scale}" {size} fill="{color}"/>'


def fault_lines(panel: Panel, number: int) -> Iterator[str]:
    """The polygons over a red ground, which shows through gaps; what two of them cover is painted red again."""
    scale, (height, width) = panel.scale, panel.mask.shape
    yield f'<rect width="{width * scale}" height="{height * scale}" fill="{RED}"/>'
    paths = [path_of(outline.rings, scale) for outline in panel.outlines]
    for index, (path, outline) in enumerate(zip(paths, panel.outlines, strict=True)):
        yield f'<path d="{path}" fill="{PALE[outline.color]}" fill-rule="evenodd"/>'
        yield f'<clipPath id="p{number}-{index}"><path d="{path}" clip-rule="evenodd"/></clipPath>'
    for one, other in combinations(range(len(paths)), 2):
        clip = f"url(#p{number}-{one})"
        yield f'<path d="{paths[other]}" fill="{RED}" fill-rule="evenodd" clip-path="{clip}"/>'


def outline_lines(panel: Panel, outline: Outline) -> Iterator[str]:
    """One object's rings, with their vertices."""
    color, scale = STRONG[outline.color % len(STRONG)], panel.scale
    inside = f' style="fill:{color};fill-opacity:.3;fill-rule:evenodd"' if panel.fills else ""
    yield f'<path class="line" stroke="{color}" d="{path_of(outline.rings, scale)}"{inside}/>'
    for ring in outline.rings:
        for index, (x, y) in enumerate(ring):
            yield f'<circle cx="{x * scale:g}" cy="{y * scale:g}" r="{2.6 if index else 4:g}" fill="{color}"/>'


def path_of(rings: Iterable[NDArray[np.float64]], scale: int) -> str:
    """The rings as an SVG path."""
    return "".join("M" + "L".join(f"{x * scale:g} {y * scale:g}" for x, y in ring) + "Z" for ring in rings)


if __name__ == "__main__":
    main()
