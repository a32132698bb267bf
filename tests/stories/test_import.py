"""Private keys from files: onto one token and two, out of notary's folders, and nowhere else."""
import base64
import json
import os
import re
import stat
import subprocess

import memory
import story
from terminal import Terminal

PASSPHRASE = "open sesame"


def openssl(*words, data=None):
    return subprocess.run(["openssl", *map(str, words)], input=data, check=True, capture_output=True,
                          timeout=60).stdout


class ImportStory(story.Story):
    def setUp(self):
        super().setUp()
        story.need("openssl")
        self.files = self.folder / "files"
        self.files.mkdir(mode=0o700)

    def make(self, name="k.pem", *words, kind="P-256"):
        """A private key as PKCS#8, mode 600; `words` as openssl genpkey wants them."""
        words = words or ("-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{kind}")
        path = self.files / name
        openssl("genpkey", *words, "-out", path)
        path.chmod(0o600)
        return path

    def turned(self, path, name, *words):
        """What openssl makes of it."""
        made = self.files / name
        openssl(*words, "-in", path, "-out", made)
        made.chmod(0o600)
        return made

    def bring(self, name, path, *tokens, more=(), **options):
        words = [word for token in tokens for word in ("--token", token.uri)]
        return self.rk("key", "import", name, path, *words, *more, **options)

    def entry(self, name):
        return json.loads((self.keep / "keep.json").read_bytes())["keys"][name]

    def public(self, path):
        return openssl("pkey", "-in", path, "-pubout", "-passin", f"pass:{PASSPHRASE}").decode()

    def objects(self, token):
        return self.pkcs11(token, "--list-objects").strip()


