"""What a YubiKey swears about its keys: fetched through ykcs11, judged, kept, asked for by policy.

The cards are virtual, and so is their maker: its root is given by --ca, or lies beside a copy of the
program as Yubico's lies beside the installed one.
"""
import json
import shutil
import sys

sys.dont_write_bytecode = True

import yubikey  # noqa: E402
import story  # noqa: E402

PIN = "424242"
MANAGEMENT = "0102030405060708" "1112131415161718" "2122232425262728"
KEYS = {"pin": PIN, "puk": "24242424", "management": {"algorithm": 3, "key": MANAGEMENT, "touch": False}}


class Cards(story.Story):
    CARD = {"serial": 15938791, "firmware": [5, 7, 1]}
    MAKER = {}

    def setUp(self):
        super().setUp()
        self.readers = self.enterContext(
            yubikey.Readers(self.folder / "yk", [{**KEYS, **self.CARD}], maker=self.MAKER))
        self.env.update(self.readers.env)
        modules = self.folder / "home" / ".config" / "pkcs11" / "modules"
        modules.mkdir(mode=0o700, parents=True)
        for folder in (modules.parent, modules.parent.parent):
            folder.chmod(0o700)
        (modules / "ykcs11.module").write_text(f"module: {yubikey.module('libykcs11.so')}\n")
        self.card = self.readers.cards[0]
        self.serial = self.CARD["serial"]
        self.so_file = self.secret_file("management", MANAGEMENT)
        self.tokens.append(story.Token(str(self.serial), self.token_uri(), PIN, MANAGEMENT,
                                       self.secret_file("card.pin", PIN)))
        self.program = story.BINARY

    def command(self, *arguments, **options):
        return [self.program, *super().command(*arguments, **options)[1:]]

    def token_uri(self):
        return f"pkcs11:serial={self.serial}?module-name=ykcs11"

    def make(self, name, slot):
        self.good("key", "generate", name, "--token", self.token_uri(), "--slot", slot,
                  "--so-pin-file", self.so_file)

    def make_with(self, name, slot, number, **policies):
        """Made by yubico-piv-tool: Debian 12's ykcs11 chooses no policies."""
        self.card.generate(slot, key=MANAGEMENT, **policies)
        self.good("key", "enrol", name,
                  f"pkcs11:serial={self.serial};id=%{number:02};type=private?module-name=ykcs11")

    def roots(self):
        """The maker's root, and its intermediates."""
        folder = self.readers.folder
        return self.write("roots.pem", (folder / "root.pem").read_text()
                          + (folder / "intermediates.pem").read_text())

    def attest(self, name, *more, status=0):
        return self.rk("key", "attest", name, "--ca", self.roots(), "--json", *more).done(status).json

    def settle(self):
        """From now on the maker's root is the program's own."""
        place = self.folder / "installed"
        pins = place / "share" / "rootkeep" / "attestation"
        pins.mkdir(parents=True)
        (place / "bin").mkdir()
        self.program = str(shutil.copy2(story.BINARY, place / "bin" / "rootkeep"))
        shutil.copy(self.roots(), pins / "test.pem")
        return pins

    def policy(self, **members):
        path = self.keep / "keep.json"
        document = json.loads(path.read_text())
        document["policy"] = {**document.get("policy", {}), **members}
        path.write_text(json.dumps(document))


