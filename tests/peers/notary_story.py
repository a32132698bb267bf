"""A story of repositories in Notary's dialect: a lab for the class, and the way there and back."""
import json
import pathlib
import re
import shutil
import tempfile
import urllib.parse

import peer  # noqa: F401

import notary_lab
import story


class NotaryStory(story.Story):
    LAB = {}  # what the lab is started with

    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="rootkeep-lab-", dir="/var/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.base, ignore_errors=True)
        cls.lab = cls.enterClassContext(notary_lab.Lab(cls.base / "lab", **cls.LAB))

    def setUp(self):
        super().setUp()
        name = re.sub("[^a-z0-9]+", "-", self._testMethodName.lower())
        self.gun = f"lab.example/{name[:40].strip('-')}"

    def client(self, name, server=None):
        return notary_lab.Client(server or self.lab, self.folder / name)

    # A keep's repository

    def metadata(self, name=None, part="metadata"):
        quoted = urllib.parse.quote(name or self.gun, safe="-._")
        return self.keep / "repos" / quoted / part

    def server_keys(self):
        """init's options with the keys that this server gives for the GUN."""
        words = []
        for role in ("snapshot", "timestamp"):
            words += [f"--{role}", self.write(f"{role}.key.json", self.lab.key(self.gun, role))]
        return words

    def notary_repository(self, roots=("root",), targets=("targets",), *words, **options):
        """init, by default with the server's keys; words and options are init's."""
        named = [part for option, value in options.items()
                 for part in (f"--{option.replace('_', '-')}", value)]
        return self.good("init", self.gun, "--dialect", "notary", "--root", ",".join(roots),
                         "--targets", ",".join(targets), *(words or self.server_keys()), *named)

    def add(self, name, content, **options):
        path = self.write(f"content/{name}", content)
        return self.good("target", "add", self.gun, path, "--base", self.folder / "content", **options)

    # The server

    def ours(self):
        """The current files of the keep's repository: role -> bytes."""
        folder = self.metadata()
        return {str(path.relative_to(folder))[:-len(".json")]: path.read_bytes()
                for path in folder.rglob("*.json") if not path.name[0].isdigit()}

    def push(self):
        """Publish what is new. The server's copies, and what it makes of them, are our bytes."""
        ours = self.ours()
        new = {role: data for role, data in ours.items()
               if self.lab.get(self.gun, f"{role}.json") != (200, data)}
        status, body = self.lab.publish(self.gun, new)
        self.assertEqual(status, 200, body)
        seen = self.lab.seen(self.gun)
        for role, data in ours.items():
            self.assertEqual(seen[role], data, f"the server has {role} otherwise")
        return new

    def pull(self, folder, gun=None):
        """What the server has, in a folder, as a keep or another client would have it."""
        gun = gun or self.gun
        seen = self.lab.seen(gun)
        for role, data in seen.items():
            path = folder / f"{role}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for number in range(1, json.loads(seen["root"])["signed"]["version"] + 1):
            status, data = self.lab.get(gun, f"{number}.root.json")
            if status == 200:
                (folder / f"{number}.root.json").write_bytes(data)
        return folder

    def listed(self, client, **content):
        """The client lists just these, and takes their content and no other."""
        self.assertEqual(set(client.targets(self.gun)), set(content))
        for name, data in content.items():
            self.assertEqual(client.good("verify", self.gun, name, stdin=data).out, data.decode())
            self.assertNotEqual(client.run("verify", self.gun, name, stdin=data + b"!").status, 0)
