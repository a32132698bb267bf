"""go-tuf, tough and tuf-js as clients of what rootkeep made, and rootkeep as a client of theirs."""
import collections
import hashlib
import json
import shutil

import peer
import cells
import clients
import story

Site = collections.namedtuple("Site", "folder url")
CONTENT = {"artifact.bin": b"an artifact", "dir/nested.bin": b"one in a folder"}
THEIRS = b"content of a"
LONG_AGO = "2026-01-01T00:00:00Z"


class Peer(story.Story):
    def setUp(self):
        super().setUp()
        self.url = self.enterContext(peer.served(self.folder))

    def site(self, name, repository="demo", change=None):
        """A copy of what is published now, with the targets; change(folder) is what a thief does."""
        folder = self.folder / name
        shutil.copytree(self.metadata(repository), folder / "metadata")
        shutil.copytree(self.folder / "artifacts", folder / "targets")
        if change:
            change(folder)
        return Site(folder, self.url + name)

    def add_targets(self, repository):
        for name, content in CONTENT.items():
            self.write(f"source/{name}", content)
        self.good("target", "add", repository, self.folder / "source", "--base", self.folder / "source",
                  "--publish", self.folder / "artifacts")

    def accepted(self, client, site, cache, version, targets=("artifact.bin",)):
        """It comes to the end, trusts this root then, and has these targets as they are."""
        for target in targets:
            self.assertEqual(client.run(site, self.folder / cache, target), (True, version))
            self.assertEqual((self.folder / cache / "targets" / target).read_bytes(), CONTENT[target])

    def refused(self, client, site, cache, reason):
        verdict, words = client.run(site, self.folder / cache, "artifact.bin")
        self.assertFalse(verdict, f"{client.title} accepts {site.folder.name}")
        self.assertRegex(words.lower(), reason, site.folder.name)


def signature_flipped(name):
    """One bit of each signature of a file."""
    def change(folder):
        path = folder / "metadata" / name
        document = json.loads(path.read_bytes())
        for one in document["signatures"]:
            one["sig"] = one["sig"][:-1] + f"{int(one['sig'][-1], 16) ^ 1:x}"
        path.write_text(json.dumps(document, separators=(",", ":")))
    return change


def target_flipped(folder):
    for path in (folder / "targets").glob("*.artifact.bin"):
        path.write_bytes(bytes([CONTENT["artifact.bin"][0] ^ 1]) + CONTENT["artifact.bin"][1:])


class EachType(Peer):
    """One repository for each key type, judged by every client; a cell of the table each."""

    def judge(self, key_type):
        self.make(key_type)
        for client in clients.CLIENTS:
            with self.subTest(client=client.title, key_type=key_type):
                self.assertEqual(client.name in self.choking, key_type in client.not_taken)
                if key_type in client.not_taken:
                    self.not_taken(client, key_type)
                    cells.saw(client.title, "tuf", key_type, cells.REFUSES)
                else:
                    self.taken(client)
                    cells.saw(client.title, "tuf", key_type, cells.ACCEPTS)

    def make(self, key_type):
        """Its life: one long expired beside it, then fresh, with a root and no more, and rotated."""
        for role in ("root", "targets"):
            self.key(role, self.token(f"{role}-token"), key_type)
        self.repository("old", expires="timestamp=1")
        self.add_targets("old")
        self.good("sign", "old", now=LONG_AGO)
        self.repository()
        self.add_targets("demo")
        self.good("sign", "demo")
        self.choking = self.lint()
        self.fresh, self.expired = self.site("fresh"), self.site("expired", "old")
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)
        self.good("sign", "demo")
        for number in (2, 3, 4):
            self.key(f"root-{number}", self.tokens[0], key_type)
            old = "root" if number == 2 else f"root-{number - 1}"
            self.good("role", "set", "demo", "root", "--add-key", f"root-{number}", "--remove-key", old)
            self.good("sign", "demo")
        self.rotated = self.site("rotated")
        self.without_hashes()
        self.bare = self.site("bare-site", "bare")
        self.altered = [self.site(f"flipped-{name}", "bare", signature_flipped(name)) for name in
                        ("2.root.json", "4.root.json", "timestamp.json", self.newest("snapshot", "bare").name,
                         self.newest("targets", "bare").name)]
        self.swapped = self.site("swapped", change=target_flipped)

    def lint(self):
        """The clients of which lint says that they choke."""
        findings = self.rk("lint", "demo", "--json").json["findings"]
        return {one["client"] for one in findings if one["severity"] == "error"}

    def without_hashes(self):
        """A mirror whose snapshot and timestamp name versions only: what is wrong further down is
        found by its signature, or not at all."""
        shutil.copytree(self.metadata().parent, self.metadata("bare").parent)
        names = {"snapshot": "targets", "timestamp": "snapshot"}
        for role, below in names.items():
            version = self.version(role, "bare") + 1
            signed = {**self.signed(role, "bare"), "version": version,
                      "meta": {f"{below}.json": {"version": self.version(below, "bare")}}}
            name = f"{version}.snapshot.json" if role == "snapshot" else "timestamp.json"
            path = self.metadata("bare") / name
            path.write_text(json.dumps({"signatures": [], "signed": signed}))
            self.good("sign", path, "--key", self.tokens[1].key_uri("targets"), "--root",
                      self.newest("root", "bare"))

    def taken(self, client):
        cache, other = f"{client.name}-cache", f"{client.name}-other"
        self.accepted(client, self.fresh, cache, 1, client.targets)
        self.accepted(client, self.rotated, cache, 4)
        self.accepted(client, self.rotated, other, 4)
        self.refused(client, self.fresh, cache, client.reasons["rollback"])
        self.accepted(client, self.rotated, cache, 4)
        self.accepted(client, self.bare, f"{client.name}-bare", 4)
        for site in self.altered:
            self.refused(client, site, f"{client.name}-{site.folder.name}", client.reasons["signature"])
        self.refused(client, self.swapped, f"{client.name}-swapped", client.reasons["content"])
        self.refused(client, self.expired, f"{client.name}-expired", "expired")

    def not_taken(self, client, key_type):
        self.refused(client, self.fresh, client.name, client.not_taken[key_type])
        self.refused(client, self.rotated, client.name, client.not_taken[key_type])


