"""Repositories in Notary's dialect: made, signed, changed, certified anew, taken over; no server here."""
import base64
import json
import shutil

import notary
import story


class Made(notary.NotaryStory):
    def test_init_wants_to_know_whose_keys_sign_snapshot_and_timestamp(self):
        self.two_keys()
        words = ["init", self.gun, "--dialect", "notary", "--root", "root", "--targets", "targets"]
        self.refuses(2, *words, words=("timestamp", "rootkeep-remote key"))

    def test_a_certificate_made_on_the_way_is_journaled_with_its_token(self):
        self.two_keys()
        self.good(*self.init_words()).says("journal head")
        line = json.loads((self.keep / "journal.jsonl").read_bytes().splitlines()[-1])
        self.assertEqual([token["label"] for token in line["tokens"]], [self.tokens[0].shown])

    def test_a_servers_key_is_told_in_words(self):
        self.two_keys()
        key = notary.server_key()
        told = self.good(*self.init_words(timestamp=key))
        self.assertRegex(told.err, notary.key_id(key) + r".*:\n(?:  [A-Za-z]+(?: [A-Za-z]+){7}\n){4}")

    def test_the_published_folder(self):
        self.notary_repository()
        self.assertEqual(sorted(path.name for path in self.metadata().iterdir()),
                         ["1.root.json", "root.json", "targets.json"])
        self.assertEqual((self.metadata() / "root.json").read_bytes(),
                         (self.metadata() / "1.root.json").read_bytes())
        self.good("renew", self.gun, "--role", "root")
        self.good("sign", self.gun)
        self.assertEqual((self.metadata() / "root.json").read_bytes(),
                         (self.metadata() / "2.root.json").read_bytes())
        self.good("verify", self.gun).says("as far as held")
        self.good("check")
        self.no_strays()

    def test_the_bytes_of_a_targets_file(self):
        self.notary_repository()
        self.good("target", "add", self.gun, "--name", 'a<b>&"q\\', "--length", "6", "--sha256", "00" * 32,
                  "--sha512", "11" * 64, "--custom", '{"z": 1, "a": "<\u2028"}')
        self.good("sign", self.gun)
        text = self.role("targets").read_bytes()
        signature = json.loads(text)["signatures"][0]
        self.assertEqual(text, (
            '{"signed":{"_type":"Targets","delegations":{"keys":{},"roles":[]},"expires":"%s",'
            '"targets":{"a\\u003cb\\u003e\\u0026\\"q\\\\":{"custom":{"a":"\\u003c\\u2028","z":1},"hashes":'
            '{"sha256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","sha512":"%s"},"length":6}},'
            '"version":2},"signatures":[{"keyid":"%s","method":"ecdsa","sig":"%s"}]}' % (
                self.signed("targets")["expires"], base64.b64encode(b"\x11" * 64).decode(),
                signature["keyid"], signature["sig"])).encode())

    def test_nothing_but_canonical_files_of_the_shape(self):
        self.notary_repository()
        self.good("target", "add", self.gun, "--name", "1.0", "--length", "6", "--sha256", "00" * 32)
        self.good("sign", self.gun)
        for role in ("root", "targets"):
            document = json.loads(self.role(role).read_bytes())
            self.assertEqual(list(document), ["signed", "signatures"])
            self.assertEqual(list(document["signed"]), sorted(document["signed"]))
        root = self.signed("root")
        self.assertEqual(set(root), {"_type", "consistent_snapshot", "expires", "keys", "roles", "version"})
        self.assertEqual(set(root["roles"]), {"root", "targets", "snapshot", "timestamp"})
        for key, value in root["keys"].items():
            self.assertEqual(notary.key_id(value), key)
            self.assertIsNone(value["keyval"]["private"])

    def test_two_of_two_with_their_own_snapshot(self):
        for key in ("alice", "bob", "targets", "snapshot"):
            self.key(key, self.token(f"{key}-token"))
        words = self.init_words("--root-threshold", "2", roots=("alice", "bob"))
        words[words.index("--snapshot") + 1] = "snapshot"
        self.good(*words)
        alone = [token for token in self.tokens if token.label != "bob-token"]
        self.rk("sign", self.gun, pins=alone).done(5).says("bob")
        self.assertFalse(self.metadata().exists())
        self.good("sign", self.gun)
        meta = self.signed("snapshot")["meta"]
        self.assertEqual(sorted(meta), ["root", "targets"])
        self.assertEqual(sorted(meta["root"]), ["hashes", "length"])
        self.assertEqual(sorted(meta["root"]["hashes"]), ["sha256", "sha512"])
        self.assertEqual(meta["root"]["length"], self.role("root").stat().st_size)
        self.good("verify", self.gun)

    def test_every_key_type_that_the_dialect_has(self):
        for kind in ("ecdsa-p384", "rsa2048"):
            with self.subTest(kind):
                gun, root, targets = f"registry.example.com/{kind}", f"root-{kind}", f"targets-{kind}"
                for key in (root, targets):
                    self.key(key, self.token(f"{key}-token"), kind)
                self.good(*self.init_words(gun=gun, roots=(root,), targets=(targets,)))
                self.good("sign", gun)
                self.good("verify", gun)
                signatures = json.loads((self.metadata(gun) / "targets.json").read_bytes())["signatures"]
                self.assertEqual(signatures[0]["method"], {"e": "ecdsa", "r": "rsapss"}[kind[0]])

    def test_ed25519_signs_targets_and_is_no_root(self):
        self.two_keys()
        self.key("ed", self.token("ed-token"), "ed25519")
        self.refuses(2, *self.init_words(roots=("ed",)), words=("Ed25519",))
        self.good(*self.init_words(targets=("ed",)))
        self.good("sign", self.gun)
        self.assertEqual(json.loads(self.role("targets").read_bytes())["signatures"][0]["method"], "eddsa")

    def test_both_dialects_in_one_keep(self):
        self.notary_repository()
        self.repository("demo")
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "22" * 32)
        self.good("sign", "--all")
        self.good("verify", "demo")
        self.good("verify", self.gun)
        self.good("renew", "--all", "--role", "all")
        self.good("sign", "--all")
        self.good("status").says("demo", self.gun)
        self.good("repo", "list").says("tuf", "notary")
        self.good("check")

    def test_a_token_that_is_not_here_is_named_with_the_command_that_certifies(self):
        self.two_keys()
        public = self.write("away.pem", notary.openssl("pkey", "-in", self.private_key("away"), "-pubout"))
        self.good("key", "enrol", "away", public)
        self.refuses(4, *self.init_words(roots=("root", "away")), words=("key certify",))

    def test_a_dry_run_signs_no_certificate(self):
        self.two_keys()
        with self.unchanged():
            self.good(*self.init_words("--dry-run")).says("root certificate", self.tokens[0].shown)


