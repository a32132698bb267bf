"""A repository made elsewhere, taken over, and pulled again."""
import json
import shutil

import story


class Adopt(story.Story):
    """Elsewhere is a keep of its own; its published folder is what is adopted."""

    def setUp(self):
        super().setUp()
        self.elsewhere = self.folder / "elsewhere"
        self.elsewhere.mkdir(mode=0o700)
        for key in ("root", "targets"):
            token = self.token(f"{key}-token")
            self.there("key", "generate", key, "--token", token.uri)
        self.there("init", "made", "--dialect", "tuf", "--root", "root", "--targets", "targets")
        self.there("sign", "made")
        self.mirror = self.elsewhere / "repos" / "made" / "metadata"
        self.trusted = self.write("trusted.json", (self.mirror / "1.root.json").read_bytes())

    def there(self, *arguments, **options):
        return self.good(*arguments, cwd=self.elsewhere, **options)

    def target(self, name):
        self.there("target", "add", "made", "--name", name, "--length", "1", "--sha256", "00" * 32)
        self.there("sign", "made")

    def adopt(self, *more):
        return self.good("adopt", "demo", self.mirror, "--root", self.trusted, *more)

    def enrol(self):
        for key, token in zip(("root", "targets"), self.tokens):
            self.good("key", "enrol", key, token.key_uri(key))

    def test_an_empty_folder_becomes_a_keep_with_the_same_files(self):
        self.target("a")
        self.adopt().says("anchor", "1 that the keep does not know")
        same = {path.name: path.read_bytes() for path in self.metadata().iterdir()}
        for name in ("1.root.json", "timestamp.json"):
            self.assertEqual(same[name], (self.mirror / name).read_bytes())
        self.verified()
        self.good("check")
        self.good("log", "verify")

    def test_ours_to_go_on_with_once_the_keys_are_enrolled(self):
        self.adopt()
        self.enrol()
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "11" * 32)
        self.good("sign", "demo")
        self.assertEqual(self.version("targets"), 2)
        self.good("verify", self.metadata(), "--root", self.trusted, "--since", self.mirror)

    def test_keys_are_matched_by_fingerprint(self):
        token = self.tokens[1]
        self.good("key", "enrol", "mine", token.key_uri("targets"))
        self.assertIn({"role": "targets", "keys": ["mine"], "unknown": 0},
                      self.adopt("--json").json["roles"])

    def test_a_dry_run_and_a_refusal_change_nothing(self):
        with self.unchanged():
            self.adopt("--dry-run")
            self.rk("adopt", "demo", self.mirror).refused(2, "--root")
            self.rk("adopt", "demo", self.mirror, "--root", self.mirror / "timestamp.json").refused(2)

    def test_all_roots_from_the_trusted_one_on_and_those_before(self):
        for _ in range(2):
            self.there("renew", "made", "--role", "root")
            self.there("sign", "made")
        self.trusted = self.mirror / "2.root.json"
        self.adopt()
        self.assertEqual(sorted(path.name for path in self.metadata().glob("*.root.json")),
                         ["1.root.json", "2.root.json", "3.root.json"])
        self.assertEqual(json.loads((self.keep / "keep.json").read_bytes())["repositories"]["demo"]
                         ["anchor"]["version"], 2)
        self.verified()

    def test_another_root_than_the_trusted_one_is_refused(self):
        other = self.folder / "other"
        other.mkdir(mode=0o700)
        self.good("key", "generate", "r2", "--token", self.tokens[0].uri, cwd=other)
        self.good("init", "o", "--dialect", "tuf", "--root", "r2", "--targets", "r2", cwd=other)
        self.good("sign", "o", cwd=other)
        with self.unchanged():
            self.rk("adopt", "demo", self.mirror, "--root",
                    other / "repos" / "o" / "metadata" / "1.root.json").refused(3)

    def test_altered_missing_and_expired_are_refused(self):
        copy = self.folder / "copy"
        shutil.copytree(self.mirror, copy)
        path = copy / "1.targets.json"
        path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2'))
        self.rk("adopt", "demo", copy, "--root", self.trusted).refused(3, "targets")
        path.unlink()
        self.rk("adopt", "demo", copy, "--root", self.trusted).refused(3, "targets")
        self.rk("adopt", "demo", self.mirror, "--root", self.trusted,
                "--now", "2099-01-01T00:00:00Z").refused(3, "expired", "--now")
        self.assertEqual(list(self.keep.glob("[!.]*")), [])

    def test_newer_state_is_pulled_and_nothing_goes_back(self):
        self.adopt()
        old = self.folder / "old"
        shutil.copytree(self.mirror, old)
        self.target("a")
        self.there("renew", "made", "--role", "root")
        self.there("sign", "made")
        self.good("adopt", "demo", self.mirror).says("root 2", "targets 2")
        self.verified()
        with self.unchanged(self.metadata()):
            self.good("adopt", "demo", self.mirror, "--root", self.trusted).says("nothing is newer")
        self.refuses(3, "adopt", "demo", old, words=["back"])

    def test_what_is_staged_and_no_longer_fits_is_named(self):
        self.adopt()
        self.enrol()
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "11" * 32)
        self.target("a")
        self.good("adopt", "demo", self.mirror).says("targets 2 no longer fits", "reset demo")
        self.good("reset", "demo", "--role", "targets", "-y")
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "11" * 32)
        self.good("sign", "demo")
        self.assertEqual(sorted(self.signed("targets")["targets"]), ["a", "x"])

    def test_a_chain_that_leaves_ours_is_not_pulled(self):
        self.adopt()
        self.there("renew", "made", "--role", "root")
        self.there("sign", "made")
        path = self.mirror / "2.root.json"
        path.write_bytes(path.read_bytes().replace(b'"version":2', b'"version":3'))
        self.refuses(3, "adopt", "demo", self.mirror)


if __name__ == "__main__":
    story.main()
