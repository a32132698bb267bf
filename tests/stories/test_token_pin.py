"""A token's PIN: changed, unblocked, asked for the last time."""
import story
from terminal import Terminal


class Pin(story.Story):
    def pin(self, token, *more, new="pin-new", **options):
        new_file = self.secret_file("new.pin", new)
        return self.rk("token", "pin", token.uri, "--new-pin-file", new_file, *more, **options)

    def so(self, token):
        return ("--so-pin-file", self.secret_file("so.pin", token.so_pin))

    def wrong(self, token, times=1):
        """So many logins with a wrong PIN."""
        right, token.pin_file = token.pin_file, self.secret_file("wrong.pin", "wrong-pin")
        for _ in range(times):
            self.rk("token", "show", token.uri).refused(4)
        token.pin_file = right

    def test_a_new_pin_signs_and_the_old_one_does_not(self):
        token = self.token("alice")
        self.key("k", token)
        self.pin(token).done().silent_about("pin-new", token.pin)
        self.rk("key", "test", "k").refused(4, "PIN")
        token.pin_file = self.secret_file("alice.pin", "pin-new")
        self.good("key", "test", "k")

    def test_json(self):
        token = self.token("alice")
        self.assertEqual(self.pin(token, "--json").done().json["changed"], "pin")

    def test_a_wrong_old_pin_is_one_try_and_nothing_changes(self):
        token = self.token("alice")
        right, token.pin_file = token.pin_file, self.secret_file("wrong.pin", "wrong-pin")
        self.pin(token).refused(4, "PIN").silent_about("wrong-pin")
        token.pin_file = right
        self.good("token", "show", token.uri)

    def test_a_length_that_it_does_not_take_is_refused_first(self):
        token = self.token("alice")
        with self.unchanged(self.folder / "tokens"):
            self.pin(token, new="abc").refused(2, "length", "4 to 255")

    def test_the_old_one_is_not_a_new_one(self):
        token = self.token("alice")
        self.pin(token, new=token.pin).refused(2, "old one")

    def test_the_so_pin_gives_a_new_one_where_the_old_is_forgotten(self):
        token = self.token("alice")
        self.key("k", token)
        self.wrong(token, 2)
        self.pin(token, "--unblock", *self.so(token), pins=[]).done()
        token.pin_file = self.secret_file("alice.pin", "pin-new")
        self.good("key", "test", "k")

    def test_a_wrong_so_pin_changes_nothing(self):
        token = self.token("alice")
        self.pin(token, "--unblock", "--so-pin-file", self.secret_file("no.so", "so-wrong"),
                 pins=[]).refused(4, "PIN")
        self.good("token", "show", token.uri)

    def test_the_so_pin_itself_can_be_changed(self):
        token = self.token("alice")
        self.pin(token, "--so", *self.so(token), new="so-new", pins=[]).done()
        self.pin(token, "--unblock", *self.so(token), pins=[]).refused(4, "PIN")
        token.so_pin = "so-new"
        self.pin(token, "--unblock", *self.so(token), pins=[]).done()

    def test_a_dry_run_asks_for_nothing(self):
        token = self.token("alice")
        with self.unchanged(self.folder / "tokens"):
            self.good("token", "pin", token.uri, "--dry-run", pins=[]).says("once")
            self.good("token", "pin", token.uri, "--dry-run", "--json", pins=[])

    def test_without_answers_the_options_are_named(self):
        token = self.token("alice")
        self.refuses(2, "token", "pin", token.uri, pins=[], words=["--pin-file"])
        self.refuses(2, "token", "pin", token.uri, words=["--new-pin-file"])
        self.refuses(2, "token", "pin", token.uri, "--unblock", words=["--so-pin-file"])
        self.refuses(2, "token", "pin", token.uri, "--unblock", "--so", words=["together"])

    def test_no_such_token(self):
        self.token("alice")
        self.refuses(4, "token", "pin", "pkcs11:token=nobody?module-name=softhsm2",
                     words=["nobody"])

    def test_a_person_types_the_old_one_once_and_the_new_one_twice(self):
        token = self.token("alice")
        self.wrong(token)
        words = self.command(["token", "pin", token.uri], interactive=True, pins=[])
        with Terminal(words, self.keep, self.env) as terminal:
            seen = terminal.expect(r"PIN: ?$")
            self.assertIn("alice", seen)
            self.assertIn("a wrong PIN was given", seen)
            for typed in (token.pin, "pin-typed", "pin-typed"):
                self.assertTrue(terminal.wait_echo(False))
                terminal.line(typed)
                if typed != "pin-typed" or "again" not in seen:
                    seen = terminal.expect(r"new PIN.*: ?$")
            self.assertEqual(terminal.wait(), 0, terminal.screen)
            self.assertTrue(terminal.echoes())
        token.pin_file = self.secret_file("alice.pin", "pin-typed")
        self.good("token", "show", token.uri)

    def test_who_answers_by_a_file_is_told_that_tries_were_spent(self):
        token = self.token("alice")
        self.wrong(token)
        self.good("token", "show", token.uri).says("warning", "a wrong PIN was given")
        self.good("token", "show", token.uri).silent_about("a wrong PIN was given")


class Sight(story.Story):
    def test_a_pin_goes_only_where_the_key_is_shown_unless_a_person_agrees(self):
        token = self.token("alice")
        self.key("k", token)
        for kind in ("privkey", "pubkey"):
            self.pkcs11(token, "--delete-object", "--type", kind, "--label", "k")
        self.pkcs11(token, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "07", "--label", "k")
        token.pin_file = self.secret_file("wrong.pin", "wrong-pin")
        self.refuses(2, "key", "test", "k", words=["not key 'k'", "not sent", "--yes"])
        token.pin_file = self.secret_file("right.pin", token.pin)
        self.good("token", "show", token.uri).silent_about("a wrong PIN was given")
        self.rk("key", "test", "k", "-y").refused(4, "k")

    def test_a_token_that_shows_nothing_is_known_by_its_name(self):
        token = self.token("alice")
        self.key("k", token)
        self.pkcs11(token, "--delete-object", "--type", "pubkey", "--label", "k")
        self.rk("key", "test", "k").silent_about("not sent")


if __name__ == "__main__":
    story.main()