class OneToken(ImportStory):
    def test_each_type_and_form_signs_under_the_files_public_key(self):
        token = self.token("alice")
        ec, rsa = self.make("ec.pem"), self.make("rsa.pem", "-algorithm", "RSA")
        made = {
            "ec-pkcs8": ec,
            "p384": self.make("p384.pem", kind="P-384"),
            "ed25519": self.make("ed.pem", "-algorithm", "ed25519"),
            "rsa-pkcs1": self.turned(rsa, "rsa1.pem", "rsa", "-traditional"),
            "ec-sec1": self.turned(self.make("other.pem"), "sec1.pem", "ec"),
            "ec-der": self.turned(self.make("third.pem"), "ec.der", "pkcs8", "-topk8", "-nocrypt",
                                  "-outform", "DER"),
        }
        for name, path in made.items():
            with self.subTest(name):
                self.bring(name, path, token).done().says(name, "still holds the key")
                self.good("key", "test", name)
                self.assertEqual(self.good("key", "show", name, "--format", "pem").out, self.public(path))
                self.assertEqual(self.entry(name)["origin"], "imported")
        self.good("key", "list").says("imported")
        self.good("key", "list", "--json").says('"imported"')
        self.good("log", "verify")

    def test_sealed_files_open_with_a_passphrase_file(self):
        token = self.token("alice")
        secret = self.secret_file("passphrase", PASSPHRASE)
        plain = self.make()
        ways = {"pbes2": ("pkcs8", "-topk8", "-v2", "aes-256-cbc"),
                "sha1": ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"),
                "scrypt": ("pkcs8", "-topk8", "-scrypt"), "old": ("ec", "-aes128")}
        for number, (name, words) in enumerate(ways.items()):
            with self.subTest(name):
                plain = self.make(f"{name}.plain")
                path = self.turned(plain, f"{name}.pem", *words, "-passout", f"pass:{PASSPHRASE}")
                self.assertIn("ENCRYPTED", path.read_text())
                self.bring(name, path, token).refused(2, "passphrase", "--passphrase-file")
                self.bring(name, path, token, more=("--passphrase-file", secret)).done()
                self.assertEqual(self.good("key", "show", name, "--format", "pem").out, self.public(plain))
                self.assertEqual(len(self.good("key", "list", "--json").json["keys"]), number + 1)

    def test_a_wrong_passphrase_touches_no_token(self):
        token = self.token("alice")
        path = self.turned(self.make(), "sealed.pem", "pkcs8", "-topk8", "-passout", "pass:other")
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.bring("k", path, token, more=("--passphrase-file", self.secret_file("p", "wrong"))) \
                .refused(1, "passphrase is wrong")

    def test_it_cannot_be_read_out_again(self):
        token = self.token("alice")
        self.bring("k", self.make(), token).done()
        self.assertIn("sensitive", self.pkcs11(token, "--list-objects", "--type", "privkey"))
        self.assertNotIn("extractable", self.pkcs11(token, "--list-objects", "--type", "privkey")
                         .replace("never extractable", ""))

    def test_a_dry_run_tells_and_writes_nothing(self):
        token, path = self.token("alice"), self.make()
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.bring("k", path, token, more=("--dry-run",)).done().says("copy it to 'alice'", "imported")
            self.bring("k", path, token, more=("--dry-run", "--json")).done()

    def test_what_is_no_key_is_refused_with_nothing_written(self):
        token, path = self.token("alice"), self.make()
        text = path.read_text()
        cases = {
            "public": (2, openssl("pkey", "-in", path, "-pubout"), "public half"),
            "letter": (2, b"dear reader", "no private key"),
            "cut": (1, text[:-30].encode(), "cut off"),
            "double": (1, (text + text).encode(), "more than one"),
            "small": (4, openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"), "1024"),
            "curve": (4, openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                                 "ec_paramgen_curve:secp256k1"), "secp256k1"),
            "large": (1, b"x" * 70000, "longer than"),
        }
        for name, (status, data, words) in cases.items():
            file = self.write(f"files/{name}", data)
            file.chmod(0o600)
            with self.subTest(name), self.unchanged(self.keep, self.folder / "tokens"):
                self.bring("k", file, token).refused(status, words)
                self.bring("k", file, token, more=("--json",)).done(status)
        self.bring("k", self.files / "nowhere", token).refused(2)
        self.bring("k", self.files, token).refused(6, "folder")

    def test_others_that_can_read_it_are_warned_of(self):
        token, path = self.token("alice"), self.make()
        path.chmod(0o644)
        self.bring("k", path, token).done().says("others can read")

    def test_a_label_or_name_that_is_taken_is_refused(self):
        token = self.token("alice")
        self.key("other", token)
        first, second = self.make(), self.make("two.pem")
        self.pkcs11(token, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "theirs", "--id", "07")
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.bring("other", first, token).refused(2, "another key as")
            self.bring("theirs", first, token).refused(2, "label")
            self.bring("k", first, token, more=("--id", "07")).refused(2, "id")
        self.bring("k", first, token).done()
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.bring("again", first, token).refused(2, "as 'k'")
            self.bring("k", second, token).refused(2, "another key as")
            self.bring("k", first, token).done().says("known already")

    def test_words_that_do_not_go_together_are_usage(self):
        token, path = self.token("alice"), self.make()
        for words in (["k"], ["k", path], ["--all", self.files, "k", "--token", token.uri],
                      ["--all", self.files, "--label", "l", "--token", token.uri], ["--token", token.uri],
                      ["k", path, "--token", token.uri, "--token", token.uri]):
            with self.subTest(words):
                self.refuses(2, "key", "import", *words)

    def test_a_key_from_stdin_is_read_once(self):
        token, path = self.token("alice"), self.make()
        self.bring("k", "/dev/stdin", token, stdin=path.read_bytes()).done()
        self.assertEqual(self.good("key", "show", "k", "--format", "pem").out, self.public(path))


class SeveralTokens(ImportStory):
    def test_the_same_key_on_two_tokens_signs_from_either(self):
        first, spare = self.token("alice"), self.token("spare")
        path = self.make()
        result = self.bring("k", path, first, spare, more=("--json",)).done().json
        self.assertEqual(len(result["keys"][0]["tokens"]), 2)
        for token in (first, spare):
            self.good("key", "test", "k", pins=[token]) if token is first else None
            self.assertIn("k", self.objects(token))
        self.good("key", "forget", "k", first.uri)
        self.good("key", "test", "k", pins=[spare])

    def test_a_label_taken_on_the_second_leaves_the_first_alone(self):
        first, spare = self.token("alice"), self.token("spare")
        self.pkcs11(spare, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "k", "--id", "07")
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.bring("k", self.make(), first, spare).refused(2, "label")

    def test_without_the_second_pin_nothing_is_on_the_first(self):
        first, spare = self.token("alice"), self.token("spare")
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.bring("k", self.make(), first, spare, pins=[first]).refused(2, "PIN")
        self.assertEqual(self.objects(first), "")

    def test_one_more_token_later(self):
        first, spare = self.token("alice"), self.token("spare")
        path = self.make()
        self.bring("k", path, first).done()
        self.bring("k", path, first, spare).done()
        self.assertEqual(len(self.entry("k")["tokens"]), 2)
        self.assertEqual(self.objects(first).count("Private Key Object"), 1)


