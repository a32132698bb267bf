"""What is on tokens against what the keep says of them."""
import shutil

import story


class Audit(story.Story):
    def keys(self):
        """A key on each of two tokens."""
        alice, bob = self.token("alice"), self.token("bob")
        self.key("a", alice)
        self.key("b", bob)
        return alice, bob

    def rows(self, *arguments, status=0):
        """name or label -> result, over all tokens."""
        audit = self.rk("token", "audit", *arguments, "--json").done(status).json
        return {row["name"] or row["key"]["label"]: row["result"]
                for token in audit["tokens"] for row in token["keys"]}

    def test_all_is_well_and_nothing_is_written(self):
        alice, _ = self.keys()
        with self.unchanged():
            self.good("token", "audit").says("alice", "bob", "ok")
            self.assertEqual(self.rows(), {"a": "ok", "b": "ok"})
            self.assertEqual(self.rows(alice.uri), {"a": "ok"})

    def test_another_programs_key_is_unknown(self):
        alice, _ = self.keys()
        self.pkcs11(alice, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "07", "--label",
                    "stray")
        self.rk("token", "audit").done(3).says("stray", "does not know")
        self.assertEqual(self.rows(status=3), {"a": "ok", "b": "ok", "stray": "unknown"})

    def test_a_key_that_was_destroyed_is_missing(self):
        alice, _ = self.keys()
        for kind in ("privkey", "pubkey"):
            self.pkcs11(alice, "--delete-object", "--type", kind, "--label", "a")
        self.rk("token", "audit", alice.uri).done(3).says("missing")
        self.assertEqual(self.rows(status=3), {"a": "missing", "b": "ok"})

    def test_another_label_is_a_change(self):
        alice, _ = self.keys()
        for kind in ("privkey", "pubkey"):
            self.pkcs11(alice, "--set-id", "0b0b", "--type", kind, "--label", "a")
        self.rk("token", "audit", alice.uri).done(3).says("label or id")

    def test_a_token_that_is_in_its_safe_is_named(self):
        self.keys()
        for record in (self.folder / "tokens").rglob("*.object"):
            if b"bob" in record.read_bytes() and record.name == "token.object":
                shutil.rmtree(record.parent)
                break
        self.tokens = self.tokens[:1]
        self.good("token", "audit").says("not here", "b")
        self.assertEqual(self.rows(), {"a": "ok"})

    def test_without_a_pin_it_is_not_finished(self):
        alice, _ = self.keys()
        self.rk("token", "audit", pins=[alice]).done(5).says("not looked at")
        self.refuses(2, "token", "audit", alice.uri, pins=[], words=["--pin-file"])

    def test_a_keep_without_tokens_has_nothing_to_compare(self):
        self.token("alice")
        self.rk("token", "audit").refused(2)
        self.good("key", "generate", "k", "--token", self.tokens[0].uri)
        self.good("key", "forget", "k", self.tokens[0].uri)
        self.refuses(4, "token", "audit", words=["names no token"])
        self.assertEqual(self.rows(self.tokens[0].uri, status=3), {"k": "unknown"})


if __name__ == "__main__":
    story.main()
