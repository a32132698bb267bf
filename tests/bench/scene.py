"""A folder with tokens, keys, made-up targets and keeps, and the means to measure and to count.

A scene is a story (tests/stories/story.py) that is measured. What a command costs is told by the
program `meter`; which PKCS#11 calls were made, by tests/modules/forward.c.
"""
import dataclasses
import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "stories"))

import story  # noqa: E402

BUILD = pathlib.Path(os.environ.get("RK_BUILD") or pathlib.Path(story.BINARY or ".").resolve().parent)
LONGEST = 3600


def program(name):
    path = BUILD / "tests" / "bench" / name
    if not os.access(path, os.X_OK):
        story.missing(f"no program {path}")
    return path


@dataclasses.dataclass
class Cost:
    """What a command cost: seconds, and the KiB of its largest process."""
    wall: float
    cpu: float
    rss: int

    def __add__(self, other):
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.rss, other.rss))


class Scene(story.Story):
    """`setUp` and `doCleanups` are the caller's where it is no test."""

    def runTest(self):
        """A story is a test; a scene need not have one."""

    # Running

    def cost(self, *words, cwd=None, env=None, allowed=(0,)):
        """Run a command to its end; its output is thrown away unless it fails."""
        report = self.folder / "meter"
        out = self.folder / "out"
        with open(out, "wb") as sink:
            subprocess.run([program("meter"), report, *map(str, words)], cwd=cwd or self.keep,
                           env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL, stdout=sink,
                           stderr=subprocess.STDOUT, timeout=LONGEST, start_new_session=True,
                           check=True)
        wall, user, system, rss, status = report.read_text().split()
        if int(status) not in allowed:
            said = out.read_text(errors="replace")[:2000]
            raise AssertionError(f"status {status} of {' '.join(map(str, words))}\n{said}")
        return Cost(float(wall), float(user) + float(system), int(rss))

    def rk_cost(self, *arguments, pins=None, **options):
        return self.cost(*self.command(arguments, pins), **options)

    def said(self):
        """What the command measured last printed."""
        return (self.folder / "out").read_text()

    # Made-up targets

    def made(self, count, order="sorted", form="metadata"):
        """The file of so many targets; made once."""
        path = self.folder / f"{count}-{order}.{form}"
        if not path.exists():
            with open(path, "wb") as out:
                subprocess.run([program("targets"), str(count), order, form], stdout=out, check=True)
        return path

    def one_more(self, name):
        """The arguments that add one target of this name by its facts."""
        return ("--name", name, "--length", "5", "--sha256", "5a" * 32)

    # A keep with keys, and repositories in it

    def keys(self, key_type="ecdsa-p256"):
        """One token with the keys root and targets."""
        token = self.token("bench")
        for name in ("root", "targets"):
            self.key(name, token, key_type)
        return token

    def repositories(self, count, since=0):
        """Up to so many, signed and published: repo-0, repo-1 …"""
        for number in range(since, count):
            self.repository(f"repo-{number}")
        self.good("sign", "--all")

    def filled(self, name, count):
        """A published repository with so many targets."""
        self.repository(name)
        self.good("target", "add", name, "--from", self.made(count, form="list"))
        self.good("sign", name)

    # Counting calls

    def forwarded(self, rule=""):
        """From here on the module softhsm2 is one that writes down the calls it hands on."""
        forward = BUILD / "tests" / "modules" / "forward.so"
        if not forward.exists():
            story.missing(f"no module {forward}")
        modules = self.folder / "home" / ".config" / "pkcs11" / "modules"
        modules.mkdir(parents=True, mode=0o700, exist_ok=True)
        (modules / "softhsm2.module").write_text(f"module: {forward}\n")
        self.env.update(RK_FORWARD_MODULE=story.MODULE, RK_FORWARD_LOG=str(self.call_log),
                        RK_FORWARD_RULE=rule)

    @property
    def call_log(self):
        return self.folder / "calls"

    def calls(self):
        """The calls since this was asked last, in their order."""
        lines = self.call_log.read_text().splitlines() if self.call_log.exists() else []
        self.call_log.unlink(missing_ok=True)
        return list(parsed(lines))


@dataclasses.dataclass
class Call:
    """One PKCS#11 call. `slot` is None where it has no session; `notes` is what else was written."""
    name: str
    answer: int
    slot: str
    notes: dict


def parsed(lines):
    """Calls from the log's lines; which slot a session is of, only its C_OpenSession says."""
    slots = {}
    for line in lines:
        name, answer, *rest = line.split()
        notes = dict(note.split("=") for note in rest)
        if "slot" in notes:
            slots[notes["session"]] = notes["slot"]
        yield Call(name, int(answer, 16), slots.get(notes.get("session")), notes)


def device_use(calls):
    """(signatures, share of the time from the first to the last that the device was busy)"""
    turns = [(float(call.notes["began"]), float(call.notes["ended"])) for call in calls
             if "began" in call.notes]
    if not turns:
        raise AssertionError("no signature came from the device")
    span = max(ended for _, ended in turns) - min(began for began, _ in turns)
    return len(turns), sum(ended - began for began, ended in turns) / span


def signatures_in(result):
    """How many signatures `sign --json` tells of."""
    document = json.loads(result.out)
    if "repositories" not in document:
        return len(document["signed"])
    return sum(len(repository["signed"]) for repository in document["repositories"])