def add_types():
    for key_type in story.KEY_TYPES:
        def judge(self, key_type=key_type):
            self.judge(key_type)
        setattr(EachType, f"test_a_repository_of_{key_type.replace('-', '_')}_keys", judge)


add_types()


class Folders(Peer):
    """Where a client looks for a target whose name has a folder."""

    def test_tough_puts_the_hash_before_the_folder(self):
        for role in ("root", "targets"):
            self.key(role, self.token(f"{role}-token"))
        self.repository()
        self.add_targets("demo")
        self.good("sign", "demo")
        site, tough = self.site("site"), next(one for one in clients.CLIENTS if one.name == "tough")
        verdict, words = tough.run(site, self.folder / "cache", "dir/nested.bin")
        digest = hashlib.sha256(CONTENT["dir/nested.bin"]).hexdigest()
        self.assertFalse(verdict)
        self.assertIn(f"{digest}.dir/nested.bin", words)
        asked = site.folder / "targets" / f"{digest}.dir"
        asked.mkdir()
        shutil.copy(site.folder / "targets" / "dir" / f"{digest}.nested.bin", asked / "nested.bin")
        self.assertEqual(tough.run(site, self.folder / "cache", "dir/nested.bin"), (True, 1))


class Reverse(Peer):
    """What go-tuf and @tufjs/models made, with an Ed25519, a P-256 and an RSA key and a rotation."""

    def setUp(self):
        super().setUp()
        self.made = []
        for client in (one for one in clients.CLIENTS if one.make):
            folder = self.folder / f"by-{client.name}" / "metadata"
            client.repository(folder)
            self.made.append((client, folder))

    def test_rootkeep_verifies_it_from_either_root(self):
        for _, folder in self.made:
            for root in ("1.root.json", "2.root.json"):
                self.good("verify", folder, "--root", folder / root)
            self.good("verify", folder / "2.root.json", "--root", folder / "1.root.json")

    def test_rootkeep_refuses_what_was_altered(self):
        for _, folder in self.made:
            for name in ("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"):
                altered = folder.parent / f"altered-{name}"
                shutil.copytree(folder, altered / "metadata")
                signature_flipped(name)(altered)
                self.rk("verify", altered / "metadata", "--root", folder / "1.root.json").refused(3)

    def test_adopted_byte_for_byte_and_still_what_every_client_takes(self):
        for maker, folder in self.made:
            name = f"by-{maker.name}"
            self.good("adopt", name, folder, "--root", folder / "1.root.json")
            for path in folder.iterdir():
                self.assertEqual((self.metadata(name) / path.name).read_bytes(), path.read_bytes(), path.name)
            self.verified(name)
            self.good("check")
            self.every_client_takes(name)

    def every_client_takes(self, name):
        site = self.folder / f"{name}-site"
        shutil.copytree(self.metadata(name), site / "metadata")
        self.write(f"{site.name}/targets/{hashlib.sha256(THEIRS).hexdigest()}.a.txt", THEIRS)
        for client in clients.CLIENTS:
            cache = self.folder / f"{name}-{client.name}"
            verdict = client.run(Site(site, self.url + site.name), cache, "a.txt")
            self.assertEqual(verdict, (True, 2), client.title)

    def test_not_adopted_from_a_root_that_did_not_start_it(self):
        for _, folder in self.made:
            document = json.loads((folder / "1.root.json").read_bytes())
            document["signed"]["expires"] = "2098-01-01T00:00:00Z"
            self.refuses(3, "adopt", "demo", folder, "--root", self.write("other.json", document))


if __name__ == "__main__":
    story.main()
