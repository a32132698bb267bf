"""What Notary's own client made is verified, adopted and gone on with by rootkeep."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import peer  # noqa: F401

import notary_hand as hand
import notary_lab
import notary_story
import story

FIXTURES = os.environ.get("ROOTKEEP_FIXTURES")


class Theirs(notary_story.NotaryStory):
    def setUp(self):
        super().setUp()
        self.admin = self.client("admin")
        self.admin.good("init", self.gun)
        self.content = {"x": b"of Notary"}
        self.admin.good("add", self.gun, "x", self.write("x", self.content["x"]))
        self.admin.good("publish", self.gun)

    def pulled(self, name="theirs"):
        return self.pull(self.folder / name)

    def verify(self, folder, *words, root="1.root.json", gun=None):
        return self.rk("verify", folder, "--root", folder / root, "--gun", gun or self.gun, *words)

    # Their private keys, on a token

    def opened(self, path):
        """A private key file of Notary's: its role, and the key as PKCS#8 without a passphrase."""
        head, body = path.read_text().split("\n\n", 1)
        pem = self.write("encrypted.pem", head.splitlines()[0] + "\n" + body)
        plain = self.folder / f"{path.stem}.pem"
        hand.run("pkcs8", "-in", pem, "-passin", f"pass:{notary_lab.PASSPHRASE}", "-topk8", "-nocrypt",
                 "-out", plain)
        return re.search("^role: (.*)$", head, re.M)[1], plain

    def enrol(self, token, *roles):
        """Their keys of these roles, imported and known by the role's name."""
        story.need("softhsm2-util")
        for number, path in enumerate(sorted((self.admin.folder / "private").iterdir()), 1):
            role, plain = self.opened(path)
            if role in roles:
                subprocess.run(["softhsm2-util", "--import", plain, "--token", token.label, "--pin",
                                token.pin, "--label", role, "--id", f"{number:02x}"],
                               env=self.env, check=True, capture_output=True, timeout=60)
                self.good("key", "enrol", role, token.key_uri(role))

    # What they make

    def test_a_new_repository_is_verified(self):
        folder = self.pulled()
        self.verify(folder).done(0)
        self.verify(folder, root="root.json").done(0)
        self.verify(folder, gun="lab.example/another").refused(3)
        self.rk("verify", folder / "targets.json", "--root", folder / "root.json", "--gun",
                self.gun).done(0)

    def test_what_was_altered_is_refused(self):
        folder = self.pulled()
        for role in ("root", "targets", "snapshot", "timestamp"):
            other = self.folder / f"altered-{role}"
            shutil.copytree(folder, other)
            path = other / f"{role}.json"
            path.write_bytes(path.read_bytes().replace(b'"expires":"20', b'"expires":"21'))
            self.rk("verify", other, "--root", folder / "1.root.json", "--gun", self.gun).refused(3)

    def test_roots_that_they_rotated_are_walked(self):
        for _ in range(2):
            self.admin.good("key", "rotate", self.gun, "root", stdin=b"yes\n")
        self.admin.good("key", "rotate", self.gun, "targets")
        self.admin.good("key", "rotate", self.gun, "snapshot", "-r")
        folder = self.pulled()
        self.assertTrue((folder / "5.root.json").exists())
        for root in ("1.root.json", "5.root.json"):
            self.verify(folder, root=root).done(0)
        self.rk("verify", folder / "2.root.json", "--root", folder / "1.root.json").done(0)
        self.rk("verify", folder / "3.root.json", "--root", folder / "1.root.json").refused(3)

    def test_delegations_are_verified(self):
        self.delegate()
        folder = self.pulled()
        self.assertTrue((folder / "targets" / "releases.json").exists())
        self.verify(folder).done(0).says("releases")
        self.rk("verify", folder / "targets" / "releases.json", "--by", folder / "targets.json",
                "--role", "targets/releases").done(0)
        (folder / "targets" / "releases.json").write_bytes(
            (folder / "targets" / "releases.json").read_bytes().replace(b'"version":1', b'"version":9'))
        self.verify(folder).refused(3)

    def delegate(self):
        """A signer with a key of her own, who signs a target into targets/releases; she cannot sign
        the snapshot, so the server does."""
        self.admin.good("key", "rotate", self.gun, "snapshot", "-r")
        made = hand.Key(self.folder / "alice.key")
        public = self.write("alice.pub", hand.run("pkey", "-in", made.path, "-pubout"))
        self.admin.good("delegation", "add", self.gun, "targets/releases", public, "--all-paths")
        self.admin.good("publish", self.gun)
        signer = self.client("alice")
        secret = self.write("alice.pem", made.path.read_text().replace(
            "PRIVATE KEY-----\n", "PRIVATE KEY-----\nrole: targets/releases\n\n", 1))
        secret.chmod(0o600)
        signer.good("key", "import", secret, "--role", "targets/releases")
        signer.good("add", self.gun, "y", self.write("y", b"of Alice"), "--roles", "targets/releases")
        signer.good("publish", self.gun)
        self.content["y"] = b"of Alice"

    # Gone on with

    def adopt(self, *roles):
        self.enrol(self.token("their-keys"), *roles)
        folder = self.pulled()
        self.good("adopt", self.gun, folder, "--root", folder / "1.root.json", "--gun", self.gun)
        for path in folder.rglob("*.json"):
            mine = self.metadata() / path.relative_to(folder)
            self.assertEqual(mine.read_bytes(), path.read_bytes(), path.name)
        self.verified(self.gun)

    def test_adopted_with_all_their_keys_and_gone_on_with(self):
        reader = self.client("reader")
        self.listed(reader, **self.content)
        self.adopt("root", "targets", "snapshot")
        self.add("z", b"ours")
        self.good("sign", self.gun)
        self.assertEqual(set(self.push()), {"targets", "snapshot"})
        self.listed(reader, z=b"ours", **self.content)
        self.good("renew", self.gun, "--role", "root")
        self.good("sign", self.gun)
        self.push()
        self.listed(reader, z=b"ours", **self.content)

    def test_their_root_key_hands_over_to_one_of_ours(self):
        reader = self.client("reader")
        self.listed(reader, **self.content)
        self.adopt("root", "targets", "snapshot")
        self.key("ours", self.token("our-token"))
        self.good("role", "set", self.gun, "root", "--add-key", "ours", "--remove-key", "root")
        self.good("sign", self.gun)
        self.push()
        self.listed(reader, **self.content)
        self.assertEqual((reader.metadata(self.gun) / "root.json").read_bytes(), self.ours()["root"])

    def test_with_a_server_that_keeps_the_snapshot(self):
        self.delegate()
        reader = self.client("reader")
        self.listed(reader, **self.content)
        self.adopt("targets")
        self.add("z", b"ours")
        self.good("sign", self.gun)
        self.assertEqual(set(self.push()), {"targets"})
        self.listed(reader, z=b"ours", **self.content)

    def test_their_client_goes_on_with_what_we_published(self):
        self.adopt("root", "targets", "snapshot")
        self.add("z", b"ours")
        self.good("sign", self.gun)
        self.push()
        self.admin.good("add", self.gun, "w", self.write("w", b"theirs again"))
        self.admin.good("publish", self.gun)
        self.listed(self.client("reader"), z=b"ours", w=b"theirs again", **self.content)
        newer = self.pulled("newer")
        self.good("adopt", self.gun, newer)
        self.verified(self.gun)

    def test_a_signature_of_ours_in_a_file_of_theirs(self):
        token = self.token("their-keys")
        self.enrol(token, "targets")
        folder = self.pulled()
        document = json.loads((folder / "targets.json").read_bytes())
        document["signed"]["version"] += 1
        path = self.write("targets.json", hand.envelope(document["signed"], []))
        self.good("sign", path, "--key", token.key_uri("targets"), "--root", folder / "root.json")
        self.rk("verify", path, "--root", folder / "root.json").done(0)
        signed = json.loads(path.read_bytes())
        self.assertEqual(path.read_bytes(), hand.envelope(signed["signed"], signed["signatures"]))


