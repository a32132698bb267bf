"""Each call of the stories that make, enrol, try, certify and destroy keys goes wrong once."""
import json
import re

import sweep
import story

GUN = "registry.example.com/admin/demo"


class Keys:
    def prepare(self):
        self.alice = self.token("alice")
        self.key("old", self.alice)

    def known(self):
        return json.loads((self.keep / "keep.json").read_bytes())["keys"]


class Generate(Keys, sweep.Sweep):
    def arguments(self):
        return "key", "generate", "new", "--token", self.alice.uri

    def done(self):
        self.assertIn("new", self.known())

    def check_named(self, strays, result):
        result.says("alice", "new")
        self.assertRegex(result.err, r"(?i)\bid\b|pkcs11:", str(result))

    def test_it_fails_at_each_call(self):
        self.sweep()

    def test_what_proves_nothing_and_cannot_be_destroyed_is_named(self):
        result = self.struck("C_Sign:1=corrupt;C_DestroyObject:*=0x30").refused(4, "STILL be on", "new")
        self.check_keep(result)
        self.check_named(self.objects() - self.objects_before, result)


class Enrol(Keys, sweep.Sweep):
    def prepare(self):
        super().prepare()
        self.pkcs11(self.alice, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "theirs",
                    "--id", "07")

    def arguments(self):
        return "key", "enrol", "theirs", self.alice.key_uri("theirs")

    def check_survival(self, name, fault, result):
        """It has proved itself when its certificates are looked for: that may fail, and is said."""
        if "a certificate of the key could not be seen" not in result.err:
            super().check_survival(name, fault, result)

    def done(self):
        self.assertEqual(len(self.known()["theirs"]["tokens"]), 1)

    def test_it_fails_at_each_call(self):
        self.sweep()


class Test(Keys, sweep.Sweep):
    def arguments(self):
        return "key", "test", "old"

    def test_it_fails_at_each_call(self):
        self.sweep()


class Certify(Keys, sweep.Sweep):
    def arguments(self):
        return "key", "certify", "old", "--gun", GUN

    def done(self):
        self.assertEqual(len(self.known()["old"]["certificates"]), 1)
        self.assertEqual(len(list(self.keep.glob("certificates/*/*"))), 1)

    def test_it_fails_at_each_call(self):
        self.sweep()


class Delete(Keys, sweep.Sweep):
    def prepare(self):
        super().prepare()
        self.key("other", self.alice)
        uri = self.good("key", "show", "old", "--format", "uri").out
        self.serial = re.search(r"serial=([^;?]+)", uri)[1]

    def arguments(self):
        return "key", "delete", "old", f"--erase={self.serial}"

    def done(self):
        self.assertEqual(list(self.known()), ["other"])

    def finish_halved(self, result):
        """What is destroyed, wholly or by half, cannot come back; the keep is told that it is gone."""
        result.says("it is not certain that key 'old' is destroyed")

    def test_it_fails_at_each_call(self):
        self.sweep()


if __name__ == "__main__":
    story.main()
