"""python-tuf as a client of what rootkeep made, and rootkeep as a client of what it made."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import unicodedata

import peer

if __name__ == "__main__":
    peer.enter_environment()

import cells  # noqa: E402
import story  # noqa: E402
import tuf  # noqa: E402
from securesystemslib.formats import encode_canonical  # noqa: E402
from securesystemslib.signer import SSlibKey  # noqa: E402
from tuf.api.exceptions import DownloadError, RepositoryError  # noqa: E402
from tuf.api.metadata import Metadata  # noqa: E402
from tuf.ngclient import Updater  # noqa: E402


class Peer(story.Story):
    def client(self, url, bootstrap, name="client"):
        folder = self.folder / name
        for part in ("metadata", "targets"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        return Updater(metadata_dir=str(folder / "metadata"), metadata_base_url=url,
                       target_dir=str(folder / "targets"), target_base_url=url + "none/",
                       bootstrap=bootstrap)

    def accepted(self, folder, bootstrap, *targets, name="client"):
        """A client that starts from these bytes comes to the end, and finds these targets."""
        with peer.served(folder) as url:
            client = self.client(url, bootstrap, name)
            client.refresh()
            for target in targets:
                self.assertIsNotNone(client.get_targetinfo(target), target)
        return json.loads((self.folder / name / "metadata" / "root.json").read_bytes())["signed"]

    def key_ids(self, folder):
        """Every key id is what securesystemslib computes; every signed part canonical alike."""
        for path in folder.iterdir():
            raw = path.read_bytes()
            document = json.loads(raw)
            for key_id, key in document["signed"].get("keys", {}).items():
                canonical = encode_canonical(key).encode()
                self.assertEqual(key_id, SSlibKey.from_dict(key_id, dict(key)).keyid)
                self.assertEqual(key_id, hashlib.sha256(canonical).hexdigest())
            self.assertEqual(Metadata.from_bytes(raw).signed_bytes,
                             encode_canonical(document["signed"]).encode())
            out = self.folder / "digest"
            out.unlink(missing_ok=True)
            self.good("digest", path, "--bytes", out)
            self.assertEqual(out.read_bytes(), Metadata.from_bytes(raw).signed_bytes, path.name)


class EachType(Peer):
    """One test for each key type; a cell of docs/compatibility.md each."""

    def judge(self, key_type):
        for role in ("root", "targets"):
            self.key(role, self.token(f"{role}-token"), key_type)
        self.repository()
        self.good("target", "add", "demo", "--name", "dir/x", "--length", "1", "--sha256", "00" * 32)
        self.good("sign", "demo")
        bootstrap = (self.metadata() / "1.root.json").read_bytes()
        self.accepted(self.metadata(), bootstrap, "dir/x")
        for number in (2, 3, 4):
            self.key(f"root-{number}", self.tokens[0], key_type)
            old = "root" if number == 2 else f"root-{number - 1}"
            self.good("role", "set", "demo", "root", "--add-key", f"root-{number}", "--remove-key", old)
            self.good("sign", "demo")
        self.assertEqual(self.accepted(self.metadata(), bootstrap, "dir/x")["version"], 4)
        self.assertEqual(self.accepted(self.metadata(), bootstrap, name="fresh")["version"], 4)
        self.key_ids(self.metadata())
        self.refuses_altered(bootstrap)
        cells.saw(f"python-tuf {tuf.__version__}", "tuf", key_type, cells.ACCEPTS)

    def refuses_altered(self, bootstrap):
        for number, path in enumerate(sorted(self.metadata().iterdir())):
            if path.name == "1.root.json" or not self.is_current(path):
                continue
            folder = self.folder / f"altered-{number}"
            shutil.copytree(self.metadata(), folder)
            document = json.loads(path.read_bytes())
            document["signed"]["expires"] = "2098-01-01T00:00:00Z"
            (folder / path.name).write_text(json.dumps(document))
            with peer.served(folder) as url, self.assertRaises((RepositoryError, DownloadError),
                                                               msg=path.name):
                self.client(url, bootstrap, f"client-{number}").refresh()

    def is_current(self, path):
        return path.name == "timestamp.json" or path.name.endswith(".root.json") or \
            path == self.newest(path.name.split(".")[1])


def add_types():
    for key_type in story.KEY_TYPES:
        def judge(self, key_type=key_type):
            self.judge(key_type)
        setattr(EachType, f"test_a_repository_of_{key_type.replace('-', '_')}_keys", judge)


add_types()


class Thresholds(Peer):
    def test_two_of_three_root_keys_on_three_tokens(self):
        for name in "abc":
            self.key(name, self.token(f"token-{name}"))
        self.repository(roots="abc", targets="a", root_threshold=2)
        self.rk("sign", "demo", pins=self.tokens[:1]).done(5)
        self.good("sign", "demo", pins=self.tokens[:2])
        self.accepted(self.metadata(), (self.metadata() / "1.root.json").read_bytes())


class Canonical(Peer):
    """Generated documents: our canonical bytes are theirs."""

    LETTERS = ("abcXYZ 019._-/:\"\\{}[],äöüßéñΩжשע日本語한글"
               "\U0001f600\U0001d4d0\u00a0\u2028")

    def text(self, dice):
        word = "".join(dice.choice(self.LETTERS) for _ in range(dice.randrange(12)))
        return unicodedata.normalize("NFC", word)

    def value(self, dice, depth):
        kind = dice.randrange(4 if depth == 0 else 6)
        if kind == 0:
            return self.text(dice)
        if kind == 1:
            return dice.choice([0, 1, -1, 2**53 - 1, 1 - 2**53, dice.randrange(10**9)])
        if kind == 2:
            return dice.choice([True, False, None])
        if kind == 3:
            return self.text(dice) * dice.randrange(1, 4)
        count = dice.randrange(6)
        if kind == 4:
            return [self.value(dice, depth - 1) for _ in range(count)]
        return {self.text(dice): self.value(dice, depth - 1) for _ in range(count)}

    def test_equal_bytes_whatever_the_layout_of_the_text(self):
        seed = int(os.environ.get("RK_SEED", "20260101"))
        print(f"RK_SEED={seed}")
        dice = random.Random(seed)
        for number in range(150):
            signed = {"_type": "timestamp", "spec_version": "1.0.31", "version": number + 1,
                      "expires": "2099-01-01T00:00:00Z", "meta": {"snapshot.json": {"version": 1}},
                      "x": {self.text(dice): self.value(dice, 4) for _ in range(5)}}
            layout = dict(indent=dice.choice([None, 0, 3]), ensure_ascii=dice.random() < 0.5)
            path = self.write("file.json", json.dumps({"signatures": [], "signed": signed}, **layout))
            out = self.folder / f"bytes-{number}"
            self.good("digest", path, "--bytes", out)
            self.assertEqual(out.read_bytes(), encode_canonical(signed).encode(), f"document {number}")


class Reverse(Peer):
    """What python-tuf and HSMSigner made is verified, adopted and gone on with."""

    def setUp(self):
        super().setUp()
        self.mixed = self.token("mixed")
        for number in (2, 3, 4):
            self.pkcs11(self.mixed, "--keypairgen", "--key-type", "EC:prime256v1", "--label", f"k{number}",
                        "--id", f"{number:02x}")
        self.theirs = self.folder / "theirs"
        words = [sys.executable, "-B", peer.HERE / "hsm_repository.py", self.theirs, "mixed",
                 self.mixed.pin_file, "2", "3", "4"]
        subprocess.run(words, check=True, env={**self.env, "PYKCS11LIB": story.MODULE}, timeout=300)
        self.anchor = self.theirs / "1.root.json"

    def test_rootkeep_verifies_it_as_a_client(self):
        self.accepted(self.theirs, self.anchor.read_bytes(), "a.txt")
        self.good("verify", self.theirs, "--root", self.anchor)
        self.good("verify", self.theirs / "2.root.json", "--root", self.anchor)

    def test_rootkeep_refuses_what_was_altered(self):
        for name in ("2.root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"):
            folder = self.folder / f"altered-{name}"
            shutil.copytree(self.theirs, folder)
            document = json.loads((folder / name).read_bytes())
            document["signed"]["expires"] = "2098-01-01T00:00:00Z"
            (folder / name).write_text(json.dumps(document))
            self.rk("verify", folder, "--root", self.anchor).refused(3)

    def test_adopted_and_gone_on_with_under_the_same_keys(self):
        for number in (2, 4):
            self.good("key", "enrol", f"k{number}", self.mixed.key_uri(f"k{number}"))
        self.good("adopt", "demo", self.theirs, "--root", self.anchor)
        for path in self.theirs.iterdir():
            self.assertEqual((self.metadata() / path.name).read_bytes(), path.read_bytes(), path.name)
        self.verified()
        self.good("target", "add", "demo", "--name", "b", "--length", "1", "--sha256", "00" * 32)
        self.good("sign", "demo")
        self.accepted(self.metadata(), self.anchor.read_bytes(), "a.txt", "b")

    def test_not_adopted_from_a_root_that_did_not_start_it(self):
        self.good("key", "enrol", "k2", self.mixed.key_uri("k2"))
        other = json.loads(self.anchor.read_bytes())
        other["signed"]["expires"] = "2098-01-01T00:00:00Z"
        self.refuses(3, "adopt", "demo", self.theirs, "--root", self.write("other.json", other))

    def test_their_metadata_api_takes_a_signature_of_ours(self):
        path = self.folder / "1.targets.json"
        document = Metadata.from_file(str(self.theirs / "1.targets.json"))
        document.signed.version = 2
        document.signatures.clear()
        document.to_file(str(path))
        self.good("sign", path, "--key", self.mixed.key_uri("k2"), "--root", self.anchor)
        root = Metadata.from_file(str(self.anchor))
        root.signed.verify_delegate("targets", document.signed_bytes,
                                    Metadata.from_file(str(path)).signatures)


if __name__ == "__main__":
    story.main()
