#!/usr/bin/env python3
"""What each PKCS#11 module was seen to do: the tables of docs/tokens.md.

    matrix.py TABLE           compare the page with what the suite left in $RK_BUILD: a cell that
                              differs, is empty or is lost fails; one that could not be seen on this
                              machine is a skip, but a failure in CI
    matrix.py TABLE --begin   forget what an earlier run left
    matrix.py TABLE --write   put what was seen into the page

TABLE is modules or tpm.
"""
import json
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "stories"))

import story  # noqa: E402

PAGE = story.SOURCE / "docs" / "tokens.md"
TABLES = ("modules", "tpm")
ORDER = ("listed", "`token init`", "`key enrol`", "`key generate`", "signs TUF", "signs Notary", "two",
         "a wrong", "PIN", "`backup clone`", "`key delete`")


def folder(table):
    """None without a build: what is run by hand leaves nothing."""
    build = os.environ.get("RK_BUILD")
    return pathlib.Path(build) / f"seen-{table}" if build else None


def saw(table, ability, module, outcome):
    """A cell: the row and the column it is in, and what stands there."""
    cell = {"ability": ability, "module": module, "outcome": outcome}
    if not all(re.fullmatch(r"[^|\n]+", word) for word in cell.values()):
        raise ValueError(f"no cell: {cell}")
    print("\n| " + " | ".join(cell.values()) + " |")
    if folder(table):
        folder(table).mkdir(exist_ok=True)
        name = re.sub(r"[^A-Za-z0-9.]+", "-", f"{module}--{ability}")
        (folder(table) / f"{name}.json").write_text(json.dumps(cell))


def left(table):
    return sorted(folder(table).glob("*.json")) if folder(table) and folder(table).is_dir() else []


def seen(table):
    """(ability, module) -> outcome."""
    cells = [json.loads(path.read_text()) for path in left(table)]
    return {(cell["ability"], cell["module"]): cell["outcome"] for cell in cells}


def position(ability):
    """Abilities in the order of a token's life, key types in ours."""
    first = next((place for place, word in enumerate(ORDER) if ability.startswith(word)), len(ORDER))
    key_type = ability.rpartition(", ")[2]
    last = story.KEY_TYPES.index(key_type) if key_type in story.KEY_TYPES else len(story.KEY_TYPES)
    return first, last, ability


def row(words):
    return "| " + " | ".join(words) + " |"


def rendered(cells):
    columns = sorted({module for _, module in cells}, key=str.lower)
    lines = [row(["", *columns]), row(["---"] * (1 + len(columns)))]
    for ability in sorted({ability for ability, _ in cells}, key=position):
        lines.append(row([ability, *(cells.get((ability, column), "") for column in columns)]))
    return "\n".join(lines) + "\n" if cells else ""


def read(text):
    """The cells that a table states."""
    rows = [[word.strip() for word in line.strip("|").split("|")] for line in text.splitlines()
            if line.startswith("|")]
    return {(words[0], column): word for words in rows[2:]
            for column, word in zip(rows[0][1:], words[1:])}


def compare(stated, cells):
    """(what is wrong, what was not seen), as sentences."""
    wrong, unseen = [], []
    for key in sorted({*stated, *cells}):
        name = " | ".join(key)
        if not stated.get(key):
            wrong.append(f"an empty cell in the page: {name}: {cells.get(key, 'not seen either')}")
        elif key not in cells:
            unseen.append(f"not seen: {name}")
        elif stated[key] != cells[key]:
            wrong.append(f"{name}: the page says {stated[key]!r}, seen was {cells[key]!r}")
    return wrong, unseen


def part(table):
    """The part of the page between a table's marks."""
    return re.compile(rf"(<!-- {table}: begin -->\n)(.*?)(<!-- {table}: end -->\n)", re.S)


def write(table, cells):
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(part(table).sub(lambda found: found[1] + rendered(cells) + found[3], text),
                    encoding="utf-8")


def main(arguments):
    table = arguments[0]
    if table not in TABLES:
        sys.exit(__doc__)
    if arguments[1:] == ["--begin"]:
        for path in left(table):
            path.unlink()
        return 0
    cells = seen(table)
    print(rendered(cells))
    if arguments[1:] == ["--write"]:
        write(table, cells)
        return 0
    found = part(table).search(PAGE.read_text(encoding="utf-8"))
    wrong, unseen = compare(read(found[2]) if found else {}, cells)
    if not found or (not wrong and not unseen and found[2] != rendered(cells)):
        wrong.append(f"{PAGE.name} has no such table; {sys.argv[0]} {table} --write makes it")
    failed = wrong + (unseen if story.IN_CI else [])
    print("\n".join(wrong + unseen))
    skipped = len(unseen) if not failed else 0
    if skipped:
        print(f"SKIP: {skipped} cells were not seen on this machine")
    print(f"suite: {0 if failed or skipped else 1} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
