"""Secrets in memory: PINs and key bytes, at each prompt and at the end, as root sees them; and in
everything that is written."""
import base64
import os
import pathlib
import re
import subprocess
import sys

import memory
import remote
import story
from terminal import Terminal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "virtual-yubikey"))

import yubikey  # noqa: E402

PROMPT = r"PIN[^\n]*: ?$"
PASSPHRASE = r"assphrase[^\n]*: ?$"
WRITES = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg"
DELAY = 20_000_000  # microseconds at the end; the test ends it earlier
# Unlike anything that the program says by itself.
ALICE, BOB = "q7-Xylograph-31", "w4-Zeugmatic-86"


class Memory(story.Story):
    def setUp(self):
        super().setUp()
        memory.need()

    def two_tokens(self, alice=None):
        """A repository to be signed by a key on each token: the root's is asked for first."""
        alice = alice or self.token("alice", ALICE)
        self.key("root", alice)
        self.key("targets", self.token("bob", BOB))
        self.repository()

    def interactive(self, *arguments):
        return Terminal(self.command(arguments, pins=[], interactive=True), self.keep, self.env)

    def family(self, pid):
        """(the launcher and others that load no module, the workers)."""
        others, workers = [], []
        for child in memory.children(pid):
            others.append(child)
            workers += memory.children(child)
        return others, workers

    def assert_gone(self, pid, *secrets):
        for secret in secrets:
            self.assertEqual(memory.copies(pid, secret), [], f"{secret!r} is in process {pid}")

    def assert_shut_in(self, pid, *secrets):
        """Nowhere but in the secret heap, which is locked and in no dump."""
        for secret in secrets:
            for flags in memory.copies(pid, secret):
                self.assertTrue(memory.in_secret_heap(flags), f"{secret!r} in ordinary memory of process {pid}")

    def held_before(self, call, *arguments, pins=None):
        """Runs until it stands before the first such call; gives its number."""
        words = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                 f"inject={call}:delay_enter={DELAY}:when=1", *self.command(arguments, pins)]
        tracer = subprocess.Popen(words, cwd=self.keep, env=self.env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, tracer)
        return memory.held_before(call, tracer.pid)

    def held_at_its_end(self, *arguments):
        return self.held_before("exit_group", *arguments)

    @staticmethod
    def end(tracer):
        tracer.kill()
        tracer.communicate()


class Looking(Memory):
    def test_what_is_there_is_found(self):
        secret = os.urandom(16)
        self.assertNotEqual(memory.copies(os.getpid(), secret), [])

    def test_a_pin_that_is_needed_again_is_found_in_the_worker(self):
        self.two_tokens()
        with self.interactive("sign", "demo") as terminal:
            terminal.expect(PROMPT)
            terminal.line(ALICE)
            terminal.expect(PROMPT)
            _, workers = self.family(terminal.pid)
            self.assertTrue(any(memory.copies(pid, ALICE.encode()) for pid in workers))


