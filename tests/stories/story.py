"""A story: the shipped program in a throwaway folder, on software tokens of its own.

Every test gets a private folder with a keep folder in it, an environment in which nothing of the
machine's user is seen, and helpers that run the program, make tokens and compare folders. What
the program says is captured; what it wrote can be compared with before.
"""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

sys.dont_write_bytecode = True

import shapes

BINARY = os.environ.get("RK_BINARY", "")
SOURCE = pathlib.Path(os.environ.get("RK_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
IN_CI = os.environ.get("CI") == "true"
MODULE = next((path for path in ("/usr/lib/softhsm/libsofthsm2.so",
                                 "/usr/lib64/softhsm/libsofthsm2.so") if os.path.exists(path)), None)
TIMEOUT = 120
KEY_TYPES = ("ecdsa-p256", "ecdsa-p384", "ed25519", "rsa2048", "rsa3072", "rsa4096")
ERROR = re.compile(r"^rootkeep: (?P<fact>.+)\n(?P<causes>(?:  because: .+\n)*)"
                   r"(?:  remedy:  (?P<remedy>.+)\n)?", re.M)
SHAPES = shapes.from_file(SOURCE / "docs" / "json.md")


def missing(reason):
    """For what this machine lacks: a skipped test, but a failed one in CI."""
    if IN_CI:
        raise AssertionError(f"needed in CI: {reason}")
    raise unittest.SkipTest(reason)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            missing(f"no {program} on this machine")


def canonical(value):
    """OLPC canonical JSON, written from its definition."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in sorted(value)) + "}"


# SoftHSM writes a token's own record at each login, to count PINs; the lock tells who held it last.
COUNTERS = ("token.object", "generation", "token.lock", ".lock")


def tree(folder):
    """What is in a folder: path -> (mode, digest of a file or target of a link)."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.name in COUNTERS:
            continue
        status = path.lstat()
        if path.is_symlink():
            content = os.readlink(path)
        elif stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = None
        found[str(path.relative_to(folder))] = (oct(status.st_mode), content)
    return found


class Result:
    """How a run ended: status, out, err; and what may be demanded of it."""

    def __init__(self, test, arguments, status, out, err):
        self.test, self.arguments = test, arguments
        self.status, self.out, self.err = status, out, err

    def __str__(self):
        return (f"rootkeep {' '.join(map(str, self.arguments))}\nstatus {self.status}\n"
                f"-- out\n{self.out}\n-- err\n{self.err}")

    def done(self, status=0):
        if self.status != status:
            raise self.test.failureException(f"expected status {status} of: {self}")
        return self

    def says(self, *words):
        for word in words:
            if word not in self.out + self.err:
                raise self.test.failureException(f"nothing about {word!r} in: {self}")
        return self

    def silent_about(self, *words):
        for word in words:
            if word in self.out + self.err:
                raise self.test.failureException(f"{word!r} is in: {self}")
        return self

    def refused(self, status, *words):
        """An error in the house's form, with a fact and a remedy, once."""
        self.done(status)
        errors = list(ERROR.finditer(self.err))
        if len(errors) != 1 or not errors[0]["remedy"]:
            raise self.test.failureException(f"no error with fact and remedy in: {self}")
        if "\x1b" in self.err:
            raise self.test.failureException(f"an escape reached the terminal: {self}")
        return self.says(*words)

    @property
    def json(self):
        return json.loads(self.out)


class Token:
    def __init__(self, label, uri, pin, so_pin, pin_file):
        self.label, self.uri, self.pin, self.so_pin, self.pin_file = label, uri, pin, so_pin, pin_file
        self.shown = label  # what the program calls it

    def key_uri(self, label):
        return self.uri.replace("?", f";object={label};type=private?")


class Story(unittest.TestCase):
    def setUp(self):
        if not BINARY or not os.access(BINARY, os.X_OK):
            missing("no program in RK_BINARY")
        base = os.environ.get("RK_TEST_DIR") or "/var/tmp"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rootkeep-story-", dir=base))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.keep = self.folder / "keep"
        self.tokens = []
        for name in ("keep", "home", "state", "pins", "tmp", "tokens"):
            (self.folder / name).mkdir(mode=0o700)
        self.env = {name: os.environ[name] for name in
                    ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ}
        self.env.update(PATH=os.environ["PATH"], HOME=str(self.folder / "home"), LANG="C.UTF-8",
                        TZ="UTC", XDG_STATE_HOME=str(self.folder / "state"), TERM="xterm",
                        TMPDIR=str(self.folder / "tmp"),
                        SOFTHSM2_CONF=str(self.folder / "tokens" / "none.conf"))

    # Running

    def command(self, arguments, pins=None, now=None, interactive=False):
        """The whole argument vector; `pins`: the tokens whose PIN file is given, default all."""
        words = [BINARY, *map(str, arguments)]
        for token in self.tokens if pins is None else pins:
            words += ["--pin-file", f"{token.label}={token.pin_file}"]
        if not interactive:
            words.append("--no-input")
        if now:
            words += ["--now", now, "--fixed-clock"]
        return words

    def rk(self, *arguments, pins=None, now=None, stdin=None, cwd=None, env=None, wrap=()):
        """Run to the end, without a terminal. A document that --json gives is judged by its shape."""
        words = [*wrap, *self.command(arguments, pins, now)]
        done = subprocess.run(words, cwd=cwd or self.keep, env={**self.env, **(env or {})},
                              input=stdin or b"", capture_output=True, timeout=TIMEOUT,
                              start_new_session=True, check=False)
        result = Result(self, arguments, done.returncode, done.stdout.decode("utf-8", "replace"),
                        done.stderr.decode("utf-8", "replace"))
        self.assertGreaterEqual(done.returncode, 0, f"killed by a signal: {result}")
        self.assertNotIn("Sanitizer", result.err, str(result))
        if "--json" in arguments:
            self.judge_json(result)
        return result

    def judge_json(self, result):
        try:
            document = json.loads(result.out)
        except ValueError:
            self.fail(f"stdout is not one JSON document: {result}")
        name = "error" if "error" in document else self.shape_name(result.arguments)
        problem = SHAPES.problem(name, document)
        if problem:
            self.fail(f"docs/json.md, {name}: {problem}\n{result}")

    @staticmethod
    def shape_name(arguments):
        """`token list` or `status`: the longest command that has a shape."""
        words = [str(word) for word in arguments]
        two = " ".join(words[:2])
        if "--dry-run" in words:
            return "plan"
        return two if two in SHAPES else words[0]

    def good(self, *arguments, **options):
        return self.rk(*arguments, **options).done()

    @contextlib.contextmanager
    def unchanged(self, *folders):
        """Nothing below these folders (default: the keep) is written meanwhile."""
        folders = folders or (self.keep,)
        before = [tree(folder) for folder in folders]
        yield
        for folder, was in zip(folders, before):
            self.assertEqual(was, tree(folder), f"something changed in {folder}")

    def refuses(self, status, *arguments, words=(), **options):
        """Refused in the house's form, as text and as JSON, and nothing is written."""
        with self.unchanged():
            result = self.rk(*arguments, **options).refused(status, *words)
            document = self.rk(*arguments, "--json", **options).done(status).json
        self.assertIn("error", document)
        return result

    # Files and tokens

    def secret_file(self, name, line):
        path = self.folder / "pins" / name
        path.write_text(line + "\n")
        path.chmod(0o600)
        return path

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, (bytes, str)) else json.dumps(content)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def token(self, label, pin=None):
        """A fresh SoftHSM token, made by the program."""
        pin = pin or f"pin-{label}"
        pin_file = self.secret_file(f"{label}.pin", pin)
        so_file = self.secret_file(f"{label}.so", f"so-{label}")
        made = self.good("token", "softhsm", self.folder / "tokens", "--label", label, pins=[],
                         *("--new-pin-file", pin_file, "--so-pin-file", so_file))
        conf = re.search(r"SOFTHSM2_CONF=['\"]?([^'\"\s]+)", made.out)
        self.assertTrue(conf, f"no environment line: {made}")
        self.env["SOFTHSM2_CONF"] = conf[1]
        uri = f"pkcs11:token={urllib.parse.quote(label)}?module-name=softhsm2"
        token = Token(label, uri, pin, f"so-{label}", pin_file)
        self.tokens.append(token)
        return token

    def pkcs11(self, token, *arguments, login=True):
        """Another program on the same token."""
        need("pkcs11-tool")
        words = ["pkcs11-tool", "--module", MODULE, "--token-label", token.label, *map(str, arguments)]
        if login:
            words += ["--login", "--pin", token.pin]
        return subprocess.run(words, env=self.env, cwd=self.folder, check=True, text=True,
                              capture_output=True, timeout=TIMEOUT).stdout

    def key(self, name, token, key_type="ecdsa-p256"):
        self.good("key", "generate", name, "--token", token.uri, "--type", key_type)

    def pem(self, key):
        """The public half in a file."""
        return self.write(f"{key}.pem", self.good("key", "show", key, "--format", "pem").out)

    # Repositories

    def repository(self, name="demo", roots=("root",), targets=("targets",), **options):
        """init in the tuf dialect; options are init's, with _ for -."""
        words = ["init", name, "--dialect", "tuf", "--root", ",".join(roots),
                 "--targets", ",".join(targets)]
        for option, value in options.items():
            words += [f"--{option.replace('_', '-')}", str(value)]
        return self.good(*words)

    def published(self, name="demo"):
        """keys root and targets on a token each, a repository that is signed."""
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))
        self.repository(name)
        self.good("sign", name)

    def metadata(self, name="demo", part="metadata"):
        return self.keep / "repos" / name / part

    def newest(self, role, name="demo"):
        """The role's current file in metadata/."""
        if role == "timestamp":
            return self.metadata(name) / "timestamp.json"
        numbered = [(int(match[1]), path) for path in self.metadata(name).iterdir()
                    if (match := re.fullmatch(rf"(\d+)\.{re.escape(role)}\.json", path.name))]
        return max(numbered)[1]

    def signed(self, role, name="demo"):
        return json.loads(self.newest(role, name).read_bytes())["signed"]

    def version(self, role, name="demo"):
        return self.signed(role, name)["version"]

    def verified(self, name="demo", **options):
        return self.good("verify", name, **options)

    def no_strays(self):
        """Nothing half-made lies in the keep."""
        for path in tree(self.keep):
            self.assertNotRegex(path, r"(?i)(tmp|temp|~$|\.new$|intent|pending)", "a stray file")


class Counted(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    """Run the file's tests; the line that scripts/tally reads comes last but one."""
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=2, resultclass=Counted)
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    result = runner.run(suite)
    failed = len(result.failures) + len(result.errors)
    for _, reason in result.skipped:
        print(f"SKIP: {reason}")
    print(f"suite: {result.passed} passed, {failed} failed, {len(result.skipped)} skipped")
    if failed:
        sys.exit(1)
    sys.exit(77 if result.skipped and not result.passed else 0)
