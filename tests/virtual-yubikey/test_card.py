"""The virtual YubiKey by itself: other people's programs take it for a card."""
import subprocess
import sys
import time

import yubikey

import story


class OnCards(story.Story):
    """Readers for the class's tests; each test has the cards of CARDS anew, if it changes them."""

    CARDS, MAKER = 1, None

    def setUp(self):
        super().setUp()
        self.readers = self.enterContext(yubikey.Readers(self.folder / "yk", self.CARDS, self.MAKER))
        self.card = self.readers.cards[0]
        self.env.update(self.readers.env)

    def module_tool(self, module, *words, status=0):
        done = subprocess.run(["pkcs11-tool", "--module", yubikey.module(module), *map(str, words)],
                              env=self.env, cwd=self.folder, capture_output=True, timeout=story.TIMEOUT,
                              check=False)
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        self.assertEqual(done.returncode, status, said)
        return said

    def verifies(self, public, data, signature):
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", public, "-signature", signature, data],
                       check=True, capture_output=True)

    def signs(self, module, public, key_id="01", status=0):
        data = self.write("data", "what is signed")
        said = self.module_tool(module, "--login", "--pin", yubikey.PIN, "--sign", "--mechanism",
                                "ECDSA-SHA256", "--signature-format", "openssl", "--id", key_id,
                                "--input-file", data, "--output-file", self.folder / "signature",
                                status=status)
        if status == 0:
            self.verifies(public, data, self.folder / "signature")
        return said


class OtherPrograms(OnCards):
    def test_the_tool_tells_its_serial_and_version(self):
        self.assertIn(self.card.serial, self.card.tool("-a", "status"))
        self.assertIn("5.4.3", self.card.tool("-a", "version"))

    def test_both_modules_see_a_key_and_sign_with_it(self):
        public = self.card.generate("9a")
        self.signs("libykcs11.so", public)
        self.signs("opensc-pkcs11.so", public)

    def test_the_module_makes_keys_as_its_so(self):
        for number, key_type in (("01", "EC:prime256v1"), ("03", "EC:secp384r1"), ("05", "rsa:2048")):
            self.module_tool("libykcs11.so", "--login", "--login-type", "so", "--so-pin",
                             yubikey.MANAGEMENT, "--keypairgen", "--key-type", key_type, "--id", number)
        self.assertEqual(set(self.card.facts["keys"]), {"9a", "9d", "82", "f9"})

    def test_a_wrong_pin_costs_a_try_and_three_lock(self):
        self.card.generate("9a")
        for left in (2, 1, 0):
            self.card.tool("-a", "verify-pin", "-P", "000000", status=1)
            self.assertEqual(self.card.facts["pin_tries"], left)
        self.card.tool("-a", "verify-pin", "-P", yubikey.PIN, status=1)
        self.card.tool("-a", "unblock-pin", "-P", yubikey.PUK, "-N", "654321")
        self.card.tool("-a", "verify-pin", "-P", "654321")

    def test_its_state_outlives_the_readers(self):
        self.card.generate("9a")
        self.card.tool("-a", "change-pin", "-P", yubikey.PIN, "-N", "11223344")
        before = self.card.state
        self.readers.__exit__()
        self.readers.__enter__()
        self.card.tool("-a", "verify-pin", "-P", "11223344")
        self.assertEqual(self.card.state, before)


class Attestation(OnCards):
    MAKER = {"between": 2}

    def test_a_generated_key_has_a_chain_that_openssl_takes(self):
        self.card.generate("9c", touch_policy="always", pin_policy="once")
        leaf = self.write("leaf.pem", self.card.tool("-a", "attest", "-s", "9c"))
        device = self.write("f9.pem", self.card.tool("-a", "read-certificate", "-s", "f9"))
        between = self.folder / "yk" / "intermediates.pem"
        subprocess.run(["openssl", "verify", "-CAfile", self.folder / "yk" / "root.pem", "-untrusted",
                        between, "-untrusted", device, leaf], check=True, capture_output=True)
        text = subprocess.run(["openssl", "x509", "-in", leaf, "-noout", "-text"], check=True,
                              capture_output=True, text=True).stdout
        for number in (3, 7, 8, 9):
            self.assertIn(f"1.3.6.1.4.1.41482.3.{number}:", text)

    def test_an_imported_key_has_none(self):
        key = self.folder / "key.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key],
                       check=True, capture_output=True)
        self.card.tool("-a", "import-key", "-s", "9a", "-i", key)
        self.card.tool("-a", "attest", "-s", "9a", status=1)


class Misfortune(OnCards):
    CARDS = 2

    def test_it_is_pulled_at_an_apdu_and_put_in_again(self):
        public = self.card.generate("9a")
        self.card.faults({"do": "remove", "ins": "87", "back": 0.5})
        self.signs("libykcs11.so", public, status=1)
        self.card.faults()
        self.readers.until(self.card.seen, "it does not come back")
        self.signs("libykcs11.so", public)

    def test_the_other_card_is_untouched(self):
        other = self.readers.cards[1]
        self.card.remove()
        self.assertIn(other.serial, other.tool("-a", "status"))
        self.card.insert()
        self.assertIn(self.card.serial, self.card.tool("-a", "status"))

    def test_an_apdu_is_refused_by_script(self):
        self.card.generate("9a")
        self.card.faults({"do": "status", "status": "6983", "ins": "20", "times": 0})
        self.assertIn("block", self.card.tool("-a", "verify-pin", "-P", yubikey.PIN, status=1).lower())
        self.assertEqual(self.card.facts["pin_tries"], 3)

    def test_an_answer_is_slow(self):
        self.card.faults({"do": "slow", "seconds": 2, "ins": "fd"})
        began = time.monotonic()
        self.card.tool("-a", "version")
        self.assertGreater(time.monotonic() - began, 2)

    def test_a_touch_that_does_not_come_is_a_refusal(self):
        public = self.card.generate("9a", touch_policy="always")
        self.card.touch("refused", 1)
        self.signs("libykcs11.so", public, status=1)
        self.card.touch("late", 2)
        self.signs("libykcs11.so", public)
        self.assertGreaterEqual(self.card.facts["touches"], 2)


if __name__ == "__main__":
    sys.exit(story.main())
