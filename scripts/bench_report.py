"""Turn a pytest-benchmark JSON into the table of docs/benchmarks.md; never edited by hand, losses kept.

nox -s bench -- --benchmark-json=bench.json
python scripts/bench_report.py bench.json > docs/benchmarks.md
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """# Benchmarks

Made by `scripts/bench_report.py` from one run of `nox -s bench` (perhaps of a choice of it, by `-k`). The peers ran in
the same run on the same machine ({machine}); best of the rounds. A ratio above 1 means that prelabel is faster; losses
stay in the table. Workloads are named in `benchmarks/workloads.py`; what a peer does and does not give is said beside
its code.
"""
BASELINE = {
    "test_batch_of_masks": "2 threads",
    "test_new_process": "python alone",
    "test_real_png_to_polygons": "prelabel at 1 px",
}
MANY = 5
"""From so many workloads on a table ends with what comes of them together."""


def main() -> None:
    """Read the JSON named on the command line and print the tables."""
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - a script
        results = json.load(file)
    cpu = results["machine_info"].get("cpu", {})
    print(HEAD.format(machine=f"{cpu.get('brand_raw', 'unknown')}, {cpu.get('count', '?')} cores"))
    tests: dict[str, dict[str, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for entry in results["benchmarks"]:
        name = entry["name"].split("[")[0]
        parameters = entry["params"] or {}
        named = [str(parameters[key]) for key in ("workload", "writer") if key in parameters]
        named += [f"at {parameters['tolerance']:g} px"] if "tolerance" in parameters else []
        workload = " ".join(named) or "-"
        tests[name][workload][parameters.get("peer") or parameters.get("road") or "prelabel"] = entry
    for name, workloads in tests.items():
        print(f"## {name.removeprefix('test_').replace('_', ' ')}\n")
        for line in table(workloads, BASELINE.get(name, "prelabel")):
            print(line)
        print()


def table(workloads: dict[str, dict[str, Any]], baseline: str) -> list[str]:
    """Rows of one test: our time, what it makes of it, and each peer's time as a multiple of ours."""
    measured = {workload: row for workload, row in workloads.items() if baseline in row}
    peers = list(dict.fromkeys(peer for row in measured.values() for peer in row if peer != baseline))
    is_counted = any("n_points" in row[baseline]["extra_info"] for row in measured.values())
    heads = [f"{baseline}, ms", *(["million points/s"] if is_counted else []), *(f"{peer}, ratio" for peer in peers)]
    lines = ["| workload | " + " | ".join(heads) + " |", "| --- " * (1 + len(heads)) + "|"]
    ratios: dict[str, list[float]] = {peer: [] for peer in peers}
    for workload, row in measured.items():
        ours = row[baseline]["stats"]["min"]
        cells = [f"{ours * 1000:.3f}"]
        if is_counted:
            cells.append(f"{row[baseline]['extra_info']['n_points'] / ours / 1e6:.1f}")
        for peer in peers:
            if peer in row:
                ratios[peer].append(row[peer]["stats"]["min"] / ours)
            cells.append(f"{ratios[peer][-1]:.2f}" if peer in row else "-")
        lines.append(f"| {workload} | " + " | ".join(cells) + " |")
    if len(measured) >= MANY:
        lines += summary(ratios, 1 + is_counted)
    return lines


def summary(ratios: dict[str, list[float]], n_before: int) -> list[str]:
    """Rows with each peer's median and least ratio, and how often it is quicker than we are."""
    kinds: dict[str, Callable[[list[float]], str]] = {
        "**median**": lambda found: f"**{statistics.median(found):.2f}**",
        "**least**": lambda found: f"**{min(found):.2f}**",
        "**quicker than we are**": lambda found: f"**{sum(ratio < 1 for ratio in found)} of {len(found)}**",
    }
    return [
        f"| {name} " + "| " * n_before + "".join(f"| {say(found)} " for found in ratios.values()) + "|"
        for name, say in kinds.items()
    ]


if __name__ == "__main__":
    main()
