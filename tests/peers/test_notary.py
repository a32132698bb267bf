"""Repositories in Notary's dialect, made by rootkeep on tokens, judged by Notary itself."""
import datetime
import hashlib
import json
import time

import peer  # noqa: F401

import cells
import notary_hand as hand
import notary_lab
import notary_story
import story
import test_notary_traps as traps

ROOT_TYPES = tuple(name for name in story.KEY_TYPES if name != "ed25519")


class EachType(notary_story.NotaryStory):
    """One test for each key type; the outcomes are cells of the table in docs/compatibility.md."""

    CONTENT = {"dir/x": b"first", "y": b"second"}

    def begin(self, root_type, targets_type):
        for role, key_type in (("root", root_type), ("targets", targets_type)):
            self.key(role, self.token(f"{role}-token"), key_type)
        self.notary_repository()
        self.add("dir/x", b"first")
        self.good("sign", self.gun)
        self.push()
        self.cached = self.client("cached")
        self.listed(self.cached, **{"dir/x": b"first"})

    def go_on(self):
        """The same root key under new certificates, and another target; old clients follow."""
        for number in (2, 3, 4):
            self.good("key", "certify", "root", "--gun", self.gun, "--days", 4000 + number)
            self.good("role", "set", self.gun, "root", "--add-key", "root")
            if number == 4:
                self.add("y", b"second")
            self.good("sign", self.gun)
            self.push()
        root = json.loads(self.ours()["root"])["signed"]
        self.assertEqual((root["version"], len(root["roles"]["root"]["keyids"])), (4, 1))
        for client in (self.cached, self.client("fresh")):
            self.listed(client, **self.CONTENT)
        self.assertEqual((self.cached.metadata(self.gun) / "root.json").read_bytes(), self.ours()["root"])
        pulled = self.pull(self.folder / "pulled")
        self.good("verify", pulled, "--gun", self.gun, "--root", pulled / "1.root.json")

    def refuses_altered(self):
        good = self.lab.seen(self.gun)
        with notary_lab.Mirror(self.gun, notary_lab.names(good)) as mirror:
            self.listed(self.client("control", mirror), **self.CONTENT)
        for role, names in notary_lab.altered(good):
            with notary_lab.Mirror(self.gun, names) as mirror:
                said = self.client(f"altered-{role}", mirror).run("list", self.gun)
                self.assertNotEqual(said.status, 0, f"altered {role}: {said}")
                self.assertNotIn("dir/x", said.out)
            if role in self.ours():
                status, _ = self.lab.publish(self.gun, {role: names[f"{role}.json"]})
                self.assertEqual(status, 400, role)

    def judge(self, key_type):
        self.begin(key_type, key_type)
        self.go_on()
        self.refuses_altered()
        cells.saw(f"notary {notary_lab.version()}", "notary", key_type, cells.ACCEPTS)

    def test_a_repository_with_an_ed25519_targets_key(self):
        self.key("edwards", self.token("edwards-token"), "ed25519")
        self.refuses(2, "init", self.gun, "--dialect", "notary", "--root", "edwards", "--targets",
                     "edwards", *self.server_keys())
        self.begin("ecdsa-p256", "ed25519")
        self.go_on()
        self.refuses_altered()
        cells.saw(f"notary {notary_lab.version()}", "notary", "ed25519", "accepts, but not for root")


def add_types():
    for key_type in ROOT_TYPES:
        def judge(self, key_type=key_type):
            self.judge(key_type)
        setattr(EachType, f"test_a_repository_of_{key_type.replace('-', '_')}_keys", judge)


add_types()


