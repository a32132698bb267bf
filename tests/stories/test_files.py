"""Any TUF file, no keep needed: sign, verify, digest."""
import copy
import hashlib
import json
import subprocess

import story

EXPIRES = "2099-01-01T00:00:00Z"


class Files(story.Story):
    def setUp(self):
        super().setUp()
        self.outside = self.folder / "nokeep"
        self.outside.mkdir(mode=0o700)
        self.alice = self.token("alice")
        for name, key_id in (("k", "01"), ("other", "02")):
            self.pkcs11(self.alice, "--keypairgen", "--key-type", "EC:prime256v1", "--label", name,
                        "--id", key_id)
        self.uri = self.alice.key_uri("k")

    def rk(self, *arguments, **options):
        return super().rk(*arguments, cwd=options.pop("cwd", self.outside), **options)

    def public(self, label):
        """The key object, made by other programs."""
        story.need("openssl")
        der = self.folder / f"{label}.der"
        self.pkcs11(self.alice, "--read-object", "--type", "pubkey", "--label", label, "-o", der)
        pem = subprocess.run(["openssl", "pkey", "-pubin", "-inform", "DER", "-in", der], check=True,
                             capture_output=True, text=True).stdout
        return {"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": pem}}

    def root(self, *labels, version=1, threshold=1, **more):
        keys = {}
        for label in labels:
            key = self.public(label)
            keys[hashlib.sha256(story.canonical(key).encode()).hexdigest()] = key
        role = {"keyids": sorted(keys), "threshold": threshold}
        signed = {"_type": "root", "spec_version": "1.0.31", "version": version, "expires": EXPIRES,
                  "consistent_snapshot": True, "keys": keys,
                  "roles": {name: copy.deepcopy(role)
                            for name in ("root", "targets", "snapshot", "timestamp")}, **more}
        return {"signed": signed, "signatures": []}

    def file(self, document, name="root.json"):
        path = self.outside / name
        path.write_text(json.dumps(document, indent=1))
        return path

    def sign_elsewhere(self, data, key_id="01"):
        """pkcs11-tool's DER signature over the digest of some bytes; it finds private keys by id."""
        digest = self.write("digest", hashlib.sha256(data).digest())
        out = self.folder / "signature"
        self.pkcs11(self.alice, "--sign", "--mechanism", "ECDSA", "--signature-format", "openssl",
                    "--id", key_id, "--input-file", digest, "--output-file", out)
        return out.read_bytes().hex()

    def key_id(self, document, number=0):
        return document["signed"]["roles"]["root"]["keyids"][number]


