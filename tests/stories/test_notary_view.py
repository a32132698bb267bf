"""What a person sees of Notary's dialect: keys with their ids, certificates and their end, inspect."""
import datetime
import json
import os
import pathlib
import re
import shutil

import notary
import story

FIXTURES = os.environ.get("ROOTKEEP_FIXTURES")


def in_days(number):
    later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(number)
    return later.strftime("%Y-%m-%dT%H:%M:%SZ")


class Keys(notary.NotaryStory):
    def setUp(self):
        super().setUp()
        self.notary_repository()
        self.root = self.signed("root")
        [self.certified] = self.root["roles"]["root"]["keyids"]

    def canonical_id(self, key):
        return notary.key_id(json.loads(self.good("key", "show", key, "--format", "notary").out))

    def test_one_key_with_all_its_ids(self):
        shown = self.good("key", "show", "root", "--json").json
        self.assertEqual(shown["ids"]["notary"], self.canonical_id("root"))
        tuf = json.loads(self.good("key", "show", "root", "--format", "tuf").out)
        self.assertEqual(shown["ids"]["tuf"], notary.key_id(tuf))
        [certificate] = shown["certificates"]
        self.assertEqual((certificate["gun"], certificate["keyid"]), (self.gun, self.certified))
        self.assertTrue((self.keep / certificate["file"]).read_text().startswith("-----BEGIN CERT"))
        self.good("key", "show", "root").says(shown["fingerprint"], shown["ids"]["notary"],
                                              shown["ids"]["tuf"], self.certified, self.gun)

    def test_the_plain_id_is_what_root_names_a_plain_key_by(self):
        self.assertEqual(self.root["roles"]["targets"]["keyids"], [self.canonical_id("targets")])

    def test_the_list_names_certificates(self):
        self.assertRegex(self.good("key", "list").out, rf"(?m)^root .* {re.escape(self.gun)}")
        listed = {key["name"]: key["certificates"] for key in self.good("key", "list", "--json").json["keys"]}
        self.assertEqual([one["gun"] for one in listed["root"]], [self.gun])
        self.assertEqual(listed["targets"], [])

    def test_each_id_finds_its_key(self):
        for prefix in (self.certified[:8], self.certified.upper(), self.canonical_id("root")[:12]):
            self.assertEqual(self.good("key", "show", prefix, "--json").json["name"], "root")

    def test_pins_for_every_certificate(self):
        self.good("key", "certify", "root", "--gun", self.gun, "--days", "7300")
        self.good("key", "certify", "root", "--gun", self.gun, "--wildcard")
        pins = json.loads(self.good("key", "show", "root", "--format", "pin").out)
        certificates = self.good("key", "show", "root", "--json").json["certificates"]
        self.assertEqual(set(pins), {"trust_pinning"})
        self.assertEqual(set(pins["trust_pinning"]), {"certs"})
        wanted = {}
        for one in certificates:
            wanted.setdefault(one["gun"], []).append(one["keyid"])
        self.assertEqual(pins["trust_pinning"]["certs"], wanted)
        self.assertEqual(set(wanted), {self.gun, self.gun.rsplit("/", 1)[0] + "/*"})
        self.assertIn(self.certified, wanted[self.gun])

    def test_a_key_without_a_certificate_has_no_pin(self):
        self.refuses(2, "key", "show", "targets", "--format", "pin", words=("rootkeep key certify",))

    def test_a_certificate_that_is_gone_is_told(self):
        [certificate] = self.good("key", "show", "root", "--json").json["certificates"]
        (self.keep / certificate["file"]).unlink()
        [certificate] = self.good("key", "show", "root", "--json").json["certificates"]
        self.assertIsNone(certificate["keyid"])
        self.good("key", "show", "root").says("gone")
        self.rk("key", "show", "root", "--format", "pin").refused(2)

    def test_an_ed25519_key_has_both_ids(self):
        self.key("ed", self.tokens[1], "ed25519")
        shown = self.good("key", "show", "ed", "--json").json
        self.assertEqual(shown["ids"]["notary"], self.canonical_id("ed"))


