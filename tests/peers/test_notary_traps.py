"""What Notary's server takes with 200 and no client can read: lint finds it, sign does not make it.

Each trap is a file of a hand-made repository that works, changed in one way, and published: the
server says 200, and what it hands out afterwards is refused by every client.
"""
import copy
import json
import pathlib
import subprocess
import shutil
import string
import tempfile

import peer

import notary_hand as hand
import notary_lab
import story

GUN = "lab.example/traps"
NAME = 'dir/a<b>&"q\\ä'
EMPTY = {"keys": {}, "roles": []}


def again(file, **layout):
    return json.dumps(json.loads(file), ensure_ascii=False, **layout).encode()


# What is done to the file's bytes; every signature in it stays good.
BYTES = {
    "pretty-printed": lambda file: again(file, indent=1),
    "blanks between members": again,
    "a newline at the end": lambda file: file + b"\n",
    "signatures before signed": lambda file: again(
        json.dumps(dict(reversed(json.loads(file).items()))), separators=(",", ":")),
    "a method in capitals": lambda file: file.replace(b'"method":"ecdsa"', b'"method":"ECDSA"'),
    "a member beside signed": lambda file: file[:-1] + b',"note":1}',
    "a member in a signature": lambda file: file.replace(b'"method":', b'"more":1,"method":'),
    "a line break in base64": lambda file: file.replace(b'"sig":"', b'"sig":"\\n'),
    "a member twice": lambda file: file.replace(b'{"keyid":', b'{"method":"rsapss","keyid":'),
    "a name in capitals": lambda file: file.replace(b'"keyid":', b'"KeyID":'),
    "members out of order": lambda file: file.replace(b'"keyid":', b'"zkeyid":').replace(
        b'{"zkeyid":', b'{"method":"ecdsa","keyid":').replace(b',"method":"ecdsa","sig"', b',"sig"'),
}
ROOT_BYTES = {}
# The same, of names that only targets hold.
TARGETS_BYTES = {
    "< as itself": lambda file: file.replace(b"\\u003c", b"<"),
    "> as itself": lambda file: file.replace(b"\\u003e", b">"),
    "& as itself": lambda file: file.replace(b"\\u0026", b"&"),
    "capitals in an escape": lambda file: file.replace(b"\\u003c", b"\\u003C"),
    "an escape that is not needed": lambda file: file.replace("ä".encode(), b"\\u00e4"),
    "an escaped slash": lambda file: file.replace(b"dir/", b"dir\\/"),
}


def without(member):
    return lambda signed: signed.pop(member)


def with_member(**members):
    return lambda signed: signed.update(members)


def one_role(**members):
    """A delegation, alice's, that is good but for these members."""
    def change(signed):
        key = hand.Key(pathlib.Path(signed.pop("folder")) / "alice.key")
        role = {"keyids": [key.id], "name": "targets/alice", "paths": [""], "threshold": 1, **members}
        signed["delegations"] = {"keys": {key.id: key.entry}, "roles": [role]}
    return change


def keys(change):
    def of(signed):
        for key in signed["keys"].values():
            change(key)
    return of


def target(**members):
    return lambda signed: signed["targets"][NAME].update(members)


def spare_bits(signed):
    hashes = signed["targets"][NAME]["hashes"]
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    last = alphabet[alphabet.index(hashes["sha256"][-2]) + 1]
    hashes["sha256"] = hashes["sha256"][:-2] + last + "="


def tail(time):
    return lambda signed: signed.update(expires=signed["expires"].replace("Z", time))


# What is done to `signed`, which is then signed.
SIGNED = {
    "spec_version": with_member(spec_version="1.0.31"),
    "a member of nobody's": with_member(x_note="ours"),
    "a fraction of a second that ends in 0": tail(".100Z"),
    "a fraction of nothing": tail(".0Z"),
    "UTC as an offset": tail("+00:00"),
}
ROOT_SIGNED = {
    "no consistent_snapshot": without("consistent_snapshot"),
    "a scheme": keys(lambda key: key.update(scheme="ecdsa")),
    "no private": keys(lambda key: key["keyval"].pop("private")),
}
TARGETS_SIGNED = {
    "no delegations": without("delegations"),
    "delegations of null": with_member(delegations={"keys": None, "roles": None}),
    "an empty list of paths": one_role(paths=[]),
    "paths of null": one_role(paths=None),
    "custom of null": target(custom=None),
    "a member in a target": target(note=1),
    "bits that base64 does not use": spare_bits,
    "terminating": one_role(terminating=True),
    "hash prefixes": one_role(path_hash_prefixes=["00"]),
}


