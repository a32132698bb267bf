"""Copies of private keys from files onto YubiKeys: into slots, by the management key, proved on each."""
import json
import subprocess
import sys

sys.dont_write_bytecode = True

import yubikey  # noqa: E402
import story  # noqa: E402

PIN = "424242"
MANAGEMENT = "0102030405060708" "1112131415161718" "2122232425262728"
SERIALS = (15938791, 15938792)


class Import(story.Story):
    def setUp(self):
        super().setUp()
        story.need("openssl")
        facts = [{"serial": serial, "pin": PIN, "puk": "24242424",
                  "management": {"algorithm": 3, "key": MANAGEMENT, "touch": False}}
                 for serial in SERIALS]
        self.readers = self.enterContext(yubikey.Readers(self.folder / "yk", facts))
        self.env.update(self.readers.env)
        modules = self.folder / "home" / ".config" / "pkcs11" / "modules"
        modules.mkdir(mode=0o700, parents=True)
        (modules / "ykcs11.module").write_text(f"module: {yubikey.module('libykcs11.so')}\n")
        self.management = self.secret_file("management", MANAGEMENT)
        for serial in SERIALS:
            uri = f"pkcs11:serial={serial}?module-name=ykcs11"
            self.tokens.append(story.Token(str(serial), uri, PIN, MANAGEMENT,
                                           self.secret_file(f"{serial}.pin", PIN)))
        self.first, self.spare = self.tokens

    def private(self, *words):
        path = self.folder / "k.pem"
        subprocess.run(["openssl", "genpkey", *words, "-out", path], check=True, capture_output=True)
        path.chmod(0o600)
        return path

    def bring(self, name, path, slot, *tokens, more=()):
        words = [word for token in tokens for word in ("--token", token.uri)]
        return self.rk("key", "import", name, path, *words, "--slot", slot, "--so-pin-file",
                       f"*={self.management}", *more)

    def in_slots(self, number):
        return set(self.readers.cards[number].facts["keys"]) - {"f9"}

    def test_each_type_goes_to_two_cards_and_signs_on_either(self):
        kinds = {"9a": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
                 "9c": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
                 "9d": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")}
        for slot, words in kinds.items():
            with self.subTest(slot):
                self.bring(f"k-{slot}", self.private(*words), slot, self.first, self.spare).done()
                self.good("key", "test", f"k-{slot}", pins=[self.first])
        self.assertEqual(self.in_slots(0), set(kinds))
        self.assertEqual(self.in_slots(1), set(kinds))
        keys = json.loads((self.keep / "keep.json").read_bytes())["keys"]
        for name, key in keys.items():
            self.assertEqual((len(key["tokens"]), key["origin"]), (2, "imported"))
            self.good("key", "forget", name, self.first.uri)
            self.good("key", "test", name, pins=[self.spare])

    def test_a_slot_that_is_taken_on_one_card_leaves_both_alone(self):
        ec = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.bring("one", self.private(*ec), "9a", self.spare).done()
        self.bring("two", self.private(*ec), "9a", self.first, self.spare).refused(2, "slot")
        self.assertEqual(self.in_slots(0), set())
        self.assertEqual(self.in_slots(1), {"9a"})

    def test_without_a_slot_or_its_management_key_nothing_is_written(self):
        path = self.private("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        self.rk("key", "import", "k", path, "--token", self.first.uri).refused(2, "--slot")
        self.rk("key", "import", "k", path, "--token", self.first.uri, "--slot", "9a") \
            .refused(2, "management key")
        self.assertEqual(self.in_slots(0), set())

    def test_what_the_card_cannot_hold_is_said_before_any_pin(self):
        path = self.private("-algorithm", "ed25519")
        result = self.rk("key", "import", "k", path, "--token", self.first.uri, "--slot", "9a", pins=[])
        result.refused(4, "ed25519")
        self.assertEqual(self.in_slots(0), set())


if __name__ == "__main__":
    sys.exit(story.main())
