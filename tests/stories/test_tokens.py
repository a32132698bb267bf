"""Tokens: made, shown, initialised, tried out."""
import shutil

import story
from terminal import Terminal


class Softhsm(story.Story):
    def test_a_fresh_token_is_listed_with_its_label_and_a_uri(self):
        token = self.token("alice")
        listed = self.good("token", "list").says("alice", "SoftHSM v2", "pkcs11:")
        self.assertIn("token=alice", listed.out)
        self.good("token", "list", "--json")
        self.good("token", "show", token.uri).says("alice", "CKM_ECDSA")

    def test_the_environment_line_is_all_that_is_on_stdout(self):
        made = self.good("token", "softhsm", self.folder / "t2", "--label", "ci", pins=[],
                         *self.new_pins("ci"))
        self.assertEqual(made.out, f"export SOFTHSM2_CONF={self.folder}/t2/softhsm2.conf\n")

    def new_pins(self, name):
        return ("--new-pin-file", self.secret_file(f"{name}.new", "1234567"),
                "--so-pin-file", self.secret_file(f"{name}.so2", "7654321"))

    def test_json_tells_the_same(self):
        self.good("token", "softhsm", self.folder / "t2", "--label", "ci", "--json", pins=[],
                  *self.new_pins("ci"))

    def test_only_its_owner_can_read_the_folder(self):
        self.token("alice")
        for path, (mode, _) in story.tree(self.folder / "tokens").items():
            self.assertEqual(int(mode, 8) & 0o077, 0, path)

    def test_one_folder_holds_several_tokens_and_no_two_of_one_label(self):
        self.token("alice")
        self.token("bob")
        self.good("token", "list").says("alice", "bob")
        self.refuses(2, "token", "softhsm", self.folder / "tokens", "--label", "alice", pins=[],
                     words=["alice"])

    def test_a_dry_run_makes_nothing(self):
        self.good("token", "softhsm", self.folder / "t2", "--label", "x", "--dry-run", "--json")
        self.good("token", "softhsm", self.folder / "t2", "--label", "x", "--dry-run")
        self.assertFalse((self.folder / "t2").exists())

    def test_without_a_pin_and_without_a_person_the_option_is_named(self):
        self.rk("token", "softhsm", self.folder / "t2", "--label", "x").refused(2, "-pin-file")


class Twins(story.Story):
    """Two tokens of one label."""

    def setUp(self):
        super().setUp()
        self.token("twin")
        self.give = []
        self.make("k0", self.folder / "pins/twin.pin")
        other = self.secret_file("other.pin", "another pin")
        self.good("token", "init", "pkcs11:token=?module-name=softhsm2", "--label", "twin", "--new-pin-file",
                  other, "--so-pin-file", self.secret_file("other.so", "another so pin"), pins=[])
        self.make("k1", other)
        self.repository(roots=("k0", "k1"), targets=("k0",), root_threshold=2)

    def twins(self):
        listed = self.good("token", "list", "--module", "softhsm2", "--json", pins=[]).json["tokens"]
        return [token for token in listed if token["label"] == "twin"]

    def make(self, name, pin_file):
        """A key on the token that has none yet."""
        twin = next(twin for twin in self.twins() if f"{twin['serial']}=" not in "".join(self.give))
        self.good("key", "generate", name, "--token", twin["uri"], "--pin-file", pin_file, pins=[])
        self.give += ["--pin-file", f"{twin['serial']}={pin_file}"]

    def test_their_label_does_not_say_whose_a_pin_is_and_no_try_is_spent(self):
        self.rk("sign", "demo", "--pin-file", f"twin={self.folder / 'pins/twin.pin'}", pins=[]) \
            .refused(2, "labelled 'twin'", "by serial")
        self.assertEqual([twin["pin_state"] for twin in self.twins()], ["ok", "ok"])

    def test_by_their_serials_both_sign(self):
        self.good("sign", "demo", *self.give, pins=[])
        self.good("verify", "demo")


class Show(story.Story):
    def test_no_such_token_is_4_and_says_what_there_is(self):
        self.token("alice")
        self.refuses(4, "token", "show", "pkcs11:token=nobody?module-name=softhsm2",
                     words=["nobody"])

    def test_a_uri_that_fits_two_tokens_lists_both(self):
        self.token("alice")
        self.token("bob")
        self.refuses(4, "token", "show", "pkcs11:model=SoftHSM%20v2?module-name=softhsm2",
                     words=["alice", "bob"])

    def test_objects_are_shown_after_a_login(self):
        token = self.token("alice")
        self.key("k", token)
        self.good("token", "show", token.uri).says("ecdsa-p256", "k")
        self.good("token", "show", token.uri, "--json")

    def test_a_pin_in_a_uri_is_refused(self):
        token = self.token("alice")
        uri = token.uri + "&pin-value=" + token.pin
        result = self.refuses(2, "token", "show", uri)
        result.silent_about(token.pin)

    def test_a_wrong_pin_spends_one_try_and_says_so(self):
        token = self.token("alice")
        token.pin_file = self.secret_file("wrong.pin", "wrong-pin")
        self.rk("token", "show", token.uri).refused(4, "PIN").silent_about("wrong-pin")
        token.pin_file = self.secret_file("right.pin", token.pin)
        self.rk("token", "list").done().says("low")