class Trap(story.Story):
    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="rootkeep-lab-", dir="/var/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.base, ignore_errors=True)
        cls.lab = cls.enterClassContext(notary_lab.Lab(cls.base / "lab"))
        cls.hand = hand.Hand(cls.base / "hand", GUN)

    def setUp(self):
        super().setUp()
        self.assertEqual(self.lab.delete(GUN), 200)
        self.start = {"root": self.hand.signed_root(self.lab),
                      "targets": self.hand.signed_targets(targets={NAME: hand.target()})}
        self.files = {role: self.hand.file(role, signed) for role, signed in self.start.items()}
        self.publish(self.files)
        self.assertEqual(list(self.client("first").targets(GUN)), [NAME])

    def client(self, name):
        return notary_lab.Client(self.lab, self.folder / name)

    def publish(self, files):
        status, body = self.lab.publish(GUN, files)
        self.assertEqual(status, 200, body)

    def next_signed(self, role):
        return {**copy.deepcopy(self.start[role]), "version": 2}

    def folder_of(self, role, file):
        """A folder as a client has it, with this file in it."""
        folder = self.folder / "published"
        folder.mkdir()
        for name, data in {**self.files, role: file}.items():
            (folder / f"{name}.json").write_bytes(data)
        return folder

    def works(self, role):
        """The change without the trap is no trap: it is published and read."""
        file = self.hand.file(role, self.next_signed(role))
        folder = self.folder_of(role, file)
        self.good("lint", folder)
        self.good("lint", folder / f"{role}.json")
        self.publish({role: file})
        self.assertEqual(self.lab.seen(GUN)[role], file)
        self.assertEqual(list(self.client("after").targets(GUN)), [NAME])

    def bricks(self, role, file):
        self.publish({role: file})
        with self.assertRaises(KeyError):
            self.lab.seen(GUN)
        for name in ("first", "fresh"):
            said = self.client(name).run("list", GUN)
            self.assertNotEqual(said.status, 0, f"{name}: {said}")

    def found(self, role, file):
        """lint names the clients that choke on it, alone and in its folder."""
        folder = self.folder_of(role, file)
        for what in (folder, folder / f"{role}.json"):
            said = self.rk("lint", what).done(3)
            self.assertTrue("notary" in said.out or "member-twice" in said.out, str(said))


class Traps(Trap):
    def test_a_root_without_a_trap(self):
        self.works("root")

    def test_targets_without_a_trap(self):
        self.works("targets")


class Signing(Trap):
    """Whatever sign is given, what it gives is read by everybody; or it refuses, and writes nothing."""

    def setUp(self):
        super().setUp()
        story.need("softhsm2-util")
        self.holder = self.token("holder")
        for number, (role, key) in enumerate((("root", self.hand.root_key), ("targets", self.hand.targets_key)), 1):
            subprocess.run(["softhsm2-util", "--import", key.path, "--token", "holder", "--pin",
                            self.holder.pin, "--label", role, "--id", f"{number:02x}"], env=self.env,
                           check=True, capture_output=True, timeout=60)

    def judge(self, role, file):
        path = self.write(f"{role}.json", file)
        root = self.write("anchor.json", self.files["root"])
        result = self.rk("sign", path, "--key", self.holder.key_uri(role), "--root", root)
        if result.status:
            self.assertIn(result.status, (1, 2, 3), str(result))
            self.assertEqual(path.read_bytes(), file)
            return False
        self.publish({role: path.read_bytes()})
        self.assertEqual(self.lab.seen(GUN)[role], path.read_bytes())
        return True

    def test_a_file_without_a_trap_is_signed(self):
        for role in ("root", "targets"):
            self.assertTrue(self.judge(role, self.hand.file(role, self.next_signed(role))))

    def each(self, role):
        for name, make in every(role):
            with self.subTest(name):
                self.lab.delete(GUN)
                self.hand_again()
                self.judge(role, make(self))

    def hand_again(self):
        """A first version, as setUp makes it, for another round."""
        self.start["root"] = self.hand.signed_root(self.lab)
        self.files["root"] = self.hand.file("root", self.start["root"])
        self.publish(self.files)

    def test_targets_with_a_trap(self):
        self.each("targets")

    def test_a_root_with_a_trap(self):
        self.each("root")


def add(role, name, make):
    def test(self):
        file = make(self)
        self.found(role, file)
        self.bricks(role, file)
    test.__doc__ = f"{role}: {name}"
    setattr(Traps, f"test_{role}_{len(vars(Traps))}", test)


def by_bytes(role, change):
    def make(self):
        good = self.hand.file(role, self.next_signed(role))
        file = change(good)
        self.assertNotEqual(file, good)
        return file
    return make


def by_signed(role, change):
    def make(self):
        signed = self.next_signed(role)
        if role == "targets":
            signed["folder"] = str(self.folder)
        change(signed)
        signed.pop("folder", None)
        return self.hand.file(role, signed)
    return make


def every(role):
    """Each trap of a role: its name, and what makes the file."""
    own = (ROOT_BYTES, ROOT_SIGNED) if role == "root" else (TARGETS_BYTES, TARGETS_SIGNED)
    for name, change in {**BYTES, **own[0]}.items():
        yield name, by_bytes(role, change)
    for name, change in {**SIGNED, **own[1]}.items():
        yield name, by_signed(role, change)


for one_of in ("root", "targets"):
    for title, maker in every(one_of):
        add(one_of, title, maker)

if __name__ == "__main__":
    story.main()
