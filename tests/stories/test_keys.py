"""Keys: generated, enrolled, shown, tried, forgotten, destroyed."""
import json
import re
import subprocess

import story


class Generate(story.Story):
    def test_each_type_is_made_proved_and_listed(self):
        token = self.token("alice")
        for key_type in story.KEY_TYPES:
            with self.subTest(key_type):
                self.key(f"k-{key_type}", token, key_type)
                self.good("key", "test", f"k-{key_type}")
        listed = self.good("key", "list")
        for key_type in story.KEY_TYPES:
            self.assertRegex(listed.out, rf"(?m)^k-{key_type}\b.*{key_type}")
        self.good("key", "list", "--json")

    def test_the_first_key_makes_the_empty_folder_a_keep_and_says_so(self):
        token = self.token("alice")
        (self.keep / ".hidden").write_text("hidden files do not count")
        self.good("key", "generate", "k", "--token", token.uri).says("keep")
        keep = json.loads((self.keep / "keep.json").read_bytes())
        self.assertEqual(keep["rootkeep"], 1)
        entry = keep["keys"]["k"]
        self.assertRegex(entry["fingerprint"], r"^[0-9a-f]{64}$")
        self.assertEqual(entry["origin"], "generated")
        self.assertNotIn("pin", entry["tokens"][0])
        self.assertTrue((self.keep / "journal.jsonl").exists())
        text = (self.keep / "keep.json").read_text()
        self.assertEqual(text, json.dumps(keep, indent=2, sort_keys=True, ensure_ascii=False) + "\n")

    def test_a_folder_with_other_things_is_no_place_for_a_keep(self):
        token = self.token("alice")
        (self.keep / "letter.txt").write_text("mine")
        self.refuses(2, "key", "generate", "k", "--token", token.uri)
        self.assertEqual(self.pkcs11(token, "--list-objects").strip(), "")

    def test_the_keep_is_found_from_a_folder_below(self):
        token = self.token("alice")
        self.key("k", token)
        below = self.keep / "ceremonies" / "deep"
        below.mkdir(parents=True)
        self.good("key", "list", cwd=below).says("k")
        self.good("-C", self.keep, "key", "list", cwd=self.folder).says("k")

    def test_an_id_and_a_label_of_my_own(self):
        token = self.token("alice")
        self.good("key", "generate", "k", "--token", token.uri, "--id", "00a1", "--label", "my label",
                  "--holder", "Alice <alice@example.com>")
        objects = self.pkcs11(token, "--list-objects")
        self.assertIn("my label", objects)
        self.assertIn("00a1", objects)
        self.good("key", "show", "k").says("Alice <alice@example.com>", "%00%A1")

    def test_a_taken_id_or_label_is_refused_never_overwritten(self):
        token = self.token("alice")
        self.good("key", "generate", "k", "--token", token.uri, "--id", "0a")
        with self.unchanged(self.folder / "tokens"):
            self.refuses(2, "key", "generate", "other", "--token", token.uri, "--id", "0a")
            self.refuses(2, "key", "generate", "other", "--token", token.uri, "--label", "k")
            self.refuses(2, "key", "generate", "k", "--token", token.uri)

    def test_it_is_sensitive_and_not_extractable(self):
        token = self.token("alice")
        self.key("k", token)
        objects = self.pkcs11(token, "--list-objects", "--type", "privkey")
        self.assertIn("sensitive", objects)
        self.assertIn("never extractable", objects)

    def test_a_dry_run_makes_no_key(self):
        token = self.token("alice")
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.good("key", "generate", "k", "--token", token.uri, "--dry-run")
            self.good("key", "generate", "k", "--token", token.uri, "--dry-run", "--json")

    def test_bad_names_types_and_ids_are_usage(self):
        token = self.token("alice")
        self.key("k", token)
        for words in (["-x", "--token", token.uri], ["a/b", "--token", token.uri],
                      ["a" * 65, "--token", token.uri], ["ok", "--token", "nonsense"],
                      ["ok", "--token", token.uri, "--type", "rsa1024"],
                      ["ok", "--token", token.uri, "--id", "0g"], ["ok"]):
            with self.subTest(words):
                self.refuses(2, "key", "generate", *words)