class Pins(Memory):
    def test_a_pin_is_gone_at_the_next_prompt(self):
        self.two_tokens()
        with self.interactive("sign", "demo") as terminal:
            self.assertIn("alice", terminal.expect(PROMPT))
            terminal.line(ALICE)
            self.assertIn("bob", terminal.expect(PROMPT))
            others, workers = self.family(terminal.pid)
            self.assertTrue(workers)
            for pid in (terminal.pid, *others):
                self.assert_gone(pid, ALICE.encode())
            for pid in workers:  # one keeps it, for a key that wants it at each signature
                self.assert_shut_in(pid, ALICE.encode())
            terminal.line(BOB)
            self.assertEqual(terminal.wait(), 0, terminal.screen)

    def test_while_it_is_typed_it_is_nowhere_but_in_locked_memory(self):
        self.two_tokens()
        with self.interactive("sign", "demo") as terminal:
            terminal.expect(PROMPT)
            terminal.send(ALICE)  # no newline yet: the kernel has it
            self.assert_gone(terminal.pid, ALICE.encode())
            heaps = [flags for _, _, flags in memory.regions(terminal.pid) if memory.in_secret_heap(flags)]
            self.assertTrue(heaps, "no locked memory that is kept out of dumps")

    def test_pins_are_gone_at_the_end(self):
        story.need("strace")
        self.two_tokens()
        pid = self.held_at_its_end("sign", "demo")
        self.assert_gone(pid, ALICE.encode(), BOB.encode())

    def test_a_pin_that_was_refused_is_gone_at_the_end(self):
        story.need("strace")
        self.two_tokens()
        self.tokens[0].pin_file = self.secret_file("wrong", "e9-Wrongdoer-55")
        pid = self.held_at_its_end("key", "test", "root")
        self.assert_gone(pid, b"e9-Wrongdoer-55")

    def test_new_pins_are_gone_at_the_end(self):
        story.need("strace")
        token = self.token("alice", ALICE)
        new = self.secret_file("new", BOB)
        pid = self.held_at_its_end("token", "pin", token.uri, "--new-pin-file", new)
        self.assert_gone(pid, ALICE.encode(), BOB.encode())


class Looked(Memory):
    """By who is not root."""

    NOBODY = 65534

    def test_the_same_user_may_not_look(self):
        story.need("setpriv")
        mine = ["setpriv", f"--reuid={self.NOBODY}", f"--regid={self.NOBODY}", "--clear-groups"]
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, self.NOBODY, self.NOBODY, follow_symlinks=False)
        look = "import sys; open(f'/proc/{sys.argv[1]}/mem', 'rb').close()"
        words = [*mine, *self.command(["token", "softhsm", self.folder / "t", "--label", "x"], pins=[],
                                      interactive=True)]
        words[0] = "/usr/bin/setpriv"
        with Terminal(words, self.keep, self.env) as terminal:
            terminal.expect(PROMPT)
            for pid in (terminal.pid, *memory.children(terminal.pid)):
                self.assertEqual(os.stat(f"/proc/{pid}/mem").st_uid, 0, "it can be looked into")
                done = subprocess.run([*mine, sys.executable, "-c", look, str(pid)], capture_output=True,
                                      text=True, check=False)
                self.assertIn("PermissionError", done.stderr)
        with subprocess.Popen([*mine, "sleep", "60"]) as other:  # that it would be seen
            self.addCleanup(other.kill)
            while b"sleep" not in pathlib.Path(f"/proc/{other.pid}/cmdline").read_bytes().split(b"\0")[0]:
                pass
            self.assertEqual(os.stat(f"/proc/{other.pid}/mem").st_uid, self.NOBODY)
            other.kill()


class KeyFile(Memory):
    """With a private key in a file."""

    def setUp(self):
        super().setUp()
        story.need("openssl", "strace")
        self.file = self.folder / "pins" / "key.pem"
        self.make("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.file)

    def make(self, *words):
        """A key file, and what its private numbers may look like."""
        self.openssl(*words)
        text = self.openssl("pkey", "-in", self.file, "-noout", "-text")
        self.secrets = [line.encode() for line in self.file.read_text().splitlines()[1:2]]
        for digits in re.findall(r"(?:priv|privateExponent|prime[12]|coefficient):\n((?: +[0-9a-f:]+\n)+)", text):
            number = bytes.fromhex(re.sub(r"[^0-9a-f]", "", digits)).lstrip(b"\0")
            # As it stands in DER, as OpenSSL calculates with it, and as text.
            self.secrets += [number, number[::-1], number.hex().encode(), base64.b64encode(number)[:-4]]
        self.assertGreaterEqual(len(self.secrets), 5, text)

    def openssl(self, *words):
        return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True).stdout


