"""Virtual YubiKeys for a test: `with yubikey.Readers(folder, cards=2) as readers`.

The real pcscd and vpcd run with cards in software, in namespaces of their own. A program that gets
readers.env in its environment sees these readers and no others, through ykcs11, OpenSC or
yubico-piv-tool. Each card can be pulled and put in again, touched late or not at all, and made to
fail at its Nth APDU (faults.py tells how a rule is written).
"""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "stories"))

import story  # noqa: E402

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's python3-cryptography
PCSCD = "/usr/sbin/pcscd"
LIBRARIES = pathlib.Path("/usr/lib")
PIN, PUK = "123456", "12345678"
MANAGEMENT = "010203040506070801020304050607080102030405060708"
PATIENCE = 20


def module(name):
    """The path of libykcs11.so or opensc-pkcs11.so; a skip where it is not."""
    found = sorted(LIBRARIES.glob(f"*/{name}*"))
    if not found:
        story.missing(f"no {name} on this machine")
    return str(found[0])


def need():
    story.need("unshare", "mount", "yubico-piv-tool")
    for path in (PCSCD, "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"):
        if not os.path.exists(path):
            story.missing(f"no {path} on this machine")
    if subprocess.run([PYTHON, "-c", "import cryptography"], capture_output=True, check=False).returncode:
        story.missing(f"{PYTHON} has no cryptography (package python3-cryptography)")
    if subprocess.run([*namespaces(), "true"], capture_output=True, check=False).returncode:
        story.missing("namespaces of our own are not allowed here")


def namespaces(kinds="mn"):
    """What puts a command into mounts and network of its own; "m": mounts only."""
    return ["unshare", f"-{'' if os.geteuid() == 0 else 'r'}{kinds}", "--propagation", "private"]


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)


class Card:
    """A card of running readers; its folder has state.json."""

    def __init__(self, readers, number):
        self.readers, self.number = readers, number
        self.folder = readers.folder / f"card{number}"
        pair = number - number % 2
        self.reader = f"Yubico YubiKey OTP+FIDO+CCID {f'{pair + 1} ' if pair else ''}00 {number % 2:02}"

    def ask(self, what, **details):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE)
            link.connect(str(self.folder / "control"))
            with link.makefile("rwb") as lines:
                lines.write(json.dumps({"do": what, **details}).encode() + b"\n")
                lines.flush()
                answer = json.loads(lines.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["facts"]

    @property
    def facts(self):
        """inserted, apdus, touches, pin_tries, puk_tries, keys, …"""
        return self.ask("facts")

    @property
    def state(self):
        """What it keeps, secrets and all."""
        return json.loads((self.folder / "state.json").read_text())

    @property
    def serial(self):
        return str(self.state["serial"])

    def faults(self, *rules):
        """From now on; without rules nothing fails any more."""
        self.ask("faults", rules=rules)

    def touch(self, manner, seconds=1):
        """granted, late (by so many seconds) or refused (after so many)."""
        self.ask("touch", manner=manner, seconds=seconds)

    def change(self, **facts):
        """Of its memory: pin, pin_tries, puk_tries, firmware, …"""
        self.ask("change", facts=facts)

    def trace(self):
        """'00 87 11 9c 9000': the APDUs since this was asked last."""
        return self.ask("trace")

    def remove(self):
        self.ask("remove")
        self.readers.until(lambda: not self.seen(), "the card is still there")

    def insert(self):
        self.ask("insert")
        self.readers.until(self.seen, "the card does not come")

    def seen(self):
        try:
            done = subprocess.run(["yubico-piv-tool", "-r", self.reader, "-a", "version"], timeout=PATIENCE,
                                  env=self.readers.whole_env(), capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def tool(self, *words, stdin=None, status=0):
        """yubico-piv-tool on this card; gives what it wrote."""
        done = subprocess.run(["yubico-piv-tool", "-r", self.reader, *map(str, words)], text=True,
                              env=self.readers.whole_env(), input=stdin, capture_output=True,
                              timeout=story.TIMEOUT, check=False)
        if done.returncode != status:
            raise AssertionError(f"yubico-piv-tool {words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def generate(self, slot, algorithm="ECCP256", key=MANAGEMENT, **policies):
        """A key made by yubico-piv-tool, with a certificate around it as OpenSC needs one; gives the
        public key's file. key: the management key; policies: touch_policy, pin_policy. (The tool's own selfsign is broken in
        Debian 12: it signs nothing.)"""
        words = [part for name, value in policies.items()
                 for part in (f"--{name.replace('_', '-')}", value)]
        made = self.tool(f"-k{key}", "-a", "generate", "-s", slot, "-A", algorithm, *words)
        public, issuer, private, certificate = (
            self.folder / f"{slot}.{name}.pem" for name in ("public", "issuer", "key", "certificate"))
        public.write_text(re.search(r"-----BEGIN.*-----END PUBLIC KEY-----\n", made, re.S)[0])
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", private, "-out", issuer,
                "-subj", "/CN=a test")
        openssl("x509", "-new", "-force_pubkey", public, "-subj", f"/CN=slot {slot}", "-CA", issuer,
                "-CAkey", private, "-out", certificate)
        self.tool(f"-k{key}", "-a", "import-certificate", "-s", slot, "-i", certificate)
        return public


class Readers:
    """cards: how many, or a list of facts for each new card (state.py: DEFAULTS). maker: name, between
    (intermediates), kind of key. What is in the folder from before goes on."""

    def __init__(self, folder, cards=1, maker=None, pcscd=()):
        need()
        self.folder = pathlib.Path(folder)
        facts = [{"serial": 15938791 + 1000 * number} for number in range(cards)] \
            if isinstance(cards, int) else cards
        self.settings = {"cards": facts, "maker": maker or {}, "pcscd": list(pcscd)}
        self.env = {"PCSCLITE_CSOCK_NAME": str(self.folder / "run" / "pcscd.comm")}
        self.cards = [Card(self, number) for number in range(len(facts))]
        self.process = None

    def whole_env(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", **self.env}

    def __enter__(self):
        self.folder.mkdir(mode=0o755, exist_ok=True)
        (self.folder / "machine.json").write_text(json.dumps(self.settings))
        with open(self.folder / "machine.log", "wb") as log:
            self.process = subprocess.Popen(
                [*namespaces(), PYTHON, "-B", str(HERE / "machine.py"), str(self.folder)],
                stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            self.until(self.ready, "the readers do not start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        (self.folder / "run" / "pcscd.comm").unlink(missing_ok=True)

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(self.log())
        return os.path.exists(self.env["PCSCLITE_CSOCK_NAME"]) and all(card.seen() for card in self.cards)

    def log(self):
        return "".join((self.folder / name).read_text(errors="replace")
                       for name in ("machine.log", "pcscd.log") if (self.folder / name).exists())

    def until(self, true, complaint):
        end = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"{complaint}\n{self.log()}")
            time.sleep(0.05)

    def forget(self):
        shutil.rmtree(self.folder, ignore_errors=True)