class Enrol(story.Story):
    def foreign_key(self, token, label="theirs", key_id="07", key_type="EC:prime256v1"):
        self.pkcs11(token, "--keypairgen", "--key-type", key_type, "--label", label, "--id", key_id)
        return token.key_uri(label)

    def test_a_key_that_another_program_made(self):
        token = self.token("alice")
        self.good("key", "enrol", "k", self.foreign_key(token)).says("k")
        self.good("key", "test", "k")
        self.assertEqual(json.loads((self.keep / "keep.json").read_bytes())["keys"]["k"]["origin"],
                         "external")

    def test_only_the_public_half(self):
        self.key("k", self.token("alice"))
        pem = self.pem("k")
        other = self.folder / "other"
        other.mkdir(mode=0o700)
        self.good("key", "enrol", "colleague", pem, cwd=other)
        self.good("key", "list", cwd=other).says("colleague")
        self.rk("key", "test", "colleague", cwd=other).refused(4)

    def test_one_more_token_for_the_same_public_key(self):
        story.need("openssl")
        first, second = self.token("alice"), self.token("spare")
        private = self.folder / "software.pem"
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out",
                        private], check=True, capture_output=True)
        for token in (first, second):
            for kind in ("privkey", "pubkey"):
                self.write_object(token, private, kind)
        self.good("key", "enrol", "k", first.key_uri("twin"))
        self.good("key", "enrol", "k", second.key_uri("twin"))
        self.assertEqual(len(self.keep_json()["keys"]["k"]["tokens"]), 2)
        self.good("key", "forget", "k", first.uri)
        self.good("key", "test", "k", pins=[second])
        self.refuses(2, "key", "forget", "k", first.uri)

    def write_object(self, token, private, kind):
        der = self.folder / f"{kind}.der"
        command = ["openssl", "pkey", "-in", private, "-outform", "DER", "-out", der]
        if kind == "pubkey":
            command.append("-pubout")
        subprocess.run(command, check=True, capture_output=True)
        self.pkcs11(token, "--write-object", der, "--type", kind, "--id", "09", "--label", "twin",
                    *(["--usage-sign"] if kind == "privkey" else []))

    def keep_json(self):
        return json.loads((self.keep / "keep.json").read_bytes())

    def test_a_known_name_with_another_public_key_is_refused(self):
        token = self.token("alice")
        self.key("k", token)
        self.refuses(2, "key", "enrol", "k", self.foreign_key(token))

    def test_a_uri_that_means_two_keys_lists_them(self):
        token = self.token("alice")
        self.foreign_key(token, "one", "01")
        self.foreign_key(token, "two", "02")
        self.key("k", self.token("bob"))
        self.refuses(4, "key", "enrol", "x", token.uri.replace("?", ";type=private?"),
                     words=["one", "two"])

    def test_a_uri_without_a_key_behind_it_is_4(self):
        token = self.token("alice")
        self.key("k", token)
        self.refuses(4, "key", "enrol", "x", token.key_uri("nobody"), words=["nobody"])

    def test_stored_uris_carry_no_path_and_no_pin_source(self):
        token = self.token("alice")
        uri = self.foreign_key(token) + f"&pin-source={token.pin_file}"
        self.good("key", "enrol", "k", uri, pins=[])
        text = (self.keep / "keep.json").read_text()
        self.assertNotIn("pin-source", text)
        self.assertNotIn("module-path", text)

    def test_a_pin_source_that_is_a_command_is_refused(self):
        token = self.token("alice")
        self.key("k", token)
        mark = self.folder / "ran"
        self.refuses(2, "key", "enrol", "x", token.key_uri("k") + f"&pin-source=|touch%20{mark}")
        self.assertFalse(mark.exists())