class Folders(ImportStory):
    """What Debian's notary client writes, and docker the same way."""

    passphrases = {"ROOT": "root pass", "TARGETS": "targets pass", "SNAPSHOT": "snapshot pass",
                   "DELEGATION": "delegation pass"}

    def setUp(self):
        super().setUp()
        story.need("notary")
        self.trust = self.folder / "home" / ".docker" / "trust"
        self.trust.mkdir(parents=True)
        self.private = self.trust / "private"

    def notary(self, *words):
        env = {**self.env, **{f"NOTARY_{role}_PASSPHRASE": secret for role, secret in self.passphrases.items()}}
        return subprocess.run(["notary", "-d", self.trust, *words], env=env, cwd=self.folder, check=False,
                              capture_output=True, text=True, timeout=60)

    def filled(self):
        """A root key, targets and snapshot keys of a repository, a delegation's key."""
        for role in ("root", "targets", "snapshot", "targets/releases"):
            made = self.notary("key", "generate", "--role", role, "ecdsa")
            self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(len(list(self.private.glob("*.key"))), 4)

    def secrets(self):
        words = []
        for role, key in (("root", "ROOT"), ("targets", "TARGETS"), ("snapshot", "SNAPSHOT"),
                          ("targets/releases", "DELEGATION")):
            path = self.secret_file(f"{key}.pass", self.passphrases[key])
            words += ["--passphrase-file", f"{role}={path}"]
        return words

    def bring_all(self, *tokens, more=(), **options):
        words = [word for token in tokens for word in ("--token", token.uri)]
        return self.rk("key", "import", "--all", self.private, *words, *self.secrets(), *more, **options)

    def test_every_key_by_its_role_and_notarys_own_id(self):
        token = self.token("alice")
        self.filled()
        (self.private / "note.txt").write_text("not a key")
        result = self.bring_all(token, more=("--json",)).done().json["keys"]
        self.assertEqual(sorted(key["outcome"] for key in result), ["imported"] * 4 + ["skipped"])
        for path in self.private.glob("*.key"):
            name = next(key["name"] for key in result if key["file"] == str(path))
            self.assertIn(path.stem[:8], name)
            self.good("key", "show", name).says(path.stem)
            self.good("key", "test", name)
        self.assertEqual({key["name"].rsplit("-", 1)[0] for key in result if "name" in key},
                         {"root", "targets", "snapshot", "targets-releases"})

    def test_a_second_run_steps_over_and_takes_what_is_new(self):
        token = self.token("alice")
        self.filled()
        self.bring_all(token).done()
        with self.unchanged():
            self.bring_all(token).done().says("known")
        self.notary("key", "generate", "--role", "root", "ecdsa")
        result = self.bring_all(token, more=("--json",)).done().json["keys"]
        self.assertEqual(sorted(key["outcome"] for key in result), ["imported"] + ["known"] * 4)

    def test_one_that_cannot_be_opened_is_named_and_exit_is_5(self):
        token = self.token("alice")
        self.filled()
        self.passphrases = {**self.passphrases, "ROOT": "forgotten"}
        result = self.bring_all(token, more=("--json",)).done(5).json["keys"]
        failed = [key for key in result if key["outcome"] == "failed"]
        self.assertEqual(len(failed), 1)
        self.assertIn("passphrase is wrong", failed[0]["because"])
        self.assertEqual(len(self.good("key", "list", "--json").json["keys"]), 3)

    def test_two_tokens_and_a_dry_run(self):
        first, spare = self.token("alice"), self.token("spare")
        self.filled()
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.bring_all(first, spare, more=("--dry-run",)).done().says("copy it to 'spare'", "root")
        self.bring_all(first, spare).done()
        for key in self.good("key", "list", "--json").json["keys"]:
            self.assertEqual(len(key["tokens"]), 2)

    def test_what_notary_exports_says_that_it_is_many(self):
        token = self.token("alice")
        self.filled()
        bundle = self.files / "all.pem"
        self.notary("key", "export", "-o", str(bundle))
        bundle.chmod(0o600)
        self.bring("k", bundle, token).refused(1, "more than one")
        root = next(path.stem for path in self.private.glob("*.key") if "role: root" in path.read_text())
        self.notary("key", "export", "--key", root, "-o", str(self.files / "one.pem"))
        (self.files / "one.pem").chmod(0o600)
        self.assertIn("path: ", (self.files / "one.pem").read_text())
        self.bring("k", self.files / "one.pem", token, more=self.secrets()).done()
        self.good("key", "show", "k").says(root)

    def test_rsa_as_notary_writes_it(self):
        token = self.token("alice")
        plain = self.turned(self.make("rsa.pem", "-algorithm", "RSA"), "rsa1.pem", "rsa", "-traditional")
        taken = self.notary("key", "import", "--role", "targets", "--gun", "lab.example/app", plain)
        self.assertEqual(taken.returncode, 0, taken.stderr)
        (path,) = self.private.glob("*.key")
        self.bring("k", path, token, more=self.secrets()).done()
        self.assertEqual(self.good("key", "show", "k", "--format", "pem").out, self.public(plain))
        self.good("key", "show", "k").says(path.stem)
        self.good("key", "test", "k")

    def test_an_imported_root_signs_on(self):
        token = self.token("alice")
        self.filled()
        self.bring_all(token).done()
        names = [key["name"] for key in self.good("key", "list", "--json").json["keys"]]
        root = next(name for name in names if name.startswith("root-"))
        targets = next(name for name in names if re.match("targets-[0-9a-f]", name))
        self.repository(roots=(root,), targets=(targets,))
        self.good("sign", "demo")
        self.verified()

    def test_a_folder_without_keys_is_a_mistake(self):
        token = self.token("alice")
        self.private.mkdir()
        self.bring_all(token).refused(2, "no private key")
        self.rk("key", "import", "--all", self.folder / "nowhere", "--token", token.uri).refused(2)


