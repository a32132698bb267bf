"""PIN, PUK and management key of a YubiKey: told of, changed, unblocked, and never the factory's for
a root key; what is on it against the keep."""
import sys

sys.dont_write_bytecode = True

import yubikey  # noqa: E402
import story  # noqa: E402
from terminal import Terminal  # noqa: E402
from test_attest import Cards, MANAGEMENT, PIN  # noqa: E402

PUK = "24242424"
FACTORY = {"pin": yubikey.PIN, "puk": yubikey.PUK}


class Pins(Cards):
    def pin(self, *more, new="515151", **options):
        return self.rk("token", "pin", self.token_uri(), *more, "--new-pin-file",
                       self.secret_file("new.pin", new), **options)

    def puk(self):
        return ("--so-pin-file", self.secret_file("puk", PUK))

    def wrong(self, times=1):
        """So many tries are spent."""
        for _ in range(times):
            self.card.tool("-a", "verify-pin", "-P", "999999", status=1)

    def test_a_new_pin_is_set_and_the_old_one_is_no_more(self):
        self.pin().done()
        self.assertEqual(self.card.state["pin"], "515151")
        self.rk("token", "show", self.token_uri()).refused(4, "PIN")
        self.assertEqual(self.card.state["pin_tries"], 2)

    def test_a_length_that_it_does_not_take_spends_nothing(self):
        for new in ("12345", "123456789"):
            self.pin(new=new).refused(2, "6 to 8")
        self.assertEqual((self.card.state["pin"], self.card.state["pin_tries"]), (PIN, 3))

    def test_the_puk_unblocks_what_is_locked(self):
        self.make("k", "9c")
        self.wrong(3)
        self.rk("key", "test", "k").refused(4, "locked", "--unblock")
        self.pin("--unblock", *self.puk()).done()
        self.tokens[0].pin_file = self.secret_file("card.pin", "515151")
        self.good("key", "test", "k")

    def test_a_wrong_puk_is_one_try(self):
        self.wrong(3)
        self.pin("--unblock", "--so-pin-file", self.secret_file("puk", "99999999")).refused(4)
        self.assertEqual(self.card.state["puk_tries"], 2)

    def test_the_puks_last_try_wants_it_too(self):
        self.wrong(3)
        for _ in range(2):
            self.card.tool("-a", "unblock-pin", "-P", "99999999", "-N", "515151", status=1)
        self.good("token", "show", self.token_uri(), pins=[]).says("puk, 1 try left")
        self.pin("--unblock", *self.puk(), "-y").refused(4, "PUK", "--last-pin-try")
        self.assertEqual(self.card.state["puk_tries"], 1)
        self.pin("--unblock", *self.puk(), "--last-pin-try").done()

    def test_the_last_try_wants_its_own_yes(self):
        self.make("k", "9c")
        self.wrong(2)
        self.good("token", "show", self.token_uri(), pins=[]).says("final")
        self.rk("key", "test", "k", "-y").refused(4, "last", "--last-pin-try")
        self.pin("-y").refused(4, "last", "--last-pin-try")
        self.assertEqual(self.card.state["pin_tries"], 1)
        self.good("key", "test", "k", "--last-pin-try")
        self.assertEqual(self.card.state["pin_tries"], 3)

    def test_the_management_key_is_changed_and_makes_keys(self):
        new = "ab" + MANAGEMENT[2:]
        self.pin("--so", "--so-pin-file", self.so_file, new=new[:10]).refused(2, "hex digits")
        self.pin("--so", "--so-pin-file", self.so_file, new=new).done()
        self.rk("key", "generate", "k", "--token", self.token_uri(), "--slot", "9c", "--so-pin-file",
                self.so_file).refused(4)
        self.so_file = self.secret_file("management", new)
        self.make("k", "9c")

    def test_a_slot_has_to_be_named_and_free(self):
        self.rk("key", "generate", "k", "--token", self.token_uri()).refused(2, "--slot")
        self.make("k", "9c")
        self.rk("key", "generate", "l", "--token", self.token_uri(), "--slot", "9c", "--so-pin-file",
                self.so_file).refused(2, "--slot")
        self.make("l", "82")

    def test_nothing_is_made_to_try_it_out(self):
        self.make("k", "9c")
        before = self.card.facts["keys"]
        self.rk("token", "test", self.token_uri()).done().says("nothing was made", "ecdsa-p256",
                                                              "works", "not tried")
        self.assertEqual(self.card.facts["keys"], before)

    def test_through_opensc_too_the_keys_that_are_on_it_are_tried(self):
        self.card.generate("9a", key=MANAGEMENT)
        said = self.rk("token", "test", "pkcs11:?module-name=opensc-pkcs11", "--json", "--pin-file",
                       self.tokens[0].pin_file, pins=[]).done().json
        self.rk("key", "generate", "k", "--token", "pkcs11:?module-name=opensc-pkcs11", "--slot", "9d") \
            .refused(2, "through ykcs11")
        results = {result["type"]: result["result"] for result in said["results"]}
        self.assertEqual((results["ecdsa-p256"], results["ecdsa-p384"]), ("works", "not tried"))