class Show(story.Story):
    def setUp(self):
        super().setUp()
        self.key("k", self.token("alice"))

    def shown(self, kind, key="k"):
        return self.good("key", "show", key, "--format", kind).out

    def test_pem_and_der_are_the_same_key(self):
        story.need("openssl")
        self.assertRegex(self.shown("pem"), r"^-----BEGIN PUBLIC KEY-----\n(.|\n)*KEY-----\n$")
        words = self.command(["key", "show", "k", "--format", "der"])
        der = subprocess.run(words, cwd=self.keep, env=self.env, capture_output=True, check=True).stdout
        expected = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], check=True,
                                  input=self.shown("pem").encode(), capture_output=True).stdout
        self.assertEqual(der, expected)

    def test_tuf_is_a_key_object_with_the_pem_and_its_newline(self):
        tuf = json.loads(self.shown("tuf"))
        self.assertEqual(tuf, {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256",
                               "keyval": {"public": self.shown("pem")}})

    def test_ssh_is_a_line_that_ssh_understands(self):
        self.assertRegex(self.shown("ssh"), r"^ecdsa-sha2-nistp256 AAAA\S+")

    def test_uri_finds_the_key_again(self):
        uri = self.shown("uri").strip()
        self.assertRegex(uri, r"^pkcs11:.*object=k.*type=private")
        self.good("key", "test", uri)

    def test_hsm_is_the_uri_of_securesystemslib(self):
        self.good("key", "generate", "two", "--token", self.tokens[0].uri, "--id", "0304")
        self.assertEqual(self.shown("hsm", "two"), "hsm:772?label=alice\n")

    def test_a_form_that_would_lie_is_refused(self):
        self.good("key", "generate", "zero", "--token", self.tokens[0].uri, "--id", "0001")
        self.refuses(2, "key", "show", "zero", "--format", "hsm")

    def test_qr_draws_something(self):
        self.assertGreater(len(self.shown("qr").splitlines()), 10)

    def test_a_prefix_of_the_fingerprint_means_the_key(self):
        fingerprint = json.loads((self.keep / "keep.json").read_bytes())["keys"]["k"]["fingerprint"]
        self.good("key", "show", fingerprint[:8]).says("k")
        self.refuses(2, "key", "show", fingerprint[:7])
        self.good("key", "show", "k", "--json")

    def test_showing_writes_nothing(self):
        with self.unchanged(self.keep, self.folder / "state"):
            for kind in ("pem", "der", "tuf", "ssh", "uri", "qr"):
                self.rk("key", "show", "k", "--format", kind).done()
            self.good("key", "list")
            self.good("key", "show", "k")


class Change(story.Story):
    def setUp(self):
        super().setUp()
        self.key("k", self.token("alice"))

    def test_a_new_name_and_holder(self):
        self.good("key", "set", "k", "--name", "root-alice", "--holder", "Alice")
        self.good("key", "list").says("root-alice", "Alice")
        self.good("key", "test", "root-alice")
        self.refuses(2, "key", "show", "k")

    def test_a_name_that_is_taken(self):
        self.key("other", self.tokens[0])
        self.refuses(2, "key", "set", "k", "--name", "other")

    def test_deleting_destroys_it_on_its_token(self):
        self.good("key", "delete", "k", f"--erase={self.serial()}")
        self.assertEqual(self.pkcs11(self.tokens[0], "--list-objects").strip(), "")

    def serial(self):
        uri = self.good("key", "show", "k", "--format", "uri").out
        return re.search(r"serial=([^;?]+)", uri)[1]

    def test_yes_is_not_enough_to_delete(self):
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.rk("key", "delete", "k", "-y").refused(2, "--erase")

    def test_never_while_a_role_trusts_it(self):
        self.repository(roots=["k"], targets=["k"])
        with self.unchanged(self.keep, self.folder / "tokens"):
            self.rk("key", "delete", "k", f"--erase={self.serial()}").refused(2, "demo")

    def test_a_key_whose_token_lost_it_fails_its_test(self):
        self.pkcs11(self.tokens[0], "--delete-object", "--type", "privkey", "--label", "k")
        self.refuses(4, "key", "test", "k")


if __name__ == "__main__":
    story.main()