class Nowhere(ImportStory):
    """The key's own bytes, in every dress, are in nothing that was written or said."""

    def openssl_scalar(self, path):
        der = openssl("ec", "-in", path, "-outform", "DER")
        self.assertEqual(der[5:7], b"\x04\x20")
        return der[7:39]

    def dresses(self, path):
        der, scalar = openssl("ec", "-in", path, "-outform", "DER"), self.openssl_scalar(path)
        text = base64.b64encode(der)
        return [scalar, scalar[::-1], scalar.hex().encode(), scalar.hex().upper().encode(),
                base64.b64encode(scalar)[:40], text[12:44], *(path.read_bytes().split(b"\n")[1:3])]

    def written(self):
        for place in ("keep", "state", "home", "tmp", "tokens"):
            for path in (self.folder / place).rglob("*"):
                if stat.S_ISREG(path.lstat().st_mode):
                    yield path, path.read_bytes()

    def test_not_in_any_file_or_message(self):
        first, spare = self.token("alice"), self.token("spare")
        path = self.make()
        dresses = self.dresses(path)
        for words in (("--dry-run",), ("-v",)):
            result = self.bring("k", path, first, spare, more=words).done()
            for dress in dresses:
                self.assertNotIn(dress, (result.out + result.err).encode())
        for file, data in self.written():
            for dress in dresses:
                self.assertNotIn(dress, data, f"the key is in {file}")

    def copies_at_the_prompt(self, file, token, *more):
        """Where the key is in the program's memory while it asks for the token's PIN."""
        words = ("key", "import", "k", file, "--token", token.uri, *more)
        with Terminal(self.command(words, pins=[], interactive=True), self.keep, self.env) as terminal:
            terminal.expect(r"PIN[^\n]*: ?$")
            found = memory.copies(terminal.pid, self.openssl_scalar(self.files / "k.pem"))
            terminal.send("\x04")
            terminal.wait()
        return found

    def test_no_key_waits_for_a_pin_but_a_pipes(self):
        """A pipe is read once, so its key has to wait, in the locked heap."""
        memory.need()
        token, path, pipe = self.token("alice"), self.make(), self.files / "pipe"
        sealed = self.turned(path, "sealed.pem", "pkcs8", "-topk8", "-passout", f"pass:{PASSPHRASE}")
        secret = self.secret_file("passphrase", PASSPHRASE)
        self.assertEqual(self.copies_at_the_prompt(path, token), [])
        self.assertEqual(self.copies_at_the_prompt(sealed, token, "--passphrase-file", secret), [])
        os.mkfifo(pipe, 0o600)
        with subprocess.Popen(["cp", path, pipe]):
            (flags,) = self.copies_at_the_prompt(pipe, token)
        self.assertTrue(memory.in_secret_heap(flags))


if __name__ == "__main__":
    story.main()