class Init(story.Story):
    def init(self, uri, label, *more, **options):
        return self.rk("token", "init", uri, "--label", label, *more, "--new-pin-file",
                       self.secret_file("new.pin", "new-pin"), "--so-pin-file",
                       self.secret_file("so.pin", "so-alice"), **options)

    def serial(self, label):
        tokens = self.good("token", "list", "--json").json["tokens"]
        return next(token["serial"] for token in tokens if token["label"] == label)

    def test_an_empty_one_is_taken_without_a_question(self):
        self.token("alice")
        self.init("pkcs11:?module-name=softhsm2", "fresh").done().says("fresh")
        self.good("token", "list").says("alice", "fresh")

    def test_a_token_in_use_is_not_erased_by_yes(self):
        token = self.token("alice")
        self.key("k", token)
        with self.unchanged(self.folder / "tokens"):
            self.init(token.uri, "again", "-y").refused(2, "--erase", "destroy key 'k'",
                                                        "ecdsa-p256", "in the keep as 'k'",
                                                        "nothing was erased")

    def test_what_shows_without_a_login_is_listed_too(self):
        token = self.token("alice")
        self.key("k", token)
        with self.unchanged(self.folder / "tokens"):
            self.init(token.uri, "again", pins=[]).refused(2, "public half 'k'", "login")

    def test_one_that_a_login_shows_to_be_empty_is_not_full(self):
        token = self.token("alice")
        self.init(token.uri, "again", "-y", pins=[]).refused(2, "counts as full")
        self.init(token.uri, "again", "-y").done().says("again")

    def test_another_serial_erases_nothing(self):
        token = self.token("alice")
        self.key("k", token)
        with self.unchanged(self.folder / "tokens"):
            self.init(token.uri, "again", "--erase=0123456789").refused(2)

    def test_its_own_serial_erases_it_once_no_role_needs_it(self):
        token = self.token("alice")
        self.key("k", token)
        self.good("key", "forget", "k", token.uri)
        self.init(token.uri, "again", f"--erase={self.serial('alice')}").done()
        self.good("token", "list").says("again").silent_about("alice")

    def test_never_while_a_role_trusts_a_key_whose_only_copy_it_holds(self):
        token = self.token("alice")
        self.key("k", token)
        self.repository(roots=["k"], targets=["k"])
        with self.unchanged(self.folder / "tokens"):
            self.init(token.uri, "again", f"--erase={self.serial('alice')}").refused(2, "k")

    def test_a_person_types_the_pins_twice(self):
        self.token("alice")
        words = self.command(["token", "init", "pkcs11:?module-name=softhsm2", "--label", "typed"],
                             interactive=True, pins=[])
        with Terminal(words, self.keep, self.env) as terminal:
            for typed in ("so-typed", "so-typed", "pin-typed", "pin-typed"):
                terminal.expect(r"PIN.*: ?$")
                self.assertTrue(terminal.wait_echo(False))
                terminal.line(typed)
            self.assertEqual(terminal.wait(), 0, terminal.screen)
            self.assertTrue(terminal.echoes())
        self.good("token", "list").says("typed")


class Test(story.Story):
    def test_every_type_it_offers_works_and_nothing_stays_behind(self):
        token = self.token("alice")
        table = self.good("token", "test", token.uri)
        for key_type in story.KEY_TYPES:
            self.assertRegex(table.out, rf"(?m)^.*{key_type}.*$")
        self.assertEqual(self.pkcs11(token, "--list-objects").strip(), "")
        self.good("token", "test", token.uri, "--json")

    def test_what_came_of_it_is_known_to_other_commands(self):
        token = self.token("alice")
        self.assertIsNone(self.good("token", "show", token.uri, "--json").json["tried"])
        self.good("token", "test", token.uri)
        self.good("token", "show", token.uri).says("tried", "ed25519 works")
        tried = self.good("token", "show", token.uri, "--json").json["tried"]
        self.assertEqual({row["result"] for row in tried["results"]}, {"works"})
        notes = list((self.folder / "state" / "rootkeep" / "probes").iterdir())
        self.assertEqual(len(notes), 1)
        notes[0].write_text(notes[0].read_text().replace('"works"', '"does not sign"'))
        self.refuses(4, "key", "generate", "k", "--token", token.uri, "--type", "ed25519", pins=[],
                     words=["tried out", "does not sign", "token test"])
        self.good("token", "test", token.uri)
        self.good("key", "generate", "k", "--token", token.uri, "--type", "ed25519")

    def test_a_keep_is_not_needed(self):
        token = self.token("alice")
        shutil.rmtree(self.keep)
        self.keep.mkdir()
        with self.unchanged():
            self.good("token", "list")
            self.good("token", "show", token.uri)


if __name__ == "__main__":
    story.main()
