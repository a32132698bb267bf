"""The suite of every module, on YubiKeys through their own module; and what is theirs alone."""
import sys

import modules
import story
import suite


class Stories(suite.Suite):
    MODULE = modules.Ykcs11


class Initialised(suite.OnModule):
    MODULE = modules.Ykcs11

    def setUp(self):
        super().setUp()
        self.card = self.module.cards[self.first.label]
        self.card.generate("9c", key=modules.MANAGEMENT)
        self.before = self.card.state

    def initialise(self, pin, management=modules.MANAGEMENT):
        return self.rk("token", "init", self.first.uri, "--label", "mine", "--yes",
                       "--new-pin-file", self.secret_file("new.pin", pin),
                       "--so-pin-file", self.secret_file("so.pin", management),
                       f"--erase={self.first.label}")

    def test_its_keys_are_gone_and_the_pin_is_the_new_one(self):
        self.initialise("31415926").done().says("keeps its own label", "still has the PUK of its factory")
        now = self.card.state
        self.assertEqual((list(now["keys"]), now["pin"]), (["f9"], "31415926"))
        self.assertEqual(now["management"]["key"], modules.MANAGEMENT)
        self.assertEqual(now["puk"], "12345678")

    def test_what_the_card_would_not_take_is_refused_before_it_is_wiped(self):
        self.initialise("314159265").refused(2, "6 to 8")
        self.initialise("puk:1234").refused(4)
        self.initialise("31415926", management="1234").refused(4, "management key")
        self.assertEqual(self.card.state, self.before)

    def test_with_another_management_key_nothing_is_wiped(self):
        self.initialise("31415926", management="00" * 24).refused(4)
        self.assertEqual(self.card.state, self.before)


if __name__ == "__main__":
    sys.exit(story.main())
