"""`inspect` of what a server hands out, beside `docker trust inspect` of that server, byte for byte.

The repositories are made by hand: signers with and without files, several keys and kinds of keys,
tags that are listed in one role or in several, with one digest or two.
"""
import subprocess

import notary_hand as hand
import notary_story
import story
import test_notary_docker

DIGESTS = [letter * 64 for letter in "abcdef"]


def tag(digest):
    return {"hashes": {"sha256": hand.base64.b64encode(bytes.fromhex(digest)).decode()}, "length": 523}


def tags(**listed):
    return {name.replace("_", "."): tag(digest) for name, digest in listed.items()}


class Inspect(notary_story.NotaryStory):
    LAB = {"tls": True}

    def setUp(self):
        super().setUp()
        self.docker = test_notary_docker.docker_path()
        self.gun = f"127.0.0.1:{self.lab.port}/{self.gun}"
        self.config = self.folder / "docker"
        ca = self.config / "tls" / f"127.0.0.1:{self.lab.port}" / "ca.crt"
        ca.parent.mkdir(parents=True)
        ca.write_bytes(self.lab.tls.ca.read_bytes())
        self.hand = hand.Hand(self.folder / "hand", self.gun)
        self.signers = {}
        self.version = 0

    def inspected(self, *words):
        env = {"PATH": self.env["PATH"], "HOME": str(self.folder), "DOCKER_CONFIG": str(self.config),
               "DOCKER_CONTENT_TRUST_SERVER": self.lab.url}
        done = subprocess.run([self.docker, "trust", "inspect", *words], env=env, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def signer(self, name, certificate=False):
        key = hand.Key(self.folder / f"{name}.key", f"{name}-cert" if certificate else None)
        self.signers[key.id] = key
        return key

    @staticmethod
    def role(name, *keys, threshold=1, paths=("",)):
        return {"keyids": [key.id for key in keys], "name": name, "paths": list(paths),
                "threshold": threshold}

    def delegation(self, *keys, **more):
        """A delegated file by these keys."""
        signed = self.hand.signed_targets(**more)
        return hand.envelope(signed, [key.signature(story.canonical(signed).encode()) for key in keys])

    def publish(self, targets=None, roles=(), files=None):
        self.version += 1
        keys = {key.id: key.entry for key in self.signers.values()}
        if self.version == 1:
            self.hand.repository(self.lab, targets=targets or {}, keys=keys, roles=list(roles))
        else:
            signed = self.hand.signed_targets(self.version, targets, keys, roles)
            self.push_files({"targets": self.hand.file("targets", signed)})
        if files:
            self.push_files(files)

    def push_files(self, files):
        status, body = self.lab.publish(self.gun, files)
        self.assertEqual(status, 200, body)

    def same_for_all(self, *some):
        """All of it, and these tags, from what a client has pulled."""
        pulled = self.pull(self.folder / f"pulled-{self.version}")
        self.good("adopt", self.gun, pulled, "--root", pulled / "1.root.json", "--yes")
        for suffix in ("", *(f":{name}" for name in some)):
            name = self.gun + suffix
            self.assertEqual(self.good("inspect", name).out, self.inspected(name))
            self.assertEqual(self.good("inspect", "--pretty", name).out,
                             self.inspected("--pretty", name))
            folder = self.good("inspect", pulled).out
            self.assertEqual(folder.replace(f'"{pulled}"', f'"{self.gun}"'), self.inspected(self.gun))

    def test_no_tag(self):
        self.publish()
        self.same_for_all("latest")

    def test_tags_are_in_natural_order(self):
        listed = dict.fromkeys(("v1.10", "v1.9", "v1.09", "v1.009", "1", "02", "2", "latest", "a-b", "a",
                                "v", "v1", "v1.10-rc1", "v1.10rc1", "a_b", "Z"), tag(DIGESTS[0]))
        self.publish(listed)
        self.same_for_all("v1.9", "v1.09", "none")

    def test_several_keys(self):
        alice, certified, bob = self.signer("alice"), self.signer("alice2", True), self.signer("bob")
        releases = self.role("targets/releases", alice, certified, bob)
        named = [self.role("targets/bob", bob), self.role("targets/alice", certified, alice),
                 self.role("targets/signer-10", bob), self.role("targets/signer-9", alice),
                 self.role("targets/a-very-long-name-of-a-signer", bob)]
        mine = tags(v1_0=DIGESTS[0], v1_1=DIGESTS[1])
        self.publish(tags(v0_9=DIGESTS[2]), [*named, releases], {
            "targets/releases": self.delegation(bob, targets=mine),
            "targets/alice": self.delegation(certified, targets=mine),
            "targets/bob": self.delegation(bob, targets=tags(v1_0=DIGESTS[0], v1_1=DIGESTS[3])),
        })
        self.same_for_all("v1.0", "v1.1", "v0.9")

    def test_one_tag_with_two_digests(self):
        alice = self.signer("alice")
        self.publish(tags(v1=DIGESTS[0], old=DIGESTS[4]),
                     [self.role("targets/releases", alice), self.role("targets/alice", alice)], {
                         "targets/releases": self.delegation(alice, targets=tags(v1=DIGESTS[0])),
                         "targets/alice": self.delegation(alice, targets=tags(v1=DIGESTS[1], x=DIGESTS[2]))})
        self.same_for_all("v1", "x", "old")

    def test_paths_say_who_may_list_a_tag(self):
        alice, bob = self.signer("alice"), self.signer("bob")
        mine = tags(v1=DIGESTS[0], w1=DIGESTS[0])
        inner = self.role("targets/alice/inner", bob, paths=("v", "w"))
        keys = {bob.id: bob.entry}
        self.publish(mine, [self.role("targets/alice", alice, paths=("v",)),
                            self.role("targets/bob", bob, paths=("w1", "x"))], {
            "targets/alice": self.delegation(alice, targets=mine, keys=keys, roles=[inner]),
            "targets/bob": self.delegation(bob, targets=mine)})
        self.push_files({"targets/alice/inner": self.delegation(bob, targets=mine)})
        self.same_for_all("v1", "w1")

    def test_a_role_without_keys(self):
        alice = self.signer("alice")
        none = {"keyids": None, "name": "targets/none", "paths": [""], "threshold": 1}
        self.publish(tags(v1=DIGESTS[0]), [none, self.role("targets/alice", alice)])
        self.same_for_all()


if __name__ == "__main__":
    story.main()