class Kept(story.Story):
    """Metadata of a Notary server's, kept since; read from ROOTKEEP_FIXTURES."""

    NOW = "2026-11-24T00:00:00Z"
    GUN = "lab.example/app"

    def setUp(self):
        super().setUp()
        if not FIXTURES or not pathlib.Path(FIXTURES).is_dir():
            story.missing("ROOTKEEP_FIXTURES is not set: other people's metadata is not here")

    def kept(self, name):
        """In a client's layout: the current files, and every root."""
        source, folder = pathlib.Path(FIXTURES) / "notary" / name, self.folder / name
        (folder / "targets").mkdir(parents=True)
        for path in source.glob("*.json"):
            if path.name.endswith("root.json") or not path.name[0].isdigit():
                shutil.copy(path, folder / path.name.replace("targets_", "targets/"))
        return folder

    def test_each_is_verified_from_its_first_root_and_from_its_last(self):
        for name in ("local-ed25519", "rotated"):
            folder = self.kept(name)
            for anchor in ("1.root.json", "root.json"):
                words = ("verify", folder, "--root", folder / anchor)
                self.good(*words, "--gun", self.GUN, now=self.NOW)
                self.rk(*words, "--gun", "lab.example/other", now=self.NOW).refused(3)

    def test_each_is_adopted_as_it_is(self):
        for name in ("local-ed25519", "rotated"):
            folder = self.kept(name)
            self.good("adopt", name, folder, "--root", folder / "1.root.json", "--gun", self.GUN,
                      now=self.NOW)
            for path in folder.rglob("*.json"):
                mine = self.metadata(name) / path.relative_to(folder)
                self.assertEqual(mine.read_bytes(), path.read_bytes(), path.name)
            self.verified(name, now=self.NOW)

    def test_each_is_free_of_traps(self):
        for name in ("local-ed25519", "rotated"):
            self.good("lint", self.kept(name), now=self.NOW)


if __name__ == "__main__":
    story.main()
