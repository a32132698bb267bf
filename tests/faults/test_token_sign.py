"""Each call of the stories that sign goes wrong once: a first publication in both dialects, targets, a
root that is renewed, a file."""
import json

import sweep
import notary
import story

GUN = "registry.example.com/admin/demo"


class Signed:
    name = "demo"

    def prepare(self):
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))
        self.make_repository()

    def arguments(self):
        return "sign", self.name

    def check_unfinished(self, name, fault, result):
        """The other token's signatures are kept and wait; nothing goes out."""
        self.check_words(name, fault, result)
        result.says("is not at hand", "waits")
        before = self.before.files
        self.assertEqual({path: path.read_bytes() for path in self.keep.glob("repos/*/metadata/*")},
                         {path: data for path, data in before.items() if path.parent.name == "metadata"})

    def done(self):
        self.verified(self.name)
        self.assertFalse(list(self.keep.glob("repos/*/staged/*")))
        self.no_strays()


class First(Signed, sweep.Sweep):
    def make_repository(self):
        self.repository()

    def test_it_fails_at_each_call(self):
        self.sweep()


class FirstOfNotary(Signed, sweep.Sweep, notary.NotaryStory):
    turn = 1
    name = GUN

    def make_repository(self):
        self.good(*self.init_words(gun=GUN))

    def done(self):
        self.good("check")
        self.assertTrue((self.keep / "repos").glob("*/metadata/root.json"))

    def test_it_fails_at_each_call(self):
        self.sweep()


class Targets(Signed, sweep.Sweep):
    def make_repository(self):
        self.repository()
        self.good("sign", "demo")
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)

    def done(self):
        super().done()
        self.assertIn("x", self.signed("targets")["targets"])

    def test_it_fails_at_each_call(self):
        self.sweep()


class Renewed(Signed, sweep.Sweep):
    turn = 1

    def make_repository(self):
        self.repository()
        self.good("sign", "demo")
        self.good("renew", "demo", "--role", "root")

    def done(self):
        super().done()
        self.assertEqual(self.version("root"), 2)

    def test_it_fails_at_each_call(self):
        self.sweep()


class File(sweep.Sweep):
    """A file that somebody else made, by a key that the keep does not know."""

    def prepare(self):
        self.alice = self.token("alice")
        self.key("k", self.alice)
        self.files = self.folder / "files"
        self.files.mkdir()
        self.path = self.files / "targets.json"
        self.path.write_text(json.dumps({"signatures": [], "signed": {
            "_type": "targets", "expires": "2049-01-01T00:00:00Z", "spec_version": "1.0.31",
            "targets": {}, "version": 1}}))

    def folders(self):
        return *super().folders(), self.files

    def arguments(self):
        return "sign", self.path, "--key", self.alice.key_uri("k"), "--keyid", "ab" * 32

    def done(self):
        self.assertEqual(self.path.read_bytes().count(b'"sig"'), 1)

    def test_it_fails_at_each_call(self):
        self.sweep()


if __name__ == "__main__":
    story.main()
