"""Damaged mask files of every format: each ends in runs or in a MaskError, soon and in bounded memory.

``python tests/fuzz_masks.py 200000`` reads so many, from ``--seed``; an input repeats by its number. Inputs are read in
processes of their own, forked from this one, so that a crash, a hang or a greedy allocation costs one of them and is
told with the number of its input.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import random
import resource
import signal
import struct
import sys
import time
import warnings
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from masks.corpus import SAMPLES, check_runs
from prelabel.errors import MaskError
from prelabel.masks.decoders.decode import decode_mask
from prelabel.masks.decoders.library_noise import quieten_libraries
from prelabel.masks.decoders.signatures import format_of
from prelabel.masks.limits import MaskLimits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from prelabel.model import MaskValueKind

FORK = multiprocessing.get_context("fork")
LIMITS = MaskLimits(max_bytes=32 << 20, max_pixels=2_000_000)
CHUNK = 500
SLOWEST_S = 20
MOST_MEMORY = 512 << 20
"""Bytes beyond what the parent had: the limit on bytes, as often as decoders copy, and what libraries keep."""
NAMES = sorted(SAMPLES)
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HEADER = 64


def damaged(number: int, seed: int) -> tuple[str, bytes]:
    """Return the name of the sample and the damaged file of this number."""
    rng = random.Random(seed * 1_000_003 + number)
    name = NAMES[number % len(NAMES)]
    encoded = bytearray(SAMPLES[name].encoded)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        _damage(encoded, rng)
    if encoded.startswith(b"\x89PNG") and rng.random() < 0.8:
        _put_checksums_right(encoded)
    return name, bytes(encoded)


def _damage(encoded: bytearray, rng: random.Random) -> None:
    """Cut, flip, overwrite, double, drop or splice; headers more often than the rest."""
    if not encoded:
        return
    span = min(len(encoded), HEADER) if rng.random() < 0.5 else len(encoded)
    at = rng.randrange(span)
    kind = rng.randrange(8)
    if kind == 0:
        del encoded[rng.randrange(len(encoded)) :]
    elif kind == 1:
        encoded[at] ^= 1 << rng.randrange(8)
    elif kind == 2:
        encoded[at] = rng.randrange(256)
    elif kind == 3:
        code = rng.choice(("<H", ">H", "<I", ">I"))
        value = rng.choice(EXTREMES) & (0xFFFF if code[1] == "H" else 0xFFFFFFFF)
        encoded[at : at + struct.calcsize(code)] = struct.pack(code, value)
    elif kind == 4:
        del encoded[at : at + rng.randrange(1, 9)]
    elif kind == 5:
        encoded[at:at] = encoded[at : at + rng.randrange(1, 65)] * rng.choice((1, 1, 20))
    elif kind == 6:
        other = SAMPLES[rng.choice(NAMES)].encoded
        begin = rng.randrange(len(other))
        encoded[at : at + 16] = other[begin : begin + 16]
    else:
        encoded[at : at + rng.randrange(1, 17)] = bytes(rng.randrange(1, 17))


def _put_checksums_right(png: bytearray) -> None:
    at = 8
    while at + 12 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        end = at + 8 + length
        if end + 4 > len(png):
            break
        png[end : end + 4] = struct.pack(">I", zlib.crc32(png[at + 4 : end]))
        at = end + 4


class Ended(NamedTuple):
    """How an input ended, after how many seconds; ``outcome`` is "read", "refused" or what must not be."""

    number: int
    outcome: str
    seconds: float


def _read(numbers: range, seed: int, pipe: Connection) -> None:
    """Read inputs in a process of its own: tell each one's number before, and how it ended."""
    warnings.simplefilter("ignore")
    logging.disable()
    quieten_libraries()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MOST_MEMORY, -1))
    for number in numbers:
        name, encoded = damaged(number, seed)
        pipe.send(number)
        signal.alarm(SLOWEST_S)  # ends the process, also within a C library
        started = time.perf_counter()
        outcome = _outcome(encoded, SAMPLES[name].kind)
        signal.alarm(0)
        pipe.send(Ended(number, outcome, time.perf_counter() - started))


def _outcome(encoded: bytes, kind: MaskValueKind) -> str:
    try:
        check_runs(decode_mask(encoded, kind, LIMITS))
    except MaskError as error:
        return "out of memory" if "not enough memory" in str(error) else "refused"
    except BaseException as error:  # noqa: BLE001 - that none comes is what is looked for
        return f"{type(error).__name__}: {error}"
    return "read"


def ends(numbers: range, seed: int) -> Iterator[Ended]:
    """Read inputs in child processes, a new one after each that died."""
    at = numbers.start
    while at < numbers.stop:
        receiver, sender = FORK.Pipe(duplex=False)
        child = FORK.Process(target=_read, args=(range(at, min(at + CHUNK, numbers.stop)), seed, sender), daemon=True)
        child.start()
        sender.close()
        begun = None
        try:
            while True:
                told = receiver.recv()
                if isinstance(told, Ended):
                    yield told
                    at, begun = told.number + 1, None
                else:
                    begun = told
        except EOFError:
            child.join()
        if begun is not None:
            what = "hung" if child.exitcode == -signal.SIGALRM else f"died ({child.exitcode})"
            yield Ended(begun, what, SLOWEST_S)
            at = begun + 1
        elif child.exitcode:
            raise RuntimeError(f"a child ended with {child.exitcode} before input {at}")


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Read the inputs and print what came of them; 1 if one ended as none may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", type=int, nargs="?", default=20_000, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of the damage")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    given = parser.parse_args(arguments)
    counts: dict[str, Counter[str]] = {}
    slowest = Ended(0, "", 0.0)
    for ended in ends(range(given.first, given.first + given.inputs), given.seed):
        name, encoded = damaged(ended.number, given.seed)
        family: str = format_of(SAMPLES[name].encoded)
        known = ended.outcome if ended.outcome in {"read", "refused"} else "wrong"
        counts.setdefault(family, Counter())[known] += 1
        if known == "wrong":
            tell(f"input {ended.number} ({name}, {len(encoded)} bytes): {ended.outcome}")
        slowest = max(slowest, ended, key=lambda each: each.seconds)
    for family, counted in sorted(counts.items()):
        tell(f"{family}: {counted['read']} read, {counted['refused']} refused, {counted['wrong']} wrong")
    n_wrong = sum(counted["wrong"] for counted in counts.values())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    tell(f"{given.inputs} inputs, {n_wrong} wrong; slowest {slowest.seconds:.2f} s (input {slowest.number}); {peak} MB")
    return int(n_wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
