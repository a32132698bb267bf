"""Notary's client and a YubiKey: root keys that it put there, and root keys that we made there.

It uses Debian's ykcs11, wherever that lies, and the first reader. With ykcs11 2 its keys do not get
onto a card (elder.c tells why), and it goes on with a key on disk; elder.so puts that right.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import peer  # noqa: F401

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "virtual-yubikey"))

import notary_lab  # noqa: E402
import notary_story  # noqa: E402
import story  # noqa: E402
import yubikey  # noqa: E402

PIN, MANAGEMENT = "424242", "0102030405060708" "1112131415161718" "2122232425262728"


class Client(notary_lab.Client):
    """A `notary` that sees the cards; elder: a module that is to stand before ykcs11."""

    def __init__(self, lab, folder, readers, elder=None):
        super().__init__(lab, folder)
        self.env.update(readers.env)
        self.elder = elder
        if elder:
            self.real = shutil.copy(yubikey.module("libykcs11.so"), folder / "real.so")
            self.env["ELDER_MODULE"] = str(self.real)

    def command(self, words):
        line = super().command(words)
        if not self.elder:
            return line
        place = f'mount --bind "{self.elder}" "{os.path.realpath(yubikey.module("libykcs11.so"))}"'
        return [*yubikey.namespaces("m"), "bash", "-c", f'{place} && exec "$@"', "bash", *line]

    def keys(self):
        """role -> the places where it has such keys, of what `key list` says."""
        found = {}
        for line in self.good("key", "list").out.splitlines():
            match = re.fullmatch(r"(\S.*?)\s+([0-9a-f]{64})\s+(\S+)\s*", line)
            if match:
                found.setdefault(match[1], set()).add((match[2], match[3]))
        return found


class OnACard(notary_story.NotaryStory):
    FACTS = {"serial": 15938791}

    def setUp(self):
        super().setUp()
        yubikey.need()
        self.readers = self.enterContext(yubikey.Readers(self.folder / "yk", [self.FACTS]))
        self.card = self.readers.cards[0]
        self.env.update(self.readers.env)
        self.known_to_p11_kit()
        pin = self.card.state["pin"]
        self.uri = f"pkcs11:serial={self.card.serial}?module-name=ykcs11"
        self.tokens.append(story.Token(self.card.serial, self.uri, pin, "",
                                       self.secret_file("card.pin", pin)))

    def known_to_p11_kit(self):
        path = self.folder / "home" / ".config" / "pkcs11" / "modules"
        path.mkdir(mode=0o700, parents=True)
        for folder in (path, path.parent, path.parent.parent):
            folder.chmod(0o700)
        (path / "ykcs11.module").write_text(f"module: {yubikey.module('libykcs11.so')}\n")

    def slot(self, number):
        return self.uri.replace("?", f";id=%{number:02};type=private?")

    def notary(self, elder=False):
        if not elder:
            return Client(self.lab, self.folder / "notary", self.readers)
        module = pathlib.Path(os.environ.get("RK_BUILD", "")) / "tests" / "modules" / "elder.so"
        if not module.exists():
            story.missing("no tests/modules/elder.so in RK_BUILD")
        return Client(self.lab, self.folder / "notary", self.readers, module)


class PutThereByNotary(OnACard):
    def test_a_root_key_of_notarys_is_enrolled_and_signs(self):
        client = self.notary(elder=True)
        client.good("key", "generate", "ecdsa", "--role", "root")
        self.assertIn("9c", self.card.facts["keys"])
        self.assertTrue(any(place == "yubikey" for _, place in client.keys()["root"]))
        enrolled = self.good("key", "enrol", "root", self.slot(2)).says("certificate for 'root'")
        ids = {key for key, _ in client.keys()["root"]}
        self.assertEqual(len(ids), 1)
        self.assertIn(ids.pop(), self.good("key", "show", "root", "--format", "notary").out
                      + self.good("key", "show", "root").out + enrolled.out)
        self.key("targets", self.token("release"))
        words = ["init", self.gun, "--dialect", "notary", "--root", "root", "--targets", "targets"]
        self.rk(*words, *self.server_keys()).refused(2, "factory", "token pin")
        self.leave_the_factory()
        self.good(*words, *self.server_keys())
        self.add("x", b"what is signed")
        self.good("sign", self.gun)
        self.push()
        self.listed(client, x=b"what is signed")

    def leave_the_factory(self):
        """What the refusal tells to do. (Notary needs the factory's management key to put a key there.)"""
        new_pin, token = self.secret_file("new.pin", PIN), self.tokens[0]
        self.good("token", "pin", self.uri, "--new-pin-file", new_pin)
        token.pin_file = new_pin
        self.card.tool("-a", "change-puk", "-P", yubikey.PUK, "-N", "24242424")
        self.good("token", "pin", self.uri, "--so", pins=[],
                  *("--so-pin-file", self.secret_file("old", yubikey.MANAGEMENT)),
                  *("--new-pin-file", self.secret_file("new", MANAGEMENT)))
        self.assertEqual(self.card.state["management"]["key"], MANAGEMENT)

    def test_with_ykcs11_2_only_its_certificate_gets_there_and_we_do_not_take_that_for_a_key(self):
        client = self.notary()
        client.good("key", "generate", "ecdsa", "--role", "root")
        self.assertNotIn("9c", self.card.facts["keys"])
        self.assertEqual(len(client.keys()["root"]), 2)  # it believes that the card has it too
        self.rk("key", "enrol", "root", self.slot(2)).refused(4)
        self.assertFalse((self.keep / "keep.json").exists())


class PutThereByUs(OnACard):
    FACTS = {"serial": 15938791, "pin": PIN, "puk": "24242424",
             "management": {"algorithm": 3, "key": MANAGEMENT, "touch": False}}

    def test_notary_lists_a_root_key_of_ours_and_begins_a_repository_with_it(self):
        self.good("key", "generate", "root", "--token", self.uri, "--slot", "9c",
                  "--so-pin-file", self.secret_file("management", MANAGEMENT))
        self.good("key", "certify", "root", "--gun", self.gun, "--out", self.folder / "gun.pem")
        client = self.notary()
        self.marked_as_notarys()
        self.assertIn("yubikey", {place for _, place in client.keys()["root"]})
        self.assertFalse(list((client.folder / "private").glob("*.key")))
        # It tries the factory's PIN first, which costs a try; then it wants a passphrase, and takes
        # that of delegations for it.
        client.env["NOTARY_DELEGATION_PASSPHRASE"] = PIN
        client.good("init", "--rootcert", self.folder / "gun.pem", self.gun, "-p")
        self.assertIn("00 20 00 80 63c2", self.card.trace())
        self.signed_by_the_card(client)

    def test_a_certificate_on_the_card_comes_with_its_key_into_another_keep(self):
        self.good("key", "generate", "root", "--token", self.uri, "--slot", "9c",
                  "--so-pin-file", self.secret_file("management", MANAGEMENT))
        certificate = self.folder / "gun.pem"
        self.good("key", "certify", "root", "--gun", self.gun, "--out", certificate)
        self.card.tool(f"-k{MANAGEMENT}", "-a", "import-certificate", "-s", "9c", "-i", certificate)
        other = self.folder / "other"
        other.mkdir(mode=0o700)
        self.good("key", "enrol", "root", self.slot(2), cwd=other).says(self.gun, "it is kept")
        kept = list((other / "certificates").rglob("*.pem"))
        self.assertEqual([path.read_text() for path in kept], [certificate.read_text()])

    def marked_as_notarys(self):
        """For Notary a key's role is the common name of the certificate in its slot."""
        self.good("key", "certify", "root", "--gun", "root", "--out", self.folder / "mark.pem")
        self.card.tool(f"-k{MANAGEMENT}", "-a", "import-certificate", "-s", "9c",
                       "-i", self.folder / "mark.pem")

    def signed_by_the_card(self, client):
        folder = self.folder / "pulled"
        folder.mkdir()
        self.pull(folder)
        self.good("verify", folder, "--root", folder / "1.root.json", "--gun", self.gun)
        keys = {path.read_text() for path in (client.folder / "private").glob("*.key")}
        self.assertFalse([text for text in keys if "role: root" in text])


if __name__ == "__main__":
    sys.exit(story.main())
