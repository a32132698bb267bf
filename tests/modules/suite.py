"""One suite of stories for every module of modules.py; a file test_NAME.py runs it on one.

What a module was seen to do is left for the table of docs/tokens.md, a cell for each ability. A story
that fails leaves no cell. That a module cannot do something is no failure: the cell says so, and the
table in the page has to agree.
"""
import json
import subprocess

import matrix
import modules
import notary
import story

YES, NO = "yes", "no"


class OnModule(notary.NotaryStory):
    """Two tokens of a module."""

    MODULE = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.title = cls.MODULE.title()

    def setUp(self):
        super().setUp()
        self.module = self.MODULE(self)
        self.first, self.second = self.module.tokens()


class Suite(OnModule):
    TYPES = story.KEY_TYPES

    def saw(self, ability, outcome):
        matrix.saw(self.MODULE.TABLE, ability, self.title, outcome)

    def tried(self, ability, result):
        """A cell that says whether it went well; what went badly must be a refusal in our form."""
        if result.status:
            print(result.refused(4).err)
        self.saw(ability, NO if result.status else YES)
        return result.status == 0

    # What there is

    def test_its_tokens_are_listed_each_with_a_uri_of_its_own(self):
        words = [part for name in self.module.names() for part in ("--module", name)]
        listed = self.good("token", "list", "--json", *words, pins=[]).json["tokens"]
        uris = {token["uri"] for token in listed}
        for token in (self.first, self.second):
            self.good("token", "show", token.uri, pins=[]).says(token.label)
        self.assertGreaterEqual(len(uris), 2)
        self.saw("listed", YES)

    def test_a_token_is_initialised(self):
        self.tried("`token init`", self.module.initialise(self.first))

    def test_a_key_of_another_program_is_enrolled_and_proves_itself(self):
        self.good("key", "enrol", "theirs", self.module.foreign(self.first))
        self.good("key", "test", "theirs")
        self.saw("`key enrol`", YES)

    # Keys of each type, in both dialects

    def test_keys_of_each_type_are_made_and_sign(self):
        for key_type in self.TYPES:
            with self.subTest(key_type):
                self.of_type(key_type)

    def of_type(self, key_type):
        names = [f"{role}-{key_type}" for role in ("root", "targets")]
        made = [self.module.make(name, token, key_type)
                for name, token in zip(names, (self.first, self.second))]
        if not self.tried(f"`key generate`, {key_type}", made[0]):
            if not self.made_otherwise(names, key_type):
                self.saw(f"signs TUF, {key_type}", NO)
                self.saw(f"signs Notary, {key_type}", NO)
                return
        self.sign_tuf(key_type, *names)
        self.sign_notary(key_type, *names)

    def made_otherwise(self, names, key_type):
        """Keys that another program makes, where ours may not."""
        if key_type not in getattr(self.module, "ALGORITHMS", ()):
            return False
        for name, token in zip(names, (self.first, self.second)):
            self.good("key", "enrol", name, self.module.foreign(token, key_type))
        return True

    def sign_tuf(self, key_type, root, targets):
        name = f"tuf-{key_type}"
        self.repository(name, [root], [targets])
        self.good("target", "add", name, "--name", "x", "--length", "1", "--sha256", "00" * 32)
        self.good("sign", name)
        self.verified(name)
        for role, key in (("root", root), ("targets", targets)):
            self.openssl_agrees(json.loads(self.newest(role, name).read_bytes()), self.pem(key), key_type)
        self.saw(f"signs TUF, {key_type}", YES)

    def openssl_agrees(self, document, pem, key_type):
        data = self.write("signed", story.canonical(document["signed"]))
        signature = self.write("signature", bytes.fromhex(document["signatures"][0]["sig"]))
        if key_type == "ed25519":
            words = ["pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", pem, "-in", data, "-sigfile", signature]
        else:
            padding = ["-sigopt", "rsa_padding_mode:pss"] if key_type.startswith("rsa") else []
            digest = "-sha384" if key_type == "ecdsa-p384" else "-sha256"
            words = ["dgst", digest, "-verify", pem, *padding, "-signature", signature, data]
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, timeout=60)

    def sign_notary(self, key_type, root, targets):
        if key_type == "ed25519":
            root = self.root_for_notary()
        self.gun = f"example.com/{key_type}"
        self.good(*self.init_words(roots=(root,), targets=(targets,)))
        self.good("sign", self.gun)
        self.good("verify", self.gun).says("as far as held")
        self.saw(f"signs Notary, {key_type}", YES)

    def root_for_notary(self):
        """Notary has no certificates of Ed25519."""
        self.module.make("root-for-notary", self.first, "ecdsa-p256").done()
        return "root-for-notary"

    # People

    def two_roots(self, *more):
        self.sound_key("alice", self.first)
        self.sound_key("bob", self.second)
        self.repository("demo", ["alice", "bob"], ["bob"], root_threshold=2)

    def sound_key(self, name, token):
        """A P-256 key, made by whoever can."""
        if self.module.make(name, token, "ecdsa-p256").status:
            self.good("key", "enrol", name, self.module.foreign(token))

    def test_two_holders_with_a_token_each(self):
        self.two_roots()
        self.rk("sign", "demo", pins=[self.first]).done(5).says("bob")
        self.good("sign", "demo", pins=[self.second])
        self.verified()
        self.saw("two of two, one after the other", YES)

    def test_both_sign_in_one_run_and_the_key_more_than_once(self):
        self.two_roots()
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)
        self.repository("other", ["alice", "bob"], ["bob"], root_threshold=2)
        self.good("sign", "--all")
        for name in ("demo", "other"):
            self.verified(name)
        self.saw("two tokens, several signatures in a run", YES)

    def test_a_wrong_pin_costs_one_try_and_the_right_one_is_taken_after_it(self):
        self.sound_key("k", self.first)
        before = self.module.tries(self.first)
        wrong = self.secret_file("wrong.pin", modules.WRONG)
        given = [f"{self.first.label}={wrong}"]
        self.rk("key", "test", "k", "--pin-file", *given, pins=[]).refused(4, "PIN").silent_about(modules.WRONG)
        if before is not None:
            self.assertEqual(self.module.tries(self.first), before - 1)
        self.good("key", "test", "k")
        self.assertEqual(self.module.tries(self.first), before)
        self.saw("a wrong PIN costs one try", "told, nobody counts" if before is None else YES)

    def test_how_its_pin_stands_is_told(self):
        """As many words as it has: a token that never locks is given up at the fifth wrong PIN."""
        seen = []
        for _ in range(5):
            self.module.spend(self.first)
            state = self.state(self.first)
            if state not in seen:
                seen.append(state)
            if state == "locked":
                break
        self.saw("PIN after wrong ones", ", ".join(seen))

    def state(self, token):
        return self.good("token", "show", token.uri, "--json", pins=[]).json["token"]["pin_state"]

    def test_its_pin_is_changed(self):
        new = self.secret_file("new.pin", "31415926")
        result = self.rk("token", "pin", self.first.uri, "--new-pin-file", new)
        if self.tried("`token pin`", result):
            self.first.pin_file = new
        self.good("token", "show", self.first.uri)

    # Copies

    def test_a_key_file_is_copied_onto_both(self):
        for key_type in self.COPIED:
            with self.subTest(key_type):
                name = f"imported-{key_type}"
                result = self.rk("key", "import", name, self.key_file(key_type), "--token", self.first.uri,
                                 "--token", self.second.uri, *self.module.make_words(self.first))
                if self.tried(f"`key import`, {key_type}", result):
                    known = self.good("key", "show", name, "--json").json["tokens"]
                    self.assertEqual(len(known), 2)
                    self.good("key", "test", name)
                    self.good("key", "forget", name, known[0])
                    self.good("key", "test", name)

    def key_file(self, key_type):
        path = self.folder / f"{key_type}.pem"
        words = {"ecdsa-p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                 "ecdsa-p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "ed25519": ["ed25519"],
                 "rsa2048": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]}[key_type]
        notary.openssl("genpkey", "-algorithm", *words, "-out", path)
        path.chmod(0o600)
        return path

    COPIED = ("ecdsa-p256", "ecdsa-p384", "ed25519", "rsa2048")

    def test_keys_are_copied_from_token_to_token(self):
        for key_type in self.COPIED:
            with self.subTest(key_type):
                name = f"copied-{key_type}"
                made = self.rk("key", "generate", name, "--token", self.first.uri, "--type", key_type,
                               "--wrappable", *self.module.make_words(self.first))
                copied = made if made.status else self.rk("backup", "clone", name, "--to", self.second.uri)
                if self.tried(f"`backup clone`, {key_type}", copied):
                    self.sealed_on_both(name)

    def sealed_on_both(self, name):
        known = self.good("key", "show", name, "--json").json["tokens"]
        self.assertEqual(len(known), 2)
        for token in (self.first, self.second):
            keys = self.good("token", "show", token.uri, "--json").json["keys"]
            key = next(key for key in keys if key["label"] == name)
            self.assertIs(key["sensitive"], True)
            self.assertIs(key["extractable"], False)
        self.good("key", "forget", name, known[0])
        self.good("key", "test", name, pins=[self.second])

    def test_a_key_is_destroyed(self):
        self.sound_key("k", self.first)
        serial = self.good("token", "show", self.first.uri, "--json", pins=[]).json["token"]["serial"]
        if self.tried("`key delete`", self.rk("key", "delete", "k", f"--erase={serial}",
                                              *self.module.delete_words())):
            self.good("token", "show", self.first.uri).silent_about("ecdsa-p256  ")
