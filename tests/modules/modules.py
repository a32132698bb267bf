"""The PKCS#11 modules that the suite is run on, and how each comes by two tokens and its keys.

A module is known to p11-kit by a file in the story's own home, so that its tokens' URIs name it.
What one cannot do is not told here: the suite tries, and the table of docs/tokens.md says.
"""
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
for folder in ("stories", "virtual-yubikey"):
    sys.path.insert(0, str(HERE.parent / folder))

import story  # noqa: E402
import yubikey  # noqa: E402

WRONG = "918273"
MANAGEMENT = "0102030405060708" "1112131415161718" "2122232425262728"


def package(name):
    """The upstream part of a Debian package's version."""
    said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True, text=True,
                          check=False)
    if said.returncode:
        story.missing(f"no package {name} on this machine")
    return re.match(r"(?:\d+:)?([0-9.]+)", said.stdout)[1]


class Module:
    """What the suite asks of a module. Tokens are story.Token, fresh for each test."""

    TABLE = "modules"  # in which table of docs/tokens.md it stands
    name = None  # p11-kit's

    def __init__(self, test):
        self.test = test

    @classmethod
    def title(cls):
        """The column's head, version included."""
        raise NotImplementedError

    def configure(self, name, path, **settings):
        folder = self.test.folder / "home" / ".config" / "pkcs11" / "modules"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for parent in (folder, *list(folder.parents)[:2]):
            parent.chmod(0o700)
        lines = [f"module: {path}", *(f"{key.replace('_', '-')}: {value}" for key, value in settings.items())]
        (folder / f"{name}.module").write_text("\n".join(lines) + "\n")

    def names(self):
        """The modules that `token list` is to ask."""
        return [self.name]

    def tokens(self):
        """Two of them."""
        raise NotImplementedError

    def initialise(self, token):
        """`token init` of a token as one finds it: the result of the run."""
        raise NotImplementedError

    def make_words(self, token):
        """What `key generate` is told besides."""
        return []

    def delete_words(self):
        """What `key delete` is told besides."""
        return []

    def make(self, name, token, key_type):
        """A key for the keep, the usual way: the result of the run."""
        return self.test.rk("key", "generate", name, "--token", token.uri, "--type", key_type,
                            *self.make_words(token))

    def foreign(self, token):
        """A P-256 key that another program made: its URI."""
        raise NotImplementedError

    def spend(self, token):
        """One wrong PIN, given to another program or another run."""
        test = self.test
        wrong = test.secret_file("wrong.pin", WRONG)
        test.rk("token", "show", token.uri, "--pin-file", f"{token.label}={wrong}", pins=[]).done(4)

    def tries(self, token):
        """What the device itself counts; None: it tells nobody."""
        return None


class SoftHsm(Module):
    name = "softhsm2"

    @classmethod
    def title(cls):
        return f"SoftHSM {package('softhsm2')}"

    def tokens(self):
        self.path = story.MODULE
        return [self.test.token(label) for label in ("first", "second")]

    def initialise(self, token):
        test = self.test
        pins = [test.secret_file("new.pin", "new-pin-1"), test.secret_file("new.so", "new-so-pin")]
        uri = "pkcs11:model=SoftHSM%20v2;token=?module-name=softhsm2"
        return test.rk("token", "init", uri, "--label", "third", "--new-pin-file", pins[0],
                       "--so-pin-file", pins[1], pins=[])

    def foreign(self, token):
        self.test.pkcs11(token, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "theirs",
                         "--id", "07")
        return token.key_uri("theirs")


class OnCards(Module):
    """Modules on virtual YubiKeys whose owners have changed what the factory set."""

    CARDS = [{"serial": serial, "pin": "424242", "puk": "24242424",
              "management": {"algorithm": 3, "key": MANAGEMENT, "touch": False}}
             for serial in (15938791, 15938792)]
    PIN = "424242"

    def tokens(self):
        test = self.test
        self.readers = test.enterContext(yubikey.Readers(test.folder / "yk", self.CARDS))
        test.env.update(self.readers.env)
        self.path = yubikey.module(self.library)
        self.configure(self.name, self.path)
        self.so_file = test.secret_file("management", MANAGEMENT)
        self.cards = {}
        found = []
        for number, card in enumerate(self.readers.cards):
            self.prepare(card)
            pin_file = test.secret_file(f"card{number}.pin", self.PIN)
            uri = f"pkcs11:serial={self.serial(card)}?module-name={self.name}"
            token = story.Token(self.serial(card), uri, self.PIN, MANAGEMENT, pin_file)
            self.cards[token.label] = card
            found.append(token)
        test.tokens += found
        return found

    def prepare(self, card):
        pass

    def serial(self, card):
        return card.serial

    def spend(self, token):
        self.cards[token.label].tool("-a", "verify-pin", "-P", WRONG, status=1)

    def tries(self, token):
        return self.cards[token.label].facts["pin_tries"]


