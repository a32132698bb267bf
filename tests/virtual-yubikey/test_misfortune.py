"""What goes wrong between the program and a card: refused, pulled, slow or garbled at some APDU, and a
touch that comes late or never. Each time there is an error that tells what to do, or none was needed;
no PIN is spent that was not wrong; and the next run finishes."""
import sys

sys.dont_write_bytecode = True

import main_stories  # noqa: E402
import story  # noqa: E402
import yubikey  # noqa: E402

VERIFY, SIGN, SELECT, METADATA, GET_DATA = "20", "87", "a4", "f7", "cb"


class Misfortune(main_stories.OnYubiKeys, story.Story):
    CARDS = 1

    def setUp(self):
        super().setUp()
        self.key("k", self.token("card"))
        self.card = self.readers.cards[0]
        self.repository("demo", ["k"], ["k"])
        self.good("sign", "demo")
        self.number = 0

    def stage(self):
        self.number += 1
        self.good("target", "add", "demo", "--name", f"file{self.number}", "--length", "1",
                  "--sha256", "00" * 32)

    def struck(self, *rules):
        """A run of `sign` while these rules hold: its result. Afterwards the world is as before."""
        self.stage()
        before = self.card.facts
        self.card.faults(*rules)
        result = self.rk("sign", "demo")
        self.card.faults()
        if not self.card.facts["inserted"]:
            self.card.insert()
        self.readers.until(self.card.seen, "the card does not come back")
        self.assertEqual(self.card.facts["pin_tries"], before["pin_tries"], str(result))
        self.assertEqual(set(self.card.facts["keys"]), set(before["keys"]), str(result))
        return result

    def told(self, result, *words):
        """It failed, with the token as the reason and a word on what to do; and can be mended."""
        self.assertIn(result.status, (4, 5), str(result))
        result.says(*words)
        self.assertRegex(result.out + result.err, r"remedy: |; [a-z]", str(result))
        self.verified()
        self.good("sign", "demo")
        self.verified()
        self.no_strays()

    def harmless_or_told(self, result):
        if result.status == 0:
            self.verified()
        else:
            self.told(result)

    # One kind of command

    def test_the_signature_is_refused(self):
        for status in ("6982", "6f00", "6a80"):
            with self.subTest(status):
                self.told(self.struck({"do": "status", "status": status, "ins": SIGN, "times": 0}))

    def test_the_pin_is_said_to_be_blocked(self):
        result = self.struck({"do": "status", "status": "6983", "ins": VERIFY, "times": 0})
        self.told(result, "locked")

    def test_it_is_pulled_while_it_signs(self):
        for after in (False, True):
            with self.subTest(after=after):
                self.told(self.struck({"do": "remove", "ins": SIGN, "after": after}))

    def test_an_answer_that_is_no_signature(self):
        self.told(self.struck({"do": "garbage", "ins": SIGN, "times": 0}))

    def test_a_slow_card_is_waited_for(self):
        self.struck({"do": "slow", "seconds": 3, "ins": SIGN}).done()
        self.verified()

    # Anywhere

    def test_pulled_at_one_apdu_after_another(self):
        self.card.ask("faults", rules=[])
        before = self.card.facts["apdus"]
        self.stage()
        self.good("sign", "demo")
        count = self.card.facts["apdus"] - before
        self.assertGreater(count, 10)
        for number in sorted({1, 2, *range(3, count, max(1, count // 8)), count - 1, count}):
            with self.subTest(f"{number} of {count}"):
                self.harmless_or_told(self.struck({"do": "remove", "at": number}))

    def test_broken_at_one_apdu_after_another(self):
        for ins in (SELECT, METADATA, GET_DATA, VERIFY):
            for status in ("6f00", "6982"):
                with self.subTest(ins=ins, status=status):
                    self.harmless_or_told(self.struck({"do": "status", "status": status, "ins": ins}))


class Touch(main_stories.OnYubiKeys, story.Story):
    CARDS = 1

    def setUp(self):
        super().setUp()
        token = self.token("card")
        self.card = self.readers.cards[0]
        self.card.generate("9c", key=main_stories.MANAGEMENT, touch_policy="always", pin_policy="once")
        token.slots["k"] = "9c"
        self.good("key", "enrol", "k", token.key_uri("k"))

    def test_late_it_is_waited_for(self):
        self.card.touch("late", 4)
        self.good("key", "test", "k")
        self.assertGreaterEqual(self.card.facts["touches"], 2)

    def test_never_it_is_said_so_and_no_pin_is_spent(self):
        self.card.touch("refused", 2)
        self.rk("key", "test", "k").refused(4)
        self.assertEqual(self.card.facts["pin_tries"], 3)
        self.card.touch("granted")
        self.good("key", "test", "k")


if __name__ == "__main__":
    sys.exit(story.main())