class Keys(KeyFile):
    """Private keys that are imported."""

    def sealed(self, passphrase):
        path = self.folder / "pins" / "sealed.pem"
        subprocess.run(["openssl", "pkcs8", "-topk8", "-in", self.file, "-out", path, "-passout", "stdin"],
                       check=True, input=passphrase, text=True, capture_output=True)
        return path

    def test_at_the_prompt_they_are_at_most_in_locked_memory(self):
        token = self.token("alice", ALICE)
        sealed = self.sealed(BOB)
        with self.interactive("key", "import", "k", sealed, "--token", token.uri) as terminal:
            terminal.expect(PASSPHRASE)
            terminal.line(BOB)
            terminal.expect(PROMPT)
            self.assert_shut_in(terminal.pid, BOB.encode(), *self.secrets)
            terminal.line(ALICE)
            self.assertEqual(terminal.wait(), 0, terminal.screen)

    def test_those_of_rsa_too(self):
        self.make("genrsa", "-out", self.file, "2048")
        token = self.token("alice", ALICE)
        with self.interactive("key", "import", "k", self.file, "--token", token.uri) as terminal:
            terminal.expect(PROMPT)
            self.assert_shut_in(terminal.pid, *self.secrets)
        self.assert_gone(self.held_at_its_end("key", "import", "k", self.file, "--token", token.uri), *self.secrets)

    def test_at_the_end_they_are_gone(self):
        token = self.token("alice", ALICE)
        passphrase = self.secret_file("passphrase", BOB)
        for file in (self.file, self.sealed(BOB)):
            with self.subTest(file.name):
                pid = self.held_at_its_end("key", "import", file.stem, file, "--token", token.uri,
                                           "--passphrase-file", passphrase)
                self.assert_gone(pid, *self.secrets, ALICE.encode(), BOB.encode())

    def test_nothing_that_is_written_has_them(self):
        token = self.token("alice", ALICE)
        trace = self.folder / "trace"
        passphrase = self.secret_file("passphrase", BOB)
        self.good("key", "import", "k", self.sealed(BOB), "--token", token.uri, "--passphrase-file", passphrase,
                  wrap=["strace", "-f", "-qq", "-xx", "-yy", "-s", "1000000", "-e", f"trace={WRITES}", "-o", trace],
                  env={"ASAN_OPTIONS": "detect_leaks=0"})
        self.assertTrue((self.keep / "keep.json").exists())
        hidden = [*self.secrets, ALICE.encode(), BOB.encode()]
        as_hex = ["".join(f"\\x{byte:02x}" for byte in secret) for secret in hidden]
        pipes = 0
        for line in trace.read_text().splitlines():
            for secret in as_hex:
                if secret in line:
                    # Only the pipe to the worker has them: a pair of sockets without a name.
                    self.assertRegex(line, r"^\d+ +\w+\(\d+<UNIX:\[\d+->\d+\]>|^\d+ +\w+\(\d+<UNIX-STREAM:\[\d+->\d+\]>")
                    pipes += 1
        self.assertGreater(pipes, 0, "not even the worker was told the PIN: the test sees nothing")
        for place in ("keep", "state", "home", "tmp", "tokens"):
            for path in (self.folder / place).rglob("*"):
                if path.is_file():
                    data = path.read_bytes()
                    for secret in hidden:
                        self.assertNotIn(secret, data, path)


