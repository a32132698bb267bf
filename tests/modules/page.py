"""The shell blocks of docs/tokens.md, section by section, as a test runs them.

A block ```sh has to end well; ```sh exit=N with that status.
"""
import os
import pathlib
import re
import subprocess

import story

PAGE = story.SOURCE / "docs" / "tokens.md"
ELSEWHERE = set()  # sections whose commands a test of another suite runs
BLOCK = re.compile(r"^```sh(?: exit=(\d+))?\n(.*?)^```$", re.M | re.S)


def sections():
    parts = re.split(r"^## (.*)\n", "## \n" + PAGE.read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def titles():
    return list(sections())


def section(title):
    """[(status, script)] below a heading; "": before the first."""
    return [(int(status or 0), text) for status, text in BLOCK.findall(sections()[title])]


def script(blocks):
    """One shell for all, which says where it stops."""
    lines = ["set -uo pipefail"]
    for number, (status, text) in enumerate(blocks, 1):
        if status:
            lines.append(f"{text.strip()}\ndone=$?; [ $done = {status} ] || "
                         f"{{ echo \"block {number} ended with $done\" >&2; exit 1; }}")
        else:
            lines.append(f"set -e\n{text.strip()}\nset +e")
    return "\n".join(lines) + "\n"


def run(test, *names, **environment):
    """The blocks of these sections in the story's folder, with the program on PATH."""
    programs = test.folder / "bin"
    programs.mkdir()
    (programs / "rootkeep").symlink_to(pathlib.Path(story.BINARY).resolve())
    place = test.folder / "page"
    place.mkdir(mode=0o700)
    blocks = [block for name in names for block in section(name)]
    env = {**test.env, "PATH": f"{programs}:{os.environ['PATH']}", **environment}
    done = subprocess.run(["bash", "-c", script(blocks)], cwd=place, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, start_new_session=True, check=False)
    if done.returncode:
        raise AssertionError(f"{names}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout + done.stderr
