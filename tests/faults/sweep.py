"""A story, run again and again, each time with another call to the token's module that goes wrong.

A class of stories names a scene (`prepare`), a command (`arguments`), and what holds once it is done
(`done`). The scene is made once; before each blow its folders are set back. The module that
forwards (forward.h) strikes call number N of all calls, for N = 1, 2, … and what can go wrong with
that call. Where the command fails, the error has a fact, a cause and a remedy, no PIN was spent
twice, nothing is left on the token that is not named, the keep is what it was, and the next run
finishes.

RK_SWEEP=full tries everything in the table at every call. Otherwise functions that are called often
take turns: each call gets some of it, and all of it comes up.
"""
import collections
import itertools
import os
import pathlib
import re
import shutil
import stat
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
for folder in ("stories", "bench"):
    sys.path.insert(0, str(HERE.parent / folder))
if os.access("/dev/shm", os.W_OK):
    os.environ.setdefault("RK_TEST_DIR", "/dev/shm")

import ckr  # noqa: E402
import scene  # noqa: E402
import story  # noqa: E402

FULL = os.environ.get("RK_SWEEP") == "full"
OFTEN = 6  # calls of one function in one story, from which on they take turns
UNFINISHED = 5  # the exit status of what waits for another run
BENIGN = ("C_Logout", "C_CloseSession", "C_Finalize", "C_FindObjectsFinal")
LOOKS = ("C_Initialize", "C_GetInfo", "C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo")
SPOILED = ("corrupt", "truncate", "soft")


class Snapshot:
    """What lies in some folders; set back by writing only what was changed since."""

    def __init__(self, *folders):
        self.folders = folders
        self.modes = {path: path.lstat().st_mode for path in self.walk()}
        self.files = {path: path.read_bytes() for path, mode in self.modes.items() if stat.S_ISREG(mode)}
        self.seen = {path: self.mark(path) for path in self.modes}

    def walk(self):
        for folder in self.folders:
            yield folder
            yield from sorted(folder.rglob("*"))

    @staticmethod
    def mark(path):
        status = path.lstat()
        return (status.st_ino, status.st_mtime_ns, status.st_size, status.st_mode)

    def differences(self):
        """Paths that came, went, or have other bytes or another mode."""
        now = set(self.walk())
        found = now ^ set(self.modes)
        for path in now & set(self.files):
            if self.mark(path) != self.seen[path] and (
                    path.lstat().st_mode != self.modes[path] or path.read_bytes() != self.files[path]):
                found.add(path)
        return sorted(path for path in found if path.name not in story.COUNTERS
                      and path.suffix != ".lock")

    def restore(self):
        for path in sorted(set(self.walk()) - set(self.modes), reverse=True):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path, mode in self.modes.items():
            if stat.S_ISDIR(mode):
                path.mkdir(exist_ok=True)
            elif not path.exists() or self.mark(path) != self.seen[path]:
                path.unlink(missing_ok=True)
                path.write_bytes(self.files[path])
            path.chmod(stat.S_IMODE(mode))
            self.seen[path] = self.mark(path)