class Ykcs11(OnCards):
    name, library = "ykcs11", "libykcs11.so"
    SLOTS = ("9c", "9a", *(f"{number:02x}" for number in range(0x82, 0x96)))

    @classmethod
    def title(cls):
        return f"ykcs11 {package('ykcs11')}, virtual YubiKey"

    def initialise(self, token):
        test = self.test
        pin = test.secret_file("new.pin", "31415926")
        return test.rk("token", "init", token.uri, "--label", "mine", "--new-pin-file", pin,
                       "--so-pin-file", self.so_file, f"--erase={token.label}", "--yes")

    def make_words(self, token):
        taken = self.cards[token.label].facts["keys"]
        return ["--so-pin-file", f"*={self.so_file}", "--slot", next(slot for slot in self.SLOTS if slot not in taken)]

    def delete_words(self):
        return ["--so-pin-file", self.so_file]

    def foreign(self, token):
        self.cards[token.label].generate("9d", key=MANAGEMENT)
        return f"pkcs11:serial={token.label};id=%03;type=private?module-name={self.name}"


class OpenSc(OnCards):
    name, library = "opensc-pkcs11", "opensc-pkcs11.so"
    # The tool's word for each type that such a card can have; and the slots whose keys sign, for
    # OpenSC, with its number for each. (9d, 3, is one that only decrypts.)
    ALGORITHMS = {"ecdsa-p256": "ECCP256", "ecdsa-p384": "ECCP384", "rsa2048": "RSA2048"}
    SLOTS = {"9a": 1, "9c": 2, "9e": 4}

    @classmethod
    def title(cls):
        return f"OpenSC {package('opensc-pkcs11')}, virtual YubiKey"

    def prepare(self, card):
        """Without a CHUID every card has the serial 00000000."""
        card.tool("-k" + MANAGEMENT, "-a", "set-chuid")

    def serial(self, card):
        said = self.test.rk("token", "list", "--json", "--module", self.name, pins=[]).done().json
        return said["tokens"][self.readers.cards.index(card)]["serial"]

    def initialise(self, token):
        test = self.test
        pin = test.secret_file("new.pin", "31415926")
        return test.rk("token", "init", token.uri, "--label", "mine", "--new-pin-file", pin,
                       "--so-pin-file", self.so_file, f"--erase={token.label}", "--yes")

    def make_words(self, token):
        return ["--so-pin-file", self.so_file]

    def foreign(self, token, key_type="ecdsa-p256"):
        card = self.cards[token.label]
        slot = next(slot for slot in self.SLOTS if slot not in card.facts["keys"])
        card.generate(slot, self.ALGORITHMS[key_type], key=MANAGEMENT)
        return f"pkcs11:serial={token.label};id=%{self.SLOTS[slot]:02};type=private?module-name={self.name}"


class Nss(Module):
    name = "nss-first"

    @classmethod
    def title(cls):
        return f"NSS softoken {package('libnss3')}"

    def names(self):
        return ["nss-first", "nss-second"]

    def tokens(self):
        story.need("certutil")
        self.path = yubikey.module("libsoftokn3.so")
        return [self.database(label) for label in ("first", "second")]

    def database(self, label):
        test = self.test
        folder = test.folder / "tokens" / label
        folder.mkdir(mode=0o700)
        pin_file = test.secret_file(f"{label}.pin", f"pin-{label}")
        self.certutil(folder, pin_file, "-N")
        self.configure(f"nss-{label}", self.path, x_init_reserved=(
            f"configDir='sql:{folder}' certPrefix='' keyPrefix='' secmod='secmod.db' flags= "
            f"dbTokenDescription='{label}'"))
        token = story.Token(label, f"pkcs11:token={label}?module-name=nss-{label}", f"pin-{label}",
                            "", pin_file)
        token.folder = folder
        test.tokens.append(token)
        return token

    def certutil(self, folder, pin_file, *words):
        subprocess.run(["certutil", "-d", f"sql:{folder}", "-f", pin_file, *words], check=True,
                       capture_output=True, timeout=story.TIMEOUT, env=self.test.env)

    def initialise(self, token):
        test = self.test
        pins = [test.secret_file("new.pin", "new-pin-1"), test.secret_file("new.so", "new-so-pin")]
        return test.rk("token", "init", token.uri, "--label", "third", "--new-pin-file", pins[0],
                       "--so-pin-file", pins[1], "--erase=0000000000000000", "--yes")

    def foreign(self, token):
        noise = self.test.write("noise", bytes(range(256)))
        self.certutil(token.folder, token.pin_file, "-S", "-x", "-n", "theirs", "-s", "CN=theirs", "-t",
                      "u,u,u", "-k", "ec", "-q", "nistp256", "-z", noise)
        return f"pkcs11:token={token.label};type=private?module-name=nss-{token.label}"