class Certified(notary.NotaryStory):
    """The certificate of a root key is renewed as a root rotation."""

    def setUp(self):
        super().setUp()
        self.notary_repository()
        self.before = self.signed("root")
        self.old = self.before["roles"]["root"]["keyids"]

    def files_under_both(self):
        root = self.signed("root")
        [new] = root["roles"]["root"]["keyids"]
        self.assertNotEqual([new], self.old)
        self.assertEqual(root["version"], self.before["version"] + 1)
        self.assertIn(self.old[0], root["keys"])
        signatures = json.loads(self.role("root").read_bytes())["signatures"]
        self.assertEqual(set(signature["keyid"] for signature in signatures), {new, self.old[0]})
        self.assertEqual(len(set(signature["sig"] for signature in signatures)), 1, "signed once")
        self.good("verify", self.gun)
        self.good("verify", self.role("root"), "--root", self.metadata() / "1.root.json", "--gun", self.gun)

    def test_by_role_set(self):
        self.good("key", "certify", "root", "--gun", self.gun, "--days", "4000")
        self.good("role", "set", self.gun, "root", "--add-key", "root")
        self.good("sign", self.gun)
        self.files_under_both()

    def test_by_renew(self):
        self.good("key", "certify", "root", "--gun", self.gun, "--days", "4000")
        self.good("renew", self.gun, "--role", "root").says("newer certificate of root")
        self.good("sign", self.gun)
        self.files_under_both()

    def test_renew_goes_on_with_the_certificate_that_lasts_longest(self):
        self.good("key", "certify", "root", "--gun", self.gun, "--days", "100")
        self.good("renew", self.gun, "--role", "root")
        self.good("sign", self.gun)
        self.assertEqual(self.signed("root")["roles"]["root"]["keyids"], self.old)

    def test_and_on_the_next_root_the_old_id_signs_no_more(self):
        self.test_by_role_set()
        self.good("renew", self.gun, "--role", "root")
        self.good("sign", self.gun)
        root = json.loads(self.role("root").read_bytes())
        self.assertEqual([signature["keyid"] for signature in root["signatures"]],
                         root["signed"]["roles"]["root"]["keyids"])
        self.good("verify", self.gun)

    def test_sign_a_file_files_under_both_ids(self):
        self.good("key", "certify", "root", "--gun", self.gun, "--days", "4000")
        self.good("role", "set", self.gun, "root", "--add-key", "root")
        path = self.folder / "2.root.json"
        shutil.copy(self.role("root", "staged"), path)
        self.good("sign", path, "--key", "root", "--root", self.metadata() / "1.root.json", "--gun", self.gun)
        self.assertEqual(len(json.loads(path.read_bytes())["signatures"]), 2)
        self.good("verify", path, "--root", self.metadata() / "1.root.json", "--gun", self.gun)

    def test_another_gun_is_not_this_one(self):
        self.rk("verify", self.metadata(), "--root", self.metadata() / "1.root.json", "--gun", "other/name"
                ).done(3)
        self.rk("verify", self.role("root"), "--root", self.metadata() / "1.root.json", "--gun", "other/name"
                ).done(3)
        path = self.folder / "root.json"
        shutil.copy(self.role("root"), path)
        with self.unchanged(self.folder / "tokens"):
            self.rk("sign", path, "--key", "root", "--gun", "other/name").refused(2, "other/name")
        self.assertEqual(path.read_bytes(), self.role("root").read_bytes())

    def test_an_expired_certificate_is_the_end(self):
        """No client takes what it signs any more, however long the metadata was to last."""
        later = "2036-12-31T00:00:00Z"
        self.good("renew", self.gun, "--role", "all")
        self.rk("verify", self.gun, now=later).done(3).says("certificate")