class Modules(KeyFile):
    """What a module keeps in its worker of a PIN after the login, and of an imported key once it is on
    the token, as docs/threats.md tells it."""

    ROW = re.compile(r"^\| `([\w-]+)` [^|]*\| (\d+|-) \| (\d+|-) \|", re.M)
    told = {name: counts for name, *counts in ROW.findall((story.SOURCE / "docs" / "threats.md").read_text())}
    MANAGEMENT = "0102030405060708" "1112131415161718" "2122232425262728"
    CARD_PIN = "83017264"

    def of_module(self, library, workers, *secrets):
        """Copies outside our own locked heap in the worker that has this library."""
        found = [[flags for secret in secrets for flags in memory.copies(pid, secret)
                  if not memory.in_secret_heap(flags)] for pid in workers if memory.maps_of(pid, library)]
        self.assertEqual(len(found), 1, workers)
        return len(found[0])

    def of_pin(self, library, pin, *arguments):
        """Signs with the root's token first; counts when the other's PIN is asked for."""
        with self.interactive("sign", "demo", *arguments) as terminal:
            self.assertNotIn("'bob'", terminal.expect(PROMPT))
            terminal.line(pin)
            self.assertIn("'bob'", terminal.expect(PROMPT, 60))
            others, workers = self.family(terminal.pid)
            for pid in (terminal.pid, *others):
                self.assert_shut_in(pid, pin.encode())
            count = self.of_module(library, workers, pin.encode())
            terminal.line(BOB)
            self.assertEqual(terminal.wait(), 0, terminal.screen)
        return count

    def of_key(self, library, *arguments, **options):
        """Counts when the copy on the token is proved and the keep is about to be written."""
        pid = self.held_before("fsync", "key", "import", "k", self.file, *arguments, **options)
        others, workers = self.family(pid)
        for process in (pid, *others):
            self.assert_gone(process, *self.secrets)
        return self.of_module(library, workers, *self.secrets)

    def assert_told(self, module, *counts):
        self.assertEqual(self.told.get(module), [str(count) for count in counts],
                         f"docs/threats.md, {module}: copies of a PIN, of a key")

    def test_softhsm(self):
        self.two_tokens()
        pins = self.of_pin("libsofthsm2.so", ALICE)
        self.assert_told("softhsm2", pins, self.of_key("libsofthsm2.so", "--token", self.tokens[0].uri))

    def test_p11_kit_client(self):
        library, client = "p11-kit-client.so", remote.client()
        self.two_tokens()
        there = remote.apart(self.folder, "alice", self.env)
        with remote.Server(self.folder, "pkcs11:token=alice", story.MODULE, there) as server:
            self.env["P11_KIT_SERVER_ADDRESS"] = server.env["P11_KIT_SERVER_ADDRESS"]
            pins = self.of_pin(library, ALICE, "--module", client, "--module", "softhsm2")
            keys = self.of_key(library, "--token", "pkcs11:token=alice", "--module", client)
        self.assert_told("p11-kit-client", pins, keys)

    def card(self, library):
        """A YubiKey with the root key; gives the module's path and the token's URI."""
        facts = {"pin": self.CARD_PIN, "puk": "62718093",
                 "management": {"algorithm": 3, "key": self.MANAGEMENT, "touch": False}}
        readers = self.enterContext(yubikey.Readers(self.folder / "yk", [facts]))
        self.env.update(readers.env)
        readers.cards[0].generate("9a", key=self.MANAGEMENT)
        path = yubikey.module(library)
        uri = self.good("token", "list", "--module", path, "--json", pins=[]).json["tokens"][0]["uri"]
        self.card_file = self.secret_file("card.pin", self.CARD_PIN)
        self.good("key", "enrol", "root", uri + ";id=%01", "--module", path, "--pin-file", self.card_file, pins=[])
        self.key("targets", self.token("bob", BOB))
        self.repository()
        return path, uri

    def test_ykcs11(self):
        path, uri = self.card("libykcs11.so")
        pins = self.of_pin("libykcs11.so", self.CARD_PIN, "--module", path, "--module", "softhsm2")
        management = self.secret_file("management", self.MANAGEMENT)
        keys = self.of_key("libykcs11.so", "--token", uri, "--module", path, "--slot", "9c", "--pin-file",
                           self.card_file, "--so-pin-file", management, pins=[])
        self.assert_told("ykcs11", pins, keys)

    def test_opensc(self):
        path, _ = self.card("opensc-pkcs11.so")
        pins = self.of_pin("opensc-pkcs11.so", self.CARD_PIN, "--module", path, "--module", "softhsm2")
        self.assert_told("opensc-pkcs11", pins, "-")  # it imports nothing onto a YubiKey


if __name__ == "__main__":
    story.main()