class Sign(Files):
    def test_a_signature_is_added_and_openssl_agrees(self):
        document = self.root("k")
        path = self.file(document)
        self.good("sign", path, "--key", self.uri)
        signed = json.loads(path.read_bytes())
        self.assertEqual(signed["signed"], document["signed"])
        self.assertEqual([one["keyid"] for one in signed["signatures"]], [self.key_id(document)])
        signature = self.write("sig", bytes.fromhex(signed["signatures"][0]["sig"]))
        pem = self.write("pub.pem", self.public("k")["keyval"]["public"])
        subprocess.run(["openssl", "dgst", "-sha256", "-verify", pem, "-signature", signature],
                       input=story.canonical(document["signed"]).encode(), check=True,
                       capture_output=True)

    def test_no_keep_is_made_and_nothing_lies_beside_the_file(self):
        path = self.file(self.root("k"))
        self.good("sign", path, "--key", self.uri)
        self.assertEqual([entry.name for entry in self.outside.iterdir()], ["root.json"])

    def test_only_the_signatures_change_in_the_text(self):
        path = self.file(self.root("k", custom={"kept": ["as", "it", "was"]}))
        before = path.read_text()
        self.good("sign", path, "--key", self.uri)
        payload = before[before.index('"signed"'):before.index(' "signatures"')]
        self.assertIn(payload.rstrip().rstrip(","), path.read_text())

    def test_signing_again_replaces_and_another_key_adds(self):
        document = self.root("k", "other", threshold=2)
        path = self.file(document)
        for uri in (self.uri, self.uri, self.alice.key_uri("other")):
            self.good("sign", path, "--key", uri)
        ids = [one["keyid"] for one in json.loads(path.read_bytes())["signatures"]]
        self.assertEqual(sorted(ids), sorted(document["signed"]["roles"]["root"]["keyids"]))
        self.good("verify", path, "--root", path)

    def test_a_key_that_the_file_does_not_name_needs_an_id(self):
        path = self.file(self.root("k"))
        with self.unchanged(self.outside):
            self.rk("sign", path, "--key", self.alice.key_uri("other")).refused(2, "--keyid")
        self.good("sign", path, "--key", self.alice.key_uri("other"), "--keyid", "ab" * 32)
        self.assertEqual(json.loads(path.read_bytes())["signatures"][0]["keyid"], "ab" * 32)

    def test_the_id_of_a_targets_file_comes_from_its_root(self):
        root = self.root("k")
        trusted = self.file(root)
        self.good("sign", trusted, "--key", self.uri)
        path = self.file({"signed": {"_type": "targets", "spec_version": "1.0.31", "version": 1,
                                     "expires": EXPIRES, "targets": {}}, "signatures": []},
                         "targets.json")
        self.good("sign", path, "--key", self.uri, "--root", trusted)
        self.good("verify", path, "--root", trusted).says(self.key_id(root)[:8])
        self.good("verify", path, "--root", trusted, "--json")

    def test_a_key_by_its_name_where_a_keep_is_around(self):
        document = self.root("k", "other", threshold=2)
        path = self.file(document)
        self.rk("sign", path, "--key", "mine").refused(2, "mine", "pkcs11:")
        self.good("key", "enrol", "mine", self.uri, cwd=self.keep)
        self.good("sign", path, "--key", "mine", "--key", self.alice.key_uri("other"), cwd=self.keep)
        self.good("verify", path, "--root", path)

    def test_an_id_that_is_not_the_keys_is_refused(self):
        path = self.file(self.root("k"))
        with self.unchanged(self.outside):
            self.rk("sign", path, "--key", self.uri, "--keyid", "ab" * 32).refused(2, "--keyid")
            self.rk("sign", path, "--key", self.uri, "--keyid", "not-hex").refused(2)
            self.rk("sign", path).refused(2, "--key")
        self.good("sign", path, "--key", self.uri, "--json")

    def test_every_type_of_key_signs_and_counts(self):
        for key_type in story.KEY_TYPES:
            with self.subTest(key_type):
                self.good("key", "generate", key_type, "--token", self.alice.uri, "--type", key_type,
                          cwd=self.keep)
                key = json.loads(self.good("key", "show", key_type, "--format", "tuf", cwd=self.keep).out)
                document = self.root("k")
                key_id = hashlib.sha256(story.canonical(key).encode()).hexdigest()
                document["signed"]["keys"][key_id] = key
                document["signed"]["roles"]["root"]["keyids"] = [key_id]
                path = self.file(document)
                self.good("sign", path, "--key", self.alice.key_uri(key_type))
                self.good("verify", path, "--root", path)
                shown = self.good("digest", path, "--key", key_type, "--json", cwd=self.keep).json
                data = story.canonical(document["signed"]).encode()
                exact = hashlib.new(shown["key"]["hash"], data).hexdigest() \
                    if shown["key"]["hash"] else data.hex()
                self.assertEqual(shown["key"]["input"], exact)

    def test_a_dry_run_signs_nothing(self):
        path = self.file(self.root("k"))
        with self.unchanged(self.outside):
            self.good("sign", path, "--key", self.uri, "--dry-run")