class Ends(notary.NotaryStory):
    """A certificate's end is watched from far ahead."""

    def certificates(self, **options):
        [repository] = self.good("status", "--json", **options).json["repositories"]
        return repository["certificates"]

    def begin(self, lasting):
        self.two_keys()
        self.good("key", "certify", "root", "--gun", self.gun, "--days", lasting)
        self.good(*self.init_words())
        self.good("sign", self.gun)

    def test_warnings_at_twelve_and_seven_months(self):
        for lasting, warning in ((400, None), (364, 365), (211, 365), (209, 210), (20, 210)):
            with self.subTest(lasting):
                self.gun = f"registry.example.com/demo{lasting}"
                if lasting == 400:
                    self.begin(lasting)
                else:
                    self.good("key", "certify", "root", "--gun", self.gun, "--days", lasting)
                    self.good(*self.init_words())
                    self.good("sign", self.gun)
                found = {one["gun"]: one for repository in self.good("status", "--json").json["repositories"]
                         for one in repository["certificates"]}[self.gun]
                self.assertEqual((found["warning_days"], found["expired"], found["key"]),
                                 (warning, False, "root"))

    def test_the_policy_says_when(self):
        self.begin(400)
        path = self.keep / "keep.json"
        document = json.loads(path.read_bytes())
        document["policy"] = {"warn_days": {"certificate": [500]}}
        path.write_text(json.dumps(document))
        [certificate] = self.certificates()
        self.assertEqual(certificate["warning_days"], 500)

    def test_fail_within_counts_certificates(self):
        self.begin(300)
        self.assertEqual(self.rk("status", "--fail-within", 290).status, 0)
        self.assertEqual(self.rk("status", "--fail-within", 301).status, 3)

    def test_the_calendar_has_certificates_and_rings(self):
        self.begin(3650)
        self.good("status", "--ics", self.folder / "ends.ics")
        events = (self.folder / "ends.ics").read_text().split("BEGIN:VEVENT")[1:]
        [event] = [event for event in events if "certificate" in event]
        self.assertIn(self.gun, event)
        for trigger in ("TRIGGER:-P365D", "TRIGGER:-P210D"):
            self.assertIn(trigger, event)
        self.assertEqual(event.count("BEGIN:VALARM"), event.count("END:VALARM"))

    def test_verify_and_renew_name_it_with_what_to_do_and_that_helps(self):
        self.begin(100)
        words = [f"rootkeep key certify root --gun {self.gun}", f"rootkeep renew {self.gun} --role root"]
        self.good("verify", self.gun).says("warning: root: the certificate of root", *words)
        findings = self.good("verify", self.gun, "--json").json["findings"]
        self.assertIn("warning", [finding["severity"] for finding in findings])
        self.good("status").says(*words)
        self.assertEqual(self.good("renew", self.gun, "--json").json["renewed"], [])
        self.good("renew", self.gun).says(*words)
        for command in words:
            self.good(*command.split()[1:])
        self.good("sign", self.gun)
        self.good("verify", self.gun).silent_about("certificate")
        [certificate] = self.certificates()
        self.assertIsNone(certificate["warning_days"])
        self.assertEqual(self.signed("root")["version"], 2)

    def test_an_expired_one_is_told_as_what_it_is(self):
        self.begin(10)
        later = in_days(20)
        [certificate] = self.certificates(now=later)
        self.assertTrue(certificate["expired"])
        self.rk("status", now=later).says("expired")
        self.rk("verify", self.gun, now=later).refused(3, "expired")


