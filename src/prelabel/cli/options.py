"""The options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

CsvFile = Annotated[Path, typer.Argument(help="The CSV file, one row per asset.", show_default=False)]
ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", metavar="FILE", help="The config: the plugin's JSON as it is, or TOML."),
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the outcome here as JSON, for programs.")
]
RejectsFile = Annotated[
    Path | None,
    typer.Option(
        "--rejects", metavar="FILE", help="Write failed rows here as CSV, with the reason, to mend and rerun."
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", "-d", metavar="D", help="What stands between cells: , ; or tab. Found out unless set."),
]
MaskRoot = Annotated[
    Path | None,
    typer.Option("--mask-root", metavar="DIR", help="Folder that mask paths start from. The CSV's own unless set."),
]
FetchConcurrency = Annotated[
    int,
    typer.Option("--fetch-concurrency", min=1, metavar="N", help="Masks fetched at once, where they are URLs or keys."),
]
FetchTimeout = Annotated[
    float,
    typer.Option("--fetch-timeout", min=0.1, metavar="S", help="Seconds a mask has to arrive, tries included."),
]
MaxMaskBytes = Annotated[
    int,
    typer.Option(
        "--max-mask-bytes", min=1, metavar="N", help="The most bytes of a mask: of its file, and of its pixels decoded."
    ),
]
MaxMaskPixels = Annotated[
    int, typer.Option("--max-mask-pixels", min=1, metavar="N", help="The most pixels of a mask; more fail the row.")
]
MaxRedirects = Annotated[int, typer.Option("--max-redirects", min=0, metavar="N", help="Redirects followed to a mask.")]
MaxSharedBytes = Annotated[
    int,
    typer.Option(
        "--max-shared-bytes",
        min=0,
        metavar="N",
        help="Memory for masks that several rows name, to trace each only once.",
    ),
]
AllowOutsideRoot = Annotated[
    bool,
    typer.Option("--allow-outside-root", help="Read mask files outside of the mask root too, wherever the CSV points."),
]
AllowMaskHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-mask-host",
        metavar="NAME",
        help="A host that masks may come from although its address, or a redirect to it, is refused. Repeatable.",
    ),
]
Host = Annotated[
    str | None,
    typer.Option("--host", envvar="ANGO_HOST", metavar="URL", help="The Hub. https://imeritapi.ango.ai unless set."),
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option("--api-key-file", metavar="FILE", help="File with the API key, instead of ANGO_API_KEY."),
]
Verify = Annotated[
    bool,
    typer.Option("--verify", help="Rasterise each mask's polygons again, compare with the mask, report per row."),
]
MinIou = Annotated[
    float | None,
    typer.Option(
        "--min-iou", min=0, max=1, metavar="X", help="Rows with a class below this IoU fail. Implies --verify."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary, only errors.")]
