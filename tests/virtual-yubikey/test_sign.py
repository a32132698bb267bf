"""What a YubiKey asks for at each signature: its PIN again, a touch, and to stay where it is."""
import sys

sys.dont_write_bytecode = True

import yubikey  # noqa: E402, F401
import story  # noqa: E402
from test_attest import Cards  # noqa: E402

VERIFY, SIGN = "20", "87"


class Policies(Cards):
    """Firmware that tells a key's policies, through a module that goes by the slot."""

    def asked(self, command):
        """The status words of this command, since it was asked last."""
        return [line.split()[-1] for line in self.trace if line.split()[1] == command]

    def run_signed(self, name, status=0):
        self.card.trace()
        said = self.rk("key", "test", name).done(status)
        self.trace = self.card.trace()
        return said

    def test_a_key_in_9c_has_its_login_for_every_signature(self):
        self.make("k", "9c")
        self.run_signed("k")
        signed = self.asked(SIGN).count("9000")
        self.assertGreater(signed, 0)
        self.assertGreaterEqual(self.asked(VERIFY).count("9000"), 1 + signed)

    def test_a_policy_that_the_module_does_not_see_is_kept_all_the_same(self):
        self.make_with("k", "95", 18, pin_policy="always")
        self.run_signed("k")
        self.run_signed("k")
        self.assertEqual(self.card.state["pin_tries"], 3)

    def test_a_key_that_wants_no_pin_signs_too(self):
        self.make_with("k", "9e", "04", pin_policy="never")
        self.run_signed("k")

    def test_a_touch_that_does_not_come_is_waited_for_once(self):
        self.make_with("k", "9a", 1, touch_policy="always", pin_policy="once")
        self.card.touch("refused", 1)
        self.run_signed("k", status=4).says("touch")
        self.assertEqual(self.asked(SIGN), ["6982"])
        self.assertEqual(self.card.state["pin_tries"], 3)

    def test_a_touch_in_9c_is_told_from_a_login(self):
        self.make_with("k", "9c", 2, touch_policy="always")
        self.card.touch("refused", 1)
        self.run_signed("k", status=4).says("touch")
        self.assertEqual(self.asked(SIGN), ["6982"])


class Pulled(Cards):
    def test_a_card_that_is_pulled_at_its_management_key_is_gone_and_not_wrong(self):
        self.card.faults({"do": "remove", "ins": "87"})
        self.rk("key", "generate", "k", "--token", self.token_uri(), "--slot", "9c", "--so-pin-file",
                self.so_file).refused(4, "removed")
        self.card.faults()
        self.card.insert()
        self.make("k", "9c")


class Aes(Cards):
    CARD = {"serial": 15938791, "firmware": [5, 7, 1],
            "management": {"algorithm": 0x0a, "key": "ab" * 24, "touch": False}}

    def test_a_management_key_that_the_module_does_not_know_is_not_tried(self):
        self.rk("key", "generate", "k", "--token", self.token_uri(), "--slot", "9c", "--so-pin-file",
                self.so_file).refused(4, "AES", "newer ykcs11")


if __name__ == "__main__":
    sys.exit(story.main())