class Stories(Cards):
    def test_a_key_made_on_the_card_is_attested_and_the_chain_is_kept(self):
        self.make_with("root", "9c", 2, touch_policy="always", pin_policy="always")
        said = self.attest("root")
        sworn = said["attestation"]
        self.assertEqual(
            [sworn[name] for name in ("slot", "firmware", "serial", "pin_policy", "touch_policy")],
            ["9c", "5.7.1", self.serial, "always", "always"])
        self.assertTrue(sworn["root"]["given"])
        self.assertTrue(said["kept"] and said["satisfied"])
        self.assertEqual(said["unmet"], [])
        fingerprint = said["fingerprint"]
        folder = self.keep / "attestations" / fingerprint
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["f9.der", "slot.der"])
        last = json.loads((self.keep / "journal.jsonl").read_text().splitlines()[-1])
        self.assertEqual(last["action"], "key attest root")
        self.assertIn(str(self.serial), last["note"])
        self.assertIn(f"attestations/{fingerprint}/slot.der", last["after"])
        # By the program's own roots it is not believed, and so is told everywhere.
        for command in (("key", "list"), ("status",)):
            document = self.good(*command, "--json").json
            self.assertFalse(document["keys"][0]["attestation"]["believed"])
            self.good(*command).says("not believed")
        self.good("key", "show", "root").says("not believed", "Virtual PIV Root CA")
        self.refuses(3, "key", "attest", "root", words=["Virtual PIV Root CA"])
        self.good("check")
        # Where the token is not, what the keep has is judged.
        self.card.remove()
        said = self.attest("root")
        self.assertIsNone(said["token"])
        self.assertFalse(said["kept"])

    def test_what_is_required_is_judged(self):
        self.make_with("soft", "9a", 1, touch_policy="never", pin_policy="once")
        self.attest("soft", "--require", f"serial={self.serial},firmware>=5.7,pin=once,no-advisory")
        with self.unchanged(self.folder / "home"):
            said = self.attest("soft", "--require", "fips,touch=always,pin=always,firmware>=5.8",
                               "--require", "serial=1", status=3)
        self.assertFalse(said["satisfied"])
        self.assertEqual(len(said["unmet"]), 5)
        self.refuses(2, "key", "attest", "soft", "--require", "touch=sometimes")
        with self.unchanged():
            self.good("key", "attest", "soft", "--ca", self.roots(), "--dry-run", "--json")

    def test_an_imported_key_has_no_attestation(self):
        self.make("made", "9a")
        pem = self.folder / "imported.pem"
        yubikey.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pem)
        self.card.tool("-k" + MANAGEMENT, "-a", "import-key", "-s", "9d", "-i", pem)
        public = self.folder / "imported.pub"
        yubikey.openssl("pkey", "-in", pem, "-pubout", "-out", public)
        certificate = self.folder / "imported.crt"
        yubikey.openssl("req", "-x509", "-key", pem, "-subj", "/CN=imported", "-out", certificate)
        self.card.tool("-k" + MANAGEMENT, "-a", "import-certificate", "-s", "9d", "-i", certificate)
        self.good("key", "enrol", "imported",
                  f"pkcs11:serial={self.serial};id=%03;type=private?module-name=ykcs11")
        self.refuses(3, "key", "attest", "imported", "--ca", self.roots(),
                     words=["swears nothing about key 'imported'", "key generate"])
        self.assertFalse((self.keep / "attestations").exists())

    def test_a_device_whose_f9_was_overwritten_is_not_believed(self):
        """Its owner has a key of his own swear, under a certificate that names the true issuer."""
        self.make("root", "9c")
        own, forged = self.folder / "own.pem", self.folder / "forged.crt"
        yubikey.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", own)
        yubikey.openssl("req", "-x509", "-key", own, "-subj", "/CN=Virtual PIV Root CA", "-out", forged)
        for slot_action in (("import-key", own), ("import-certificate", forged)):
            self.card.tool("-k" + MANAGEMENT, "-a", slot_action[0], "-s", "f9", "-i", slot_action[1])
        self.refuses(3, "key", "attest", "root", "--ca", self.roots(), words=["is not believed"])
        self.assertFalse((self.keep / "attestations").exists())

    def test_the_programs_own_root_satisfies_the_policy(self):
        self.settle()
        self.make("root", "9c")
        self.make("targets", "9a")
        self.policy(require_attestation=["root"])
        words = ["init", "demo", "--dialect", "tuf", "--root", "root", "--targets", "targets"]
        self.refuses(2, *words, words=["'root' has no attestation"])
        # By a CA of the day alone, it is not satisfied.
        pins = self.folder / "installed" / "share" / "rootkeep" / "attestation" / "test.pem"
        aside = self.folder / "aside.pem"
        shutil.move(pins, aside)
        self.attest("root")
        self.refuses(2, *words, words=["'root' has no attestation"])
        shutil.move(aside, pins)
        said = self.good("key", "attest", "root", "--json").json
        self.assertFalse(said["attestation"]["root"]["given"])
        self.good(*words)
        self.good("sign", "demo")
        self.assertEqual(self.good("status", "--json").json["repositories"][0]["amiss"], [])
        self.verified("demo").silent_about("attested")
        # Root may not get a key of which nothing is sworn; but by an exception, which is told.
        self.make("bare", "9d")
        change = ["role", "set", "demo", "root", "--add-key", "bare"]
        self.refuses(2, *change, words=["'bare' has no attestation"])
        self.good(*change, "--except", "attestation=it comes next week")
        self.assertIn("next week", (self.keep / "journal.jsonl").read_text())
        amiss = self.good("status", "--json").json["repositories"][0]["amiss"]
        self.assertEqual(len(amiss), 1)
        self.assertIn("bare", amiss[0])
        self.refuses(2, "sign", "demo", words=["bare"])
        self.good("sign", "demo", "--except", "attestation=it comes next week")
        self.verified("demo").says("bare")
        last = json.loads((self.keep / "journal.jsonl").read_text().splitlines()[-1])
        self.assertIn("attestation", last["except"])
        # The root is taken away: what was believed is not any more.
        shutil.move(pins, aside)
        self.refuses(3, "key", "attest", "root")
        self.good("key", "list").says("not believed")
        self.verified("demo").says("root, bare")

    def test_a_folder_of_roots_that_others_write_to_is_not_believed(self):
        pins = self.settle()
        self.make("root", "9c")
        pins.chmod(0o777)
        self.refuses(6, "key", "attest", "root")


class Intermediates(Cards):
    """A device of the newer kind, and in a FIPS case."""

    CARD = {"serial": 4000000001, "firmware": [5, 7, 4], "fips": True}
    MAKER = {"between": 2, "kind": "rsa2048"}

    def test_a_device_below_intermediates_is_believed(self):
        self.make("root", "82")
        said = self.attest("root", "--require", f"fips,serial={self.serial}")
        self.assertEqual(said["attestation"]["slot"], "82")
        self.assertTrue(said["attestation"]["fips"])
        # The root alone does not lead to it: its intermediates are on no card.
        self.refuses(3, "key", "attest", "root", "--ca", self.readers.folder / "root.pem",
                     words=["intermediate"])


if __name__ == "__main__":
    sys.exit(story.main())
