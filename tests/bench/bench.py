#!/usr/bin/env python3
"""How fast it is, against floor programs and other people's, as ratios of one run.

    bench.py [--build FOLDER] [--folder FOLDER] [--quick] [--goal G1,G7] [--json]

The build (default: build/release) must be of the preset 'release'. Costs are taken in turns, ours
and theirs; a ratio is that of the least costs, with that of the medians in brackets. Exit status 1
when a goal is missed.
"""
import argparse
import os
import pathlib
import platform
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build" / "release",
                        help="the build folder")
    parser.add_argument("--folder", default="/var/tmp",
                        help="where the files lie: /dev/shm leaves the disk out")
    parser.add_argument("--quick", action="store_true", help="small sizes: does all of it run?")
    parser.add_argument("--goal", help="these goals alone, with commas between them")
    parser.add_argument("--json", action="store_true", help="one JSON document, with all figures")
    return parser.parse_args()


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine():
    return f"{os.cpu_count()} × {processor()}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}"


def table(rows):
    heads = ("goal", "what", "measured", "limit", "", "command")
    lines = [(row.goal, row.what, row.measured, row.limit, row.verdict, row.command) for row in rows]
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for line in lines:
        print("| " + " | ".join(line) + " |")


def main():
    wanted = arguments()
    build = wanted.build.resolve()
    os.environ.update(RK_BUILD=str(build), RK_SOURCE=str(SOURCE), RK_TEST_DIR=wanted.folder)
    os.environ.setdefault("RK_BINARY", str(build / "rootkeep"))
    import goals  # what it imports reads the environment

    names = wanted.goal.split(",") if wanted.goal else list(goals.GOALS)
    for name in names:
        if name not in goals.GOALS:
            sys.exit(f"no goal {name}; there are {', '.join(goals.GOALS)}")
    sizes = goals.Sizes.quick() if wanted.quick else goals.Sizes()
    print(f"on {machine()}", file=sys.stderr)
    rows = []
    for name in names:
        print(f"{name}: {goals.GOALS[name][0]} (load {os.getloadavg()[0]:.1f})", file=sys.stderr)
        rows += goals.run(name, sizes)
    if wanted.json:
        print(goals.as_json(rows))
    else:
        table(rows)
    sys.exit(1 if any(row.met is False for row in rows) else 0)


if __name__ == "__main__":
    main()
