"""Turn a pytest-benchmark JSON into the table of docs/benchmarks.md; never edited by hand, losses kept.

nox -s bench -- --benchmark-json=bench.json
python scripts/bench_report.py bench.json > docs/benchmarks.md
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from typing import Any

HEAD = """# Benchmarks

Made by `scripts/bench_report.py` from one run of `nox -s bench` (perhaps of a choice of it, by `-k`). The peers ran in
the same run on the same machine ({machine}); best of the rounds. A ratio above 1 means that prelabel is faster; losses
stay in the table. Workloads are named in `benchmarks/workloads.py`; what a peer does and does not give is said beside
its code.
"""
BASELINE = {"test_batch_of_masks": "1 thread"}


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
        workload = " ".join(str(parameters[key]) for key in ("workload", "writer") if key in parameters) or "-"
        tests[name][workload][parameters.get("peer") or parameters.get("road") or "prelabel"] = entry
    for name, workloads in tests.items():
        print(f"## {name.removeprefix('test_').replace('_', ' ')}\n")
        for line in table(workloads, BASELINE.get(name, "prelabel")):
            print(line)
        print()


def table(workloads: dict[str, dict[str, Any]], baseline: str) -> list[str]:
    """Rows of one test: our time, and each peer's as a multiple of it."""
    peers = list(dict.fromkeys(peer for row in workloads.values() for peer in row if peer != baseline))
    lines = [f"| workload | {baseline}, ms | " + " | ".join(f"{peer}, ratio" for peer in peers) + " |"]
    lines.append("| --- " * (2 + len(peers)) + "|")
    for workload, row in workloads.items():
        if baseline not in row:
            continue
        ours = row[baseline]["stats"]["min"]
        ratios = [f"{row[peer]['stats']['min'] / ours:.2f}" if peer in row else "-" for peer in peers]
        lines.append(f"| {workload} | {ours * 1000:.2f} | " + " | ".join(ratios) + " |")
    return lines


if __name__ == "__main__":
    main()
