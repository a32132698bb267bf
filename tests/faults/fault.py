"""What the faults' tests share: a keep that is set back before each blow, and strace's injection."""
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "stories"))
if os.access("/dev/shm", os.W_OK):
    os.environ.setdefault("RK_TEST_DIR", "/dev/shm")

import story  # noqa: E402

LIMIT = 500
ROLES = ("root", "targets", "snapshot", "timestamp")
CALLS = {  # that touch files
    "open": "openat,openat2",
    "write": "write,pwrite64,writev",
    "rename": "rename,renameat,renameat2",
    "sync": "fsync,fdatasync,syncfs",
    "unlink": "unlink,unlinkat",
    "make": "mkdir,mkdirat,link,linkat",
    "cut": "ftruncate,fallocate",
}


class Fault(story.Story):
    """A repository with a new root and a new targets staged: the whole promotion is struck."""

    def setUp(self):
        super().setUp()
        story.need("strace")
        self.published()
        self.good("renew", "demo", "--role", "root")
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)
        self.was = self.versions()
        self.will_be = [version + 1 for version in self.was]
        self.keep_aside()
        self.able_to_trace()

    def keep_aside(self):
        for name in ("keep", "state"):
            shutil.copytree(self.folder / name, self.folder / f"{name}.before", symlinks=True)

    def able_to_trace(self):
        done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False)
        if done.returncode:
            story.missing("strace may not trace here")

    def set_back(self):
        for name in ("keep", "state"):
            shutil.rmtree(self.folder / name)
            shutil.copytree(self.folder / f"{name}.before", self.folder / name, symlinks=True)

    def versions(self):
        return [self.version(role) for role in ROLES]

    def struck(self, calls, effect, number, arguments=("sign", "demo")):
        """The run with this effect at the Nth of these system calls of the main process."""
        words = ["strace", "-qq", "-o", self.folder / "trace", "-e", f"trace={calls}",
                 f"--inject={calls}:{effect}:when={number}", *self.command(arguments)]
        done = subprocess.run(words, cwd=self.keep, env=self.env, capture_output=True,
                              timeout=story.TIMEOUT, start_new_session=True, check=False)
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    def was_reached(self):
        """Did the program come to the call that was to be struck?"""
        return "(INJECTED)" in (self.folder / "trace").read_text(errors="replace") or \
            "killed by SIGKILL" in (self.folder / "trace").read_text(errors="replace")

    def finished(self, where):
        """What was staged keeps its bytes. Snapshot and timestamp are made anew, and step over a
        version that the struck run may have signed."""
        found = self.versions()
        self.assertEqual(found[:2], self.will_be[:2], where)
        for is_now, at_least in zip(found[2:], self.will_be[2:]):
            self.assertIn(is_now - at_least, (0, 1, 2), where)

    def whole(self, where):
        """The keep is in the old state or the new one, works, and one more run finishes."""
        self.rk("verify", "demo").done()
        found = self.versions()
        if found != self.was:
            self.finished(where)
        self.good("status", "demo")
        if found == self.was:
            self.good("sign", "demo", now=later())
        else:
            self.rk("sign", "demo").refused(2, "nothing is staged")
        self.finished(where)
        self.verified()
        self.good("check")
        self.good("log", "verify")
        self.no_strays()
        self.assertEqual(json.loads(self.newest("targets").read_bytes())["signed"]["targets"]["x"],
                         {"length": 1, "hashes": {"sha256": "00" * 32}}, where)


def later():
    """The next run comes at another time than the one that was struck."""
    return f"{datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"


def killed(status):
    return status in (-signal.SIGKILL, 128 + signal.SIGKILL)
