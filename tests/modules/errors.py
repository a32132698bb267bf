#!/usr/bin/env python3
"""The table of errors in docs/tokens.md, out of pkcs11/refusal.c: errors.py --write renews it."""
import re
import sys

sys.dont_write_bytecode = True

import matrix
import story

SOURCE = story.SOURCE / "pkcs11" / "refusal.c"
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def macros(source):
    return {name: text for name, text in re.findall(r'^#define (\w+) "(.*)"$', source, re.M)}


def rows():
    """(PKCS#11's word, what is said, what to do) of each row there."""
    source = SOURCE.read_text(encoding="utf-8")
    known = macros(source)
    table = re.search(r"^static const struct row rows\[\] = \{\n(.*?)^\};", source, re.M | re.S)[1]
    found = []
    for row in re.findall(r"^    \{(.*?)\},$", table, re.M | re.S):
        word, text = re.match(r'\w+,\s*"([^"]*)",\s*\w+,(.*)', row, re.S).groups()
        first, last = divided(text)
        remedy = known.get(last.strip(), "".join(TEXT.findall(last)))
        found.append((word, "".join(TEXT.findall(first)), remedy))
    return found


def divided(text):
    """The sentence and the remedy, each a literal in one or more parts, or a word."""
    end = re.match(r'\s*(?:"(?:[^"\\]|\\.)*"\s*)+', text, re.S).end()
    return text[:end], text[end:].lstrip(",\n\t ")


def rendered():
    lines = [matrix.row(["what is said", "what to do", "PKCS#11"]), matrix.row(["---"] * 3)]
    for word, sentence, remedy in rows():
        name = f"`{word}`" if word.startswith("CKR_") else "-"
        lines.append(matrix.row([sentence, remedy.replace("|", "\\|") or "-", name]))
    return "\n".join(lines) + "\n"


def stated():
    return matrix.part("errors").search(matrix.PAGE.read_text(encoding="utf-8"))[2]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        text = matrix.PAGE.read_text(encoding="utf-8")
        matrix.PAGE.write_text(matrix.part("errors").sub(
            lambda found: found[1] + rendered() + found[3], text), encoding="utf-8")
    print(rendered(), end="")