class Verify(Files):
    def test_too_few_signatures_are_3_and_name_who_signed(self):
        path = self.file(self.root("k", "other", threshold=2))
        self.good("sign", path, "--key", self.uri)
        self.rk("verify", path, "--root", path).refused(3, "1 of 2")

    def test_the_same_key_under_two_ids_counts_once(self):
        document = self.root("k")
        key = dict(self.public("k"), twin="yes")
        twin = hashlib.sha256(story.canonical(key).encode()).hexdigest()
        document["signed"]["keys"][twin] = key
        document["signed"]["roles"]["root"] = {"keyids": [self.key_id(document), twin], "threshold": 2}
        data = story.canonical(document["signed"]).encode()
        document["signatures"] = [{"keyid": keyid, "sig": self.sign_elsewhere(data)}
                                  for keyid in document["signed"]["roles"]["root"]["keyids"]]
        self.rk("verify", self.file(document), "--root", self.file(document, "same.json")).refused(3)

    def test_a_root_signed_only_by_its_new_keys_is_not_trusted(self):
        old = self.file(self.root("k"), "1.root.json")
        self.good("sign", old, "--key", self.uri)
        new = self.file(self.root("other", version=2), "2.root.json")
        self.good("sign", new, "--key", self.alice.key_uri("other"))
        self.rk("verify", new, "--root", old).refused(3)
        self.good("sign", new, "--key", self.uri, "--root", old)
        self.good("verify", new, "--root", old)

    def test_a_root_two_versions_on_is_not_trusted(self):
        old = self.file(self.root("k"), "1.root.json")
        new = self.file(self.root("k", version=3), "3.root.json")
        for path in (old, new):
            self.good("sign", path, "--key", self.uri)
        self.rk("verify", new, "--root", old).refused(3)

    def test_a_delegation_is_judged_by_its_delegator(self):
        key = self.public("other")
        key_id = hashlib.sha256(story.canonical(key).encode()).hexdigest()
        role = {"name": "alice", "keyids": [key_id], "threshold": 1, "terminating": False,
                "paths": ["alice/*"]}
        targets = {"_type": "targets", "spec_version": "1.0.31", "version": 1, "expires": EXPIRES,
                   "targets": {}}
        by = self.file({"signed": {**targets, "delegations": {"keys": {key_id: key}, "roles": [role]}},
                        "signatures": []}, "targets.json")
        path = self.file({"signed": targets, "signatures": []}, "alice.json")
        self.good("sign", path, "--key", self.alice.key_uri("other"), "--by", by)
        self.good("verify", path, "--by", by, "--role", "alice")
        self.rk("verify", path, "--by", by, "--role", "bob").refused(2)


class Digest(Files):
    def test_hex_words_and_bytes_of_the_canonical_form(self):
        document = self.root("k", custom={"z": 1, "a": ["ü", {"b": None, "a": True}], "": "\"\\"})
        path = self.file(document)
        out = self.outside / "bytes"
        shown = self.good("digest", path, "--bytes", out)
        data = story.canonical(document["signed"]).encode()
        self.assertEqual(out.read_bytes(), data)
        shown.says(hashlib.sha256(data).hexdigest())
        self.good("digest", path, "--json")

    def test_pkcs11_tool_signs_by_hand_and_rootkeep_believes_it(self):
        document = self.root("k")
        path = self.file(document)
        out = self.outside / "bytes"
        self.good("digest", path, "--bytes", out)
        document["signatures"] = [{"keyid": self.key_id(document),
                                   "sig": self.sign_elsewhere(out.read_bytes())}]
        self.good("verify", self.file(document), "--root", self.file(document, "same.json"))
        document["signed"]["version"] = 2
        self.rk("verify", self.file(document), "--root", self.file(document, "same.json")).refused(3)

    def test_an_output_that_is_there_is_not_overwritten(self):
        path = self.file(self.root("k"))
        out = self.outside / "bytes"
        out.write_text("mine")
        self.rk("digest", path, "--bytes", out).refused(2)
        self.assertEqual(out.read_text(), "mine")

    def test_the_input_of_a_key_by_uri_and_by_file(self):
        document = self.root("k")
        path = self.file(document)
        wanted = hashlib.sha256(story.canonical(document["signed"]).encode()).hexdigest()
        pem = self.write("pub.pem", self.public("k")["keyval"]["public"])
        for key in (self.uri, pem, self.write("key.json", self.public("k"))):
            self.assertEqual(self.good("digest", path, "--key", key, "--json").json["key"]["input"], wanted)
        self.rk("digest", path, "--key", "nobody").refused(2, "nobody")

    def test_bytes_to_stdout_alone(self):
        document = self.root("k")
        path = self.file(document)
        self.assertEqual(self.good("digest", path, "--bytes", "-").out, story.canonical(document["signed"]))
        self.rk("digest", path, "--bytes", "-", "--json").done(2)

    def test_no_token_is_touched(self):
        self.env["SOFTHSM2_CONF"] = "/nonexistent"
        self.good("digest", self.file(self.root_without_tokens()), pins=[])

    @staticmethod
    def root_without_tokens():
        return {"signed": {"_type": "timestamp", "spec_version": "1.0.31", "version": 1,
                           "expires": EXPIRES, "meta": {"snapshot.json": {"version": 1}}},
                "signatures": []}


if __name__ == "__main__":
    story.main()