class Sweep(scene.Scene):
    logins = 1  # that one token may see: one for each PIN that was given for it
    turn = 2  # faults that each call gets of a function that is called often
    beneath = {}  # the environment of the runs that are struck

    def setUp(self):
        super().setUp()
        self.outcomes = collections.Counter()
        self.prepare()
        self.forwarded()
        self.env["RK_FORWARD_STATE"] = str(self.folder / "module-state")
        self.before = Snapshot(*self.folders())
        self.objects_before = self.objects()

    def prepare(self):
        raise NotImplementedError

    def arguments(self):
        raise NotImplementedError

    def done(self):
        """Holds once the command succeeded."""

    def folders(self):
        """What is set back before each blow."""
        return self.keep, self.folder / "state", self.folder / "tokens"

    def objects(self):
        """SoftHSM keeps each object in a file of its own."""
        return {path for path in (self.folder / "tokens").rglob("*.object")
                if path.name != "token.object"}

    def set_back(self):
        self.before.restore()
        self.call_log.unlink(missing_ok=True)
        self.plug_in()

    def plug_in(self):
        """The token that was taken away is there again."""
        (self.folder / "module-state").unlink(missing_ok=True)

    def struck(self, rule):
        self.set_back()
        return self.rk(*self.arguments(), env={**self.beneath, "RK_FORWARD_RULE": rule})

    # What is tried

    def clean(self):
        """The calls of a run in which nothing goes wrong."""
        result = self.struck("").done()
        calls = self.calls()
        self.check_logins(calls, result)
        self.done()
        self.objects_after = len(self.objects())
        return [call.name for call in calls]

    def blows(self, names):
        """(N, fault) for every call: all that can happen to it, or a part where it is called often."""
        turns = {name: itertools.cycle(ckr.faults(name)) for name in set(names)}
        counts = collections.Counter(names)
        for number, name in enumerate(names, 1):
            count = len(ckr.faults(name))
            if not FULL and counts[name] >= OFTEN:
                count = min(count, self.turn)
            for fault in itertools.islice(turns[name], count):
                yield number, name, fault

    def standing(self, names):
        """(function, answer) for functions that never work."""
        for name in dict.fromkeys(names):
            answers = [fault for fault in ckr.faults(name) if fault in ckr.NAMES]
            for fault in answers if FULL else answers[-self.turn:]:
                yield name, fault

    def sweep(self):
        names = self.clean()
        for number, name, fault in self.blows(names):
            with self.subTest(f"{name}, call {number} of {len(names)}: {ckr.name(fault)}"):
                self.blow(f"any:{number}={fault}", name, fault)
        for name, fault in self.standing(names):
            with self.subTest(f"{name}, each call: {ckr.name(fault)}"):
                self.blow(f"{name}:*={fault}", name, fault)
        result = self.struck(f"any:{len(names) + 1}=die").done()
        self.assertFalse(self.faults(), str(result))
        print(f"{' '.join(map(str, self.arguments()))[:60]}: {len(names)} calls,",
              ", ".join(f"{count} {what}" for what, count in sorted(self.outcomes.items())))

    # How it is judged

    def faults(self):
        if not self.call_log.exists():
            return []
        return re.findall(r"^(\S+) .* fault=(\S+)", self.call_log.read_text(), re.M)

    def blow(self, rule, name, fault):
        result = self.struck(rule)
        self.assertEqual([self.faults()[0]] if self.faults() else [], [(name, fault)], str(result))
        self.check_logins(self.calls(), result)
        if result.status == 0:
            self.outcomes["survived"] += 1
            self.check_survival(name, fault, result)
            self.done()
            return
        if result.status == UNFINISHED:
            self.outcomes["unfinished"] += 1
            self.check_unfinished(name, fault, result)
        else:
            self.outcomes["refused"] += 1
            self.check_error(name, fault, result)
            self.check_keep(result)
        strays = self.objects() - self.objects_before
        if strays:
            self.outcomes["of them with a stray that was named"] += 1
            self.check_named(strays, result)
        self.finish(result, strays)

    def check_logins(self, calls, result):
        """No PIN that was given once is sent twice."""
        for slot, count in collections.Counter(
                call.slot for call in calls if call.name == "C_Login").items():
            self.assertLessEqual(count, self.logins, f"logins to slot {slot}: {result}")

    def check_survival(self, name, fault, result):
        """A module that ends while it is looked at may be started anew, and looked at again."""
        spoiled = fault in SPOILED or fault.lstrip("+") in ("die", "gone", ckr.PIN_INCORRECT)
        fine = name in BENIGN or (name in LOOKS and fault == "die")
        self.assertTrue(fine or not spoiled, f"it did not notice: {result}")

    def check_error(self, name, fault, result):
        self.assertIn(result.status, ckr.statuses(name, fault), str(result))
        result.refused(result.status)
        self.check_words(name, fault, result)

    def check_words(self, name, fault, result):
        text = result.out + result.err
        for word in ("internal", "(null)", "malformed", "defect"):
            self.assertNotIn(word, text.lower(), str(result))
        self.assertRegex(text, ckr.told(name, fault), f"the cause is not told: {result}")
        for token in self.tokens:
            self.assertNotIn(token.pin, text.replace(str(token.pin_file), ""), "the PIN is told")

    def check_unfinished(self, name, fault, result):
        raise self.failureException(f"nothing that could wait: {result}")

    def check_keep(self, result):
        changed = [path for path in self.before.differences()
                   if not path.is_relative_to(self.folder / "tokens")]
        self.assertFalse(changed, f"changed by what failed: {result}")

    def check_named(self, strays, result):
        raise self.failureException(f"left on the token: {strays}: {result}")

    def remove_strays(self, strays):
        for path in strays:
            path.unlink(missing_ok=True)

    def finish(self, result, strays):
        """The next run does what this one did not."""
        if strays:
            self.remove_strays(strays)
        if not self.objects_before <= self.objects():
            return self.finish_halved(result)
        self.plug_in()
        again = self.rk(*self.arguments())
        if again.status != 0:
            raise self.failureException(f"after\n{result}\nit does not finish:\n{again}")
        self.done()
        self.assertEqual(len(self.objects()), self.objects_after)
        return None

    def finish_halved(self, result):
        raise self.failureException(f"objects are gone: {result}")