class Adopted(notary.NotaryStory):
    def setUp(self):
        super().setUp()
        self.elsewhere = self.folder / "elsewhere"
        self.elsewhere.mkdir(mode=0o700)
        keep, self.keep = self.keep, self.elsewhere
        self.notary_repository()
        self.good("target", "add", self.gun, "--name", "1.0", "--length", "6", "--sha256", "00" * 32)
        self.good("sign", self.gun)
        self.source = self.metadata()
        self.keep = keep

    def adopt(self, *more, name=None):
        return self.rk("adopt", name or self.gun, self.source, "--root", self.source / "root.json", *more)

    def test_ours_to_go_on_with(self):
        self.adopt().done()
        for key, token in zip(("root", "targets"), self.tokens):
            self.good("key", "enrol", key, token.key_uri(key))
        self.good("target", "add", self.gun, "--name", "2.0", "--length", "6", "--sha256", "00" * 32)
        self.good("sign", self.gun)
        self.assertEqual(sorted(self.signed("targets")["targets"]), ["1.0", "2.0"])
        self.good("verify", self.gun)
        self.good("verify", self.gun, "--since", self.source)
        self.rk("verify", self.metadata(), "--root", self.source / "root.json", "--gun", self.gun
                ).done(3).says("timestamp is missing")

    def test_a_client_has_only_the_newest_root(self):
        (self.source / "1.root.json").unlink()
        self.adopt().done()
        self.assertEqual((self.metadata() / "1.root.json").read_bytes(),
                         (self.source / "root.json").read_bytes())
        self.good("check")

    def test_under_another_name(self):
        self.adopt("--gun", self.gun, name="demo").done()
        keep = json.loads((self.keep / "keep.json").read_bytes())
        self.assertEqual(keep["repositories"]["demo"]["gun"], self.gun)
        self.good("verify", "demo")

    def test_under_a_name_that_its_certificates_do_not_have(self):
        self.refuses(3, "adopt", "other/name", self.source, "--root", self.source / "root.json",
                     words=("certificate",))

    def test_back_in_version_is_told(self):
        self.adopt().done()
        seen = self.folder / "seen"
        shutil.copytree(self.source, seen)
        keep, self.keep = self.keep, self.elsewhere
        self.good("renew", self.gun, "--role", "targets")
        self.good("sign", self.gun)
        self.keep = keep
        self.good("verify", self.gun, "--since", seen)
        self.rk("verify", self.gun, "--since", self.source).done(3).says("went back")


if __name__ == "__main__":
    story.main()
