"""What a client was seen to do with one dialect and one key type: a cell of docs/compatibility.md.

A test that has seen everything a cell stands for calls saw(); table.py makes the table of what is
left in the folder of results, which lies in the build.
"""
import json
import os
import pathlib
import re

ACCEPTS = "accepts"
REFUSES = "refuses, as lint says"


def folder():
    """None without a build: what is run by hand leaves nothing."""
    build = os.environ.get("RK_BUILD")
    return pathlib.Path(build) / "peers-seen" if build else None


def saw(client, dialect, key_type, outcome):
    """client: its name and version. outcome: words for the table, one of the above if they fit."""
    cell = {"client": client, "dialect": dialect, "key_type": key_type, "outcome": outcome}
    if not all(re.fullmatch(r"[^|\n]+", word) for word in cell.values()):
        raise ValueError(f"no cell: {cell}")
    print("\n| " + " | ".join(cell.values()) + " |")
    if folder():
        folder().mkdir(exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9.]+", "-", "--".join((dialect, client, key_type)))
        (folder() / f"{name}.json").write_text(json.dumps(cell))


def seen():
    """The cells that were left, as (dialect, client, key type) -> outcome."""
    found = {}
    for path in sorted(folder().glob("*.json")) if folder() and folder().is_dir() else ():
        cell = json.loads(path.read_text())
        found[cell["dialect"], cell["client"], cell["key_type"]] = cell["outcome"]
    return found


def forget():
    for path in folder().glob("*.json") if folder() and folder().is_dir() else ():
        path.unlink()
