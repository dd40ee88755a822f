"""How fast the parsers are on hostile input, and that none of a million inputs brings them down.

Inputs are mutations of a corpus (heads, certificates, DNS messages, URLs, ...) from a seeded source, so a run can be
repeated: the same seed and number give the same inputs. An input fails the run when anything but the parser's own error
comes out, when the answer is not bounded, or when it takes more processor time than the bound.
"""

import argparse
import gc
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from tabulate import tabulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the corpus is the tests'

INPUTS = 1_000_000
SEED = 20261122
BOUND_S = 0.25


@dataclass
class Tally:
    """What one parser did with its inputs; times are of the processor."""

    parser: str
    inputs: int = 0
    mib: float = 0.0
    seconds: float = 0.0
    slowest_ms: float = 0.0
    slowest_bytes: int = 0
    slowest_head: str = ""
    foreign: int = 0
    first_foreign: str = ""


def feed(name: str, count: int, seed: int) -> Tally:
    """Give a parser so many inputs."""
    from generated import PARSERS, mutated

    parser, chance, tally = PARSERS[name], Random(f"{seed} {name}"), Tally(name)
    seeds = parser.seeds()
    clock = time.thread_time
    gc.collect()
    gc.disable()  # a collection is no fault of the input that it hits
    for number in range(count):
        data = mutated(chance, parser, seeds)
        began = clock()
        try:
            parser.read(data)
        except Exception as error:  # noqa: BLE001 - what this looks for
            tally.foreign += 1
            tally.first_foreign = (
                tally.first_foreign or f"input {number}: {type(error).__name__}: {error} from {data[:120]!r}"
            )
        took = clock() - began
        tally.seconds += took
        tally.mib += len(data) / (1 << 20)
        if took * 1000 > tally.slowest_ms:
            tally.slowest_ms, tally.slowest_bytes, tally.slowest_head = took * 1000, len(data), repr(data[:60])
        if number % 20_000 == 0:
            gc.collect()
    gc.enable()
    tally.inputs = count
    return tally


def main() -> int:
    """Feed every parser its share, print what came of it; 1 when one failed."""
    from generated import PARSERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="altogether")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--bound", type=float, default=BOUND_S, help="processor seconds one input may take")
    parser.add_argument("--only", choices=sorted(PARSERS), action="append", help="these parsers")
    parser.add_argument("--json", action="store_true", help="for machines")
    arguments = parser.parse_args()
    names = arguments.only or list(PARSERS)
    share = -(-arguments.inputs // len(names))
    tallies = [feed(name, share, arguments.seed) for name in names]
    bad = [it for it in tallies if it.foreign or it.slowest_ms > arguments.bound * 1000]
    if arguments.json:
        json.dump({"seed": arguments.seed, "parsers": [asdict(it) for it in tallies], "failed": len(bad)}, sys.stdout)
        return 1 if bad else 0
    table = [
        (
            it.parser,
            it.inputs,
            f"{it.mib:.0f}",
            f"{it.inputs / it.seconds:,.0f}",
            f"{it.slowest_ms:.1f}",
            it.slowest_bytes,
            it.foreign,
        )
        for it in tallies
    ]
    headers = (
        f"parsers, seed {arguments.seed}",
        "inputs",
        "MiB",
        "inputs/s",
        "slowest ms",
        "its bytes",
        "foreign errors",
    )
    print(tabulate(table, headers, disable_numparse=True, colalign=("left",) + ("right",) * 6))
    print(f"{sum(it.inputs for it in tallies):,} inputs; bound {arguments.bound * 1000:.0f} ms an input")
    for it in bad:
        print(f"FAILED {it.parser}: {it.first_foreign or f'{it.slowest_ms:.0f} ms on {it.slowest_head}'}")
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
