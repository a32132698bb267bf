"""Metadata that others publish, walked by the shipped program. Read from ROOTKEEP_FIXTURES."""
import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "stories"))

import story  # noqa: E402

FIXTURES = os.environ.get("ROOTKEEP_FIXTURES")
SIGSTORE_NOW = "2023-03-01T00:00:00Z"
NOTARY_NOW = "2026-11-25T00:00:00Z"


class Chains(story.Story):
    def setUp(self):
        super().setUp()
        if not FIXTURES or not pathlib.Path(FIXTURES).is_dir():
            story.missing("ROOTKEEP_FIXTURES is not set: other people's metadata is not here")
        self.roots = pathlib.Path(FIXTURES) / "sigstore"

    def verify(self, new, old, now=SIGSTORE_NOW, **options):
        return self.rk("verify", new, "--root", old, now=now, **options)

    def test_every_root_of_sigstore_follows_the_one_before(self):
        for number in range(1, 8):
            new = self.roots / f"{number + 1}.root.json"
            day = json.loads(new.read_text())["signed"]["expires"][:10]
            result = self.verify(new, self.roots / f"{number}.root.json", now=f"{day}T00:00:00Z")
            self.assertEqual(result.status, 0, str(result))

    def test_no_root_of_sigstore_can_be_left_out(self):
        self.verify(self.roots / "4.root.json", self.roots / "2.root.json").refused(3, "cannot follow")

    def test_an_altered_root_of_sigstore_is_refused(self):
        text = (self.roots / "8.root.json").read_text()
        document = json.loads(text)
        document["signed"]["roles"]["targets"]["threshold"] += 1
        altered = self.write("8.root.json", document)
        self.verify(altered, self.roots / "7.root.json").refused(3)

    def test_the_chain_of_sigstore_is_walked_to_its_last_root(self):
        folder = self.folder / "sigstore"
        shutil.copytree(self.roots, folder)
        result = self.rk("verify", folder, "--root", self.roots / "1.root.json", "--json",
                         now=SIGSTORE_NOW)
        # Only roots are held here: a client stops at the timestamp that is not there.
        self.assertEqual(result.status, 3, str(result))
        self.assertIn("timestamp", result.out)

    def test_the_root_of_docker_is_its_own(self):
        root = pathlib.Path(FIXTURES) / "docker-tuf" / "1.root.json"
        now = json.loads(root.read_text())["signed"]["expires"][:4]
        result = self.rk("verify", root, "--root", root, now=f"{int(now) - 1}-06-01T00:00:00Z")
        self.assertEqual(result.status, 0, str(result))
        self.assertRegex(result.out, r"[3-9] of 3")

    def notary(self, name):
        """A folder of what a server published: its copy has '_' where files lie in folders."""
        folder = self.folder / name
        shutil.copytree(pathlib.Path(FIXTURES) / "notary" / name, folder)
        for key in folder.glob("*.key"):
            key.unlink()
        (folder / "targets").mkdir()
        for path in folder.glob("*targets_releases.json"):
            number = path.name.partition("targets_")[0]
            path.rename(folder / "targets" / "releases.json" if not number
                        else folder / f"{number}releases.json.old")
        return folder

    def test_what_notarys_server_published_is_verified(self):
        for name, roots in (("local-ed25519", 1), ("rotated", 5)):
            folder = self.notary(name)
            result = self.rk("verify", folder, "--root", folder / "1.root.json", "--gun",
                             "lab.example/app", "--json", now=NOTARY_NOW)
            self.assertEqual(result.status, 0, str(result))
            self.assertIn("targets/releases", result.out)
            versions = {role["role"]: role["version"] for role in json.loads(result.out)["roles"]}
            self.assertEqual(versions["root"], roots, str(result))

    def test_another_name_or_another_day_is_refused(self):
        folder = self.notary("rotated")
        command = ("verify", folder, "--root", folder / "1.root.json", "--gun")
        self.rk(*command, "lab.example/other", now=NOTARY_NOW).refused(3, "lab.example/other")
        self.rk(*command, "lab.example/app", now="2037-01-01T00:00:00Z").refused(3, "expired")


if __name__ == "__main__":
    story.main()