class Inspect(notary.NotaryStory):
    def setUp(self):
        super().setUp()
        self.notary_repository()
        for tag, digit in (("1.10", "a"), ("1.9", "b"), ("latest", "a")):
            self.good("target", "add", self.gun, "--name", tag, "--length", "523", "--sha256", digit * 64)
        self.good("sign", self.gun)

    def test_all_of_it(self):
        [shown] = self.good("inspect", self.gun, "--json").json
        self.assertEqual(list(shown), ["Name", "SignedTags", "Signers", "AdministrativeKeys"])
        self.assertEqual([tag["SignedTag"] for tag in shown["SignedTags"]], ["1.9", "1.10", "latest"])
        self.assertEqual(shown["SignedTags"][0],
                         {"SignedTag": "1.9", "Digest": "b" * 64, "Signers": ["Repo Admin"]})
        roles = self.signed("root")["roles"]
        self.assertEqual(shown["AdministrativeKeys"],
                         [{"Name": "Root", "Keys": [{"ID": roles["root"]["keyids"][0]}]},
                          {"Name": "Repository", "Keys": [{"ID": roles["targets"]["keyids"][0]}]}])
        plain = self.good("inspect", self.gun).out
        self.assertEqual(plain, json.dumps([shown], indent=4) + "\n")
        self.assertEqual(plain, self.good("inspect", self.gun, "--json").out)

    def test_one_tag_and_none(self):
        [shown] = json.loads(self.good("inspect", f"{self.gun}:1.10").out)
        self.assertEqual(shown["Name"], f"{self.gun}:1.10")
        self.assertEqual([tag["SignedTag"] for tag in shown["SignedTags"]], ["1.10"])
        [shown] = json.loads(self.good("inspect", f"{self.gun}:none").out)
        self.assertEqual(shown["SignedTags"], [])
        pretty = self.good("inspect", "--pretty", f"{self.gun}:none").out
        self.assertTrue(pretty.startswith(f"\nNo signatures for {self.gun}:none\n\n\nAdministrative keys"))

    def test_pretty_to_the_byte(self):
        roles = self.signed("root")["roles"]
        rows = [("1.9", "b"), ("1.10", "a"), ("latest", "a")]
        table = "".join(f"{tag:13}{digit * 64}   (Repo Admin)\n" for tag, digit in rows)
        self.assertEqual(
            self.good("inspect", "--pretty", self.gun).out,
            f"\nSignatures for {self.gun}\n\nSIGNED TAG   {'DIGEST':67}SIGNERS\n{table}"
            f"\nAdministrative keys for {self.gun}\n\n"
            f"  Repository Key:\t{roles['targets']['keyids'][0]}\n  Root Key:\t{roles['root']['keyids'][0]}\n")

    def test_what_is_staged_is_not_shown(self):
        self.good("target", "remove", self.gun, "latest")
        self.assertEqual(len(json.loads(self.good("inspect", self.gun).out)[0]["SignedTags"]), 3)

    def test_the_folder_itself(self):
        [shown] = json.loads(self.good("inspect", self.metadata()).out)
        self.assertEqual(shown["Name"], str(self.metadata()))
        self.assertEqual(len(shown["SignedTags"]), 3)
        self.rk("inspect", self.metadata()).says("not authenticated")
        root = self.metadata() / "1.root.json"
        self.good("inspect", self.metadata(), "--root", root, "--gun", self.gun).silent_about("authenticated")
        self.rk("inspect", self.metadata(), "--root", root, "--gun", "lab.example/other").done(3)

    def fails(self, status, *words, cwd=None):
        """As docker fails: an empty list, and the sentence."""
        result = self.rk("inspect", *words, cwd=cwd).refused(status, "no signatures or cannot access")
        self.assertEqual(result.out, "[]\n")
        self.assertEqual(self.rk("inspect", "--pretty", *words, cwd=cwd).done(status).out, "")
        self.rk("inspect", *words, "--json", cwd=cwd).done(status)

    def test_nothing_of_that_name(self):
        self.fails(1, "registry.example.com/none")
        self.fails(1, "registry.example.com/none:1.0")
        self.fails(1, "./none")

    def test_nothing_published_yet(self):
        self.good(*self.init_words(gun="registry.example.com/new"))
        self.fails(1, "registry.example.com/new")

    def test_what_a_client_would_refuse(self):
        path = self.role("targets")
        path.write_bytes(path.read_bytes().replace(b'"length":523', b'"length":524'))
        self.fails(3, self.gun)
        self.fails(3, self.metadata())

    def test_a_tuf_repository_is_refused(self):
        self.repository("plain")
        self.good("sign", "plain")
        self.fails(2, "plain")

    def test_names_are_shown_not_printed(self):
        name = "a\u202eb"
        self.good("target", "add", self.gun, "--name", name, "--length", "1", "--sha256", "a" * 64)
        self.good("sign", self.gun)
        self.assertNotIn("\u202e", self.good("inspect", "--pretty", self.gun).out)
        self.assertIn(name, [tag["SignedTag"] for tag in
                             json.loads(self.good("inspect", self.gun).out)[0]["SignedTags"]])


class Fixtures(story.Story):
    """A repository that Notary's own tools made and rotated."""

    def setUp(self):
        super().setUp()
        if not FIXTURES:
            story.missing("no ROOTKEEP_FIXTURES")
        self.place = self.folder / "rotated"
        (self.place / "targets").mkdir(parents=True)
        for path in (pathlib.Path(FIXTURES) / "notary" / "rotated").glob("*.json"):
            if path.name[0].isdigit() and not path.name.endswith(".root.json"):
                continue
            shutil.copyfile(path, self.place / path.name.replace("targets_", "targets/"))

    def test_inspected(self):
        now = "2026-11-25T00:00:00Z"
        [shown] = json.loads(self.good("inspect", self.place, "--root", self.place / "1.root.json",
                                       "--gun", "lab.example/app", now=now).out)
        self.assertEqual([(tag["SignedTag"], tag["Signers"]) for tag in shown["SignedTags"]],
                         [(name, ["Repo Admin"]) for name in ("v1", "v2", "v3")])
        self.assertEqual([signer["Name"] for signer in shown["Signers"]], ["bob", "alice"])
        pretty = self.good("inspect", "--pretty", self.place, now=now).out
        self.assertIn("\nSIGNER    KEYS\nalice     81d48f0cb016\nbob       08c89a696e62\n", pretty)
        self.assertIn("  Root Key:\t15b848e85e5885ccdadf81e7e271eed38ba53f338a9eacadf651f87dbbcb5264\n", pretty)


if __name__ == "__main__":
    story.main()
