"""Each call of the stories that make a token ready goes wrong once: initialised, given a new PIN."""
import urllib.parse

import sweep
import story


FRESH = "pkcs11:token=fresh?module-name=softhsm2"


class Setup:
    def prepare(self):
        self.alice = self.token("alice")
        self.so_pin = self.folder / "pins" / "alice.so"
        self.new_pin = self.secret_file("new.pin", "new-pin-of-it")


class Init(Setup, sweep.Sweep):
    """SoftHSM always has one more slot, with an empty token."""

    def arguments(self):
        return ("token", "init", "pkcs11:model=SoftHSM%20v2?module-name=softhsm2", "--label", "fresh",
                "--so-pin-file", self.so_pin, "--new-pin-file", self.new_pin)

    def objects(self):
        return set((self.folder / "tokens").rglob("token.object"))

    def check_named(self, strays, result):
        """What was initialised and is not whole; the way on is the one that the message names."""
        result.says("initialised as 'fresh'", "token pin --unblock")

    def remove_strays(self, strays):
        """It is to be used."""

    def finish(self, result, strays):
        if not strays:
            return super().finish(result, strays)
        self.plug_in()
        self.good("token", "pin", "--unblock", FRESH, "--so-pin-file", self.so_pin, "--new-pin-file",
                  self.new_pin)
        return None

    def done(self):
        """The new PIN opens it."""
        fresh = story.Token("fresh", FRESH, "", "", self.new_pin)
        self.good("token", "show", FRESH, pins=[fresh])

    def test_it_fails_at_each_call(self):
        self.sweep()


class Pin(Setup, sweep.Sweep):
    """The new PIN is proved by a login of its own."""
    logins = 2

    def prepare(self):
        super().prepare()
        self.renamed = story.Token("alice", self.alice.uri, "", "", self.new_pin)

    def arguments(self):
        return "token", "pin", self.alice.uri, "--new-pin-file", self.new_pin

    def check_error(self, name, fault, result):
        """A PIN that was set, or may have been, is told of: the old one would spend a try."""
        super().check_error(name, fault, result)
        self.is_set = self.opens(self.renamed)
        if self.is_set:
            self.assertRegex(result.err, "whether .* has its old PIN or the new one|has its new PIN|"
                                         "the old one may still be it")

    def opens(self, token):
        self.plug_in()
        return self.rk("token", "show", token.uri, pins=[token]).status == 0

    def finish(self, result, strays):
        if not self.is_set:
            super().finish(result, strays)

    def done(self):
        self.assertTrue(self.opens(self.renamed))

    def test_it_fails_at_each_call(self):
        self.sweep()


if __name__ == "__main__":
    story.main()