class Chain(notary_story.NotaryStory):
    """Roots after roots, seen by a client that has only the first."""

    def setUp(self):
        super().setUp()
        for name in "abc":
            self.key(name, self.token(f"token-{name}"))
        self.key("targets", self.token("targets-token"))

    def root(self):
        return json.loads(self.ours()["root"])["signed"]

    def test_two_of_three_root_keys(self):
        self.notary_repository("abc", root_threshold=2)
        self.add("x", b"content")
        self.rk("sign", self.gun, pins=[self.tokens[0], self.tokens[3]]).done(5)
        self.assertFalse(self.metadata().exists() and self.ours())
        self.good("sign", self.gun, pins=[self.tokens[1], self.tokens[3]])
        self.push()
        self.listed(self.client("a"), x=b"content")
        root = json.loads(self.ours()["root"])
        self.assertEqual(len(root["signatures"]), 2)
        self.assertEqual(root["signed"]["roles"]["root"]["threshold"], 2)

    def test_a_client_walks_from_the_first_root_to_the_fourth(self):
        self.notary_repository("a")
        self.add("x", b"content")
        self.good("sign", self.gun)
        self.push()
        cached = self.client("cached")
        self.listed(cached, x=b"content")
        for words in (("--add-key", "b,c", "--threshold", "2"), ("--remove-key", "a")):
            self.good("role", "set", self.gun, "root", *words)
            self.good("sign", self.gun)
            self.push()
        self.good("key", "certify", "b", "--gun", self.gun, "--days", 4000)
        self.good("renew", self.gun, "--role", "root")
        self.good("sign", self.gun)
        self.push()
        self.assertEqual(self.root()["version"], 4)
        for client in (cached, self.client("fresh")):
            self.listed(client, x=b"content")
            self.assertEqual((client.metadata(self.gun) / "root.json").read_bytes(), self.ours()["root"])
        self.verified(self.gun)

    def test_a_new_targets_key_comes_with_new_targets(self):
        self.notary_repository("a")
        self.add("x", b"content")
        self.good("sign", self.gun)
        self.push()
        cached = self.client("cached")
        self.listed(cached, x=b"content")
        self.good("role", "set", self.gun, "targets", "--add-key", "b", "--remove-key", "targets")
        self.good("sign", self.gun)
        self.assertEqual(set(self.push()), {"root", "targets"})
        self.listed(cached, x=b"content")

    def test_a_snapshot_key_of_our_own(self):
        timestamp = self.write("timestamp.key.json", self.lab.key(self.gun, "timestamp"))
        self.notary_repository("a", ("targets",), "--snapshot", "b", "--timestamp", timestamp)
        self.add("x", b"content")
        self.good("sign", self.gun)
        self.assertEqual(set(self.push()), {"root", "targets", "snapshot"})
        cached = self.client("cached")
        self.listed(cached, x=b"content")
        self.add("y", b"more")
        self.good("sign", self.gun)
        self.assertEqual(set(self.push()), {"targets", "snapshot"})
        self.listed(cached, x=b"content", y=b"more")
        self.good("renew", self.gun, "--role", "snapshot")
        self.good("sign", self.gun)
        self.assertEqual(set(self.push()), {"snapshot"})
        self.listed(cached, x=b"content", y=b"more")

    def test_renewed_metadata_heals_clients(self):
        self.notary_repository("a", expires="root=1,targets=1")
        self.add("x", b"content")
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        then = now - datetime.timedelta(days=1) + datetime.timedelta(seconds=6)
        self.good("renew", self.gun, "--role", "all", now=then.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.good("sign", self.gun, now=then.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.push()
        cached = self.client("cached")
        self.listed(cached, x=b"content")
        time.sleep(max(0, 7 - (datetime.datetime.now(datetime.timezone.utc) - now).total_seconds()))
        for name in ("cached", "fresh"):
            self.assertRegex(self.client(name).run("list", self.gun).out, "expired|out-of-date")
        self.good("renew", self.gun)
        self.good("sign", self.gun)
        self.assertEqual(set(self.push()), {"root", "targets"})
        for name in ("cached", "fresh"):
            self.listed(self.client(name), x=b"content")

    def test_a_staged_file_with_a_trap_is_not_published(self):
        self.notary_repository("a")
        self.add("x", b"content")
        self.good("sign", self.gun)
        self.push()
        staged = self.metadata(part="staged") / "targets.json"
        for name, change in {**traps.BYTES, **traps.TARGETS_BYTES}.items():
            with self.subTest(name):
                self.good("target", "add", self.gun, "--name", traps.NAME, "--length", 1, "--sha256", "00" * 32)
                staged.write_bytes(change(staged.read_bytes()))
                before = self.ours()
                if self.rk("sign", self.gun).status:
                    self.assertEqual(self.ours(), before)
                    self.good("reset", self.gun)
                else:
                    self.push()
                    self.good("target", "remove", self.gun, traps.NAME)
                    self.good("sign", self.gun)
                    self.push()

    def test_names_and_custom_data_of_every_kind(self):
        self.notary_repository("a")
        content = {'a<b>&"q\\': b"1", "日本語/é": b"2", "line\u2028separators\u2029": b"3", "~!@#$%^*()": b"4"}
        for name, data in content.items():
            self.good("target", "add", self.gun, "--name", name, "--length", len(data),
                      "--sha256", hashlib.sha256(data).hexdigest(),
                      "--custom", '{"z": [1, null, "<&>"], "a": {"y": true, "b": "é"}}')
        self.good("sign", self.gun)
        self.push()
        said = self.client("client").good("list", self.gun).out
        for name in content:
            if "\u2028" not in name:
                self.assertIn(name, said)
        targets = json.loads(self.ours()["targets"])
        self.assertEqual(set(targets["signed"]["targets"]), set(content))
        self.assertEqual(self.ours()["targets"], hand.envelope(targets["signed"], targets["signatures"]))


class Certificates(notary_story.NotaryStory):
    def test_a_certificate_for_every_name_below_a_prefix(self):
        self.key("root", self.token("root-token"))
        self.key("targets", self.token("targets-token"))
        self.good("key", "certify", "root", "--gun", self.gun, "--wildcard")
        self.notary_repository()
        self.add("x", b"content")
        self.good("sign", self.gun)
        self.push()
        self.listed(self.client("a"), x=b"content")
        (folder,) = (self.keep / "certificates").iterdir()
        self.assertEqual(len(list(folder.iterdir())), 1)

    def test_the_pin_that_is_printed_is_what_a_client_accepts(self):
        self.key("root", self.token("root-token"))
        self.key("targets", self.token("targets-token"))
        self.notary_repository()
        self.good("sign", self.gun)
        self.push()
        (pin,) = json.loads(self.ours()["root"])["signed"]["roles"]["root"]["keyids"]
        for name, line, good in (("right", pin, True), ("wrong", pin[::-1], False)):
            client = self.client(name)
            config = {"trust_pinning": {"certs": {self.gun: [line]}, "disable_tofu": True}}
            path = self.write(f"{name}.json", config)
            said = client.run("-c", path, "list", self.gun)
            self.assertEqual(said.status == 0, good, str(said))
        self.good("key", "show", "root", "--format", "pin").says(pin)


class Signer(notary_story.NotaryStory):
    """Server keys at a notary-signer behind mutual TLS, and a server with https."""

    LAB = {"signer": True, "tls": True}

    def test_a_repository_is_made_and_gone_on_with(self):
        self.key("root", self.token("root-token"))
        self.key("targets", self.token("targets-token"))
        self.notary_repository()
        self.add("x", b"content")
        self.good("sign", self.gun)
        self.push()
        kinds = {key["keytype"] for key in json.loads(self.ours()["root"])["signed"]["keys"].values()}
        self.assertEqual(kinds, {"ecdsa", "ecdsa-x509"})
        cached = self.client("cached")
        self.listed(cached, x=b"content")
        self.add("y", b"more")
        self.good("sign", self.gun)
        self.push()
        self.listed(cached, x=b"content", y=b"more")


if __name__ == "__main__":
    story.main()
