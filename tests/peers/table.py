#!/usr/bin/env python3
"""The tables of docs/compatibility.md, from the cells that the peers' tests left in $RK_BUILD.

    table.py           compare: a cell that differs, is empty or is lost fails; one that could not
                       be seen on this machine is a skip, but a failure in CI
    table.py --begin   forget what an earlier run left
    table.py --write   put what was seen into the page
"""
import re
import sys

sys.dont_write_bytecode = True

import cells  # noqa: E402
import peer  # noqa: E402,F401
import story  # noqa: E402

PAGE = story.SOURCE / "docs" / "compatibility.md"
PART = re.compile(r"(<!-- seen: begin -->\n)(.*?)(<!-- seen: end -->\n)", re.S)
DIALECTS = ("tuf", "notary")


def position(order, word):
    return (order.index(word) if word in order else len(order), word)


def row(words):
    return "| " + " | ".join(words) + " |"


def rendered(seen):
    """One table for each dialect: a client's row, a key type's column."""
    lines = []
    for dialect in sorted({key[0] for key in seen}, key=lambda name: position(DIALECTS, name)):
        types = sorted({key[2] for key in seen if key[0] == dialect},
                       key=lambda name: position(story.KEY_TYPES, name))
        lines += ["", row([f"dialect {dialect}", *types]), row(["---"] * (1 + len(types)))]
        for client in sorted({key[1] for key in seen if key[0] == dialect}):
            lines.append(row([client, *(seen.get((dialect, client, one), "") for one in types)]))
    return "\n".join(lines[1:]) + "\n" if lines else ""


def read(text):
    """The cells that a page's tables state."""
    found, dialect, types = {}, None, []
    for line in text.splitlines():
        words = [word.strip() for word in line.strip("|").split("|")]
        if words[0].startswith("dialect "):
            dialect, types = words[0][len("dialect "):], words[1:]
        elif line.startswith("|") and not words[0].startswith("---"):
            found.update({(dialect, words[0], one): word for one, word in zip(types, words[1:])})
    return found


def compare(stated, seen):
    """(what is wrong, what was not seen), as sentences."""
    wrong, unseen = [], []
    for key in sorted({*stated, *seen}):
        name = " | ".join(key)
        if key not in seen:
            unseen.append(f"not seen: {name}")
        elif not stated.get(key):
            wrong.append(f"not in the page: {name}: {seen[key]}")
        elif stated[key] != seen[key]:
            wrong.append(f"{name}: the page says {stated[key]!r}, seen was {seen[key]!r}")
    wrong += [f"an empty cell: {' | '.join(key)}" for key, word in stated.items() if not word]
    return wrong, unseen


def write(seen):
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(PART.sub(lambda part: part[1] + rendered(seen) + part[3], text), encoding="utf-8")


def main(arguments):
    if arguments == ["--begin"]:
        cells.forget()
        return 0
    seen = cells.seen()
    print(rendered(seen))
    if arguments == ["--write"]:
        write(seen)
        return 0
    part = PART.search(PAGE.read_text(encoding="utf-8"))
    wrong, unseen = compare(read(part[2]) if part else {}, seen)
    if not part or (not wrong and not unseen and part[2] != rendered(seen)):
        wrong.append(f"{PAGE.name} has no such table; {sys.argv[0]} --write makes it")
    failed = wrong + (unseen if story.IN_CI else [])
    print("\n".join(wrong + unseen))
    skipped = len(unseen) if not failed else 0
    if skipped:
        print(f"SKIP: {skipped} cells were not seen on this machine")
    print(f"suite: {0 if failed or skipped else 1} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