class Touch(Cards):
    def test_who_does_not_touch_it_is_told_to(self):
        self.make_with("k", "9a", 1, touch_policy="always", pin_policy="once")
        self.card.touch("late", 3)
        words = self.command(["key", "test", "k"], interactive=True)
        with Terminal(words, self.keep, {**self.env, "TERM": "xterm"}) as terminal:
            terminal.expect(rf"touch .*{self.serial}.* if it blinks")
            self.assertEqual(terminal.wait(), 0, terminal.screen)


class Audit(Cards):
    def rows(self, status=0):
        audit = self.rk("token", "audit", "--json").done(status).json
        return {row["name"]: row["result"] for row in audit["tokens"][0]["keys"]
                if row["result"] != "unjudged"}

    def test_what_was_made_is_found_and_a_stranger_too(self):
        self.make("k", "9c")
        self.assertEqual(self.rows(), {"k": "ok"})
        self.card.generate("9a", key=MANAGEMENT)
        self.assertEqual(self.rows(status=3), {"k": "ok", None: "unknown"})

    def test_another_key_in_its_slot_is_a_change(self):
        self.make("k", "9c")
        self.card.generate("9c", key=MANAGEMENT)
        self.assertEqual(self.rows(status=3)["k"], "changed")


class Factory(Cards):
    """As it leaves the factory."""
    CARD = {"serial": 15938791, "firmware": [5, 7, 1], "pin": yubikey.PIN, "puk": yubikey.PUK,
            "management": {"algorithm": 3, "key": yubikey.MANAGEMENT, "touch": False}}

    def setUp(self):
        super().setUp()
        self.tokens[0].pin_file = self.secret_file("card.pin", yubikey.PIN)
        self.so_file = self.secret_file("management", yubikey.MANAGEMENT)

    def known(self):
        shown = self.good("token", "show", self.token_uri(), "--json", pins=[]).json["token"]
        return [shown[name] for name in ("factory_pin", "factory_puk", "factory_so_pin")]

    def init(self):
        return self.rk("init", "demo", "--dialect", "tuf", "--root", "root", "--targets", "root")

    def change(self, new, *more):
        self.good("token", "pin", self.token_uri(), *more, "--new-pin-file",
                  self.secret_file("changed", new))

    def test_a_root_key_waits_until_each_secret_is_changed(self):
        self.assertEqual(self.known(), [True, True, True])
        self.rk("key", "generate", "root", "--token", self.token_uri(), "--slot", "9c",
                "--so-pin-file", self.so_file).done().says("warning", "factory")
        with self.unchanged():
            self.init().refused(2, "PIN and PUK and management key", "rootkeep token pin", "--so",
                                "change-puk")
        self.change("424242")
        self.tokens[0].pin_file = self.secret_file("card.pin", "424242")
        self.change(MANAGEMENT, "--so", "--so-pin-file", self.so_file)
        self.assertEqual(self.known(), [False, True, False])
        self.init().refused(2, "the PUK of its factory", "change-puk")
        self.card.tool("-a", "change-puk", "-P", yubikey.PUK, "-N", PUK)
        self.assertEqual(self.known(), [False, False, False])
        self.init().done()
        self.change(yubikey.PIN)
        self.tokens[0].pin_file = self.secret_file("card.pin", yubikey.PIN)
        self.refuses(2, "sign", "demo", words=["the PIN of its factory", "rootkeep token pin"])
        self.change("424242")
        self.tokens[0].pin_file = self.secret_file("card.pin", "424242")
        self.good("sign", "demo")

    def test_role_set_and_certificates_refuse_it_too(self):
        self.make("root", "9c")
        other = self.token("other")
        self.key("plain", other)
        self.good("init", "demo", "--dialect", "tuf", "--root", "plain", "--targets", "plain")
        self.good("sign", "demo")
        self.refuses(2, "role", "set", "demo", "root", "--add-key", "root", words=["factory"])
        self.refuses(2, "key", "certify", "root", "--gun", "example.com/demo", words=["factory"])


class TwoWays(Cards):
    def test_one_card_through_two_modules_holds_one_copy(self):
        self.make("root", "9c")
        self.good("init", "demo", "--dialect", "tuf", "--root", "root", "--targets", "root")
        self.good("key", "enrol", "root", "pkcs11:id=%02;type=private?module-name=opensc-pkcs11",
                  "--pin-file", "*=" + str(self.tokens[0].pin_file), pins=[])
        self.assertEqual(len(self.good("key", "show", "root", "--json").json["tokens"]), 2)
        self.refuses(2, "token", "init", self.token_uri(), "--label", "empty",
                     f"--erase={self.serial}", "--so-pin-file", self.so_file, "--new-pin-file",
                     self.secret_file("new", "515151"), words=["only copy of key 'root'"])
        self.good("key", "test", "root")


class Old(Cards):
    """Before firmware 5.3 a card does not tell."""
    CARD = {"serial": 15938791, "firmware": [5, 2, 7], "pin": yubikey.PIN}

    def test_what_cannot_be_told_is_said_and_not_refused(self):
        self.tokens[0].pin_file = self.secret_file("card.pin", yubikey.PIN)
        self.good("token", "show", self.token_uri(), pins=[]).says("cannot tell")
        self.make("root", "9c")
        self.good("init", "demo", "--dialect", "tuf", "--root", "root", "--targets", "root")


if __name__ == "__main__":
    story.main()
