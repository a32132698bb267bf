"""Root certificates: signed on the token, kept in the keep, judged by openssl, carried to another keep."""
import datetime
import json
import re
import subprocess

import story

GUN = "registry.example.com/admin/demo"
NOW = "2030-06-01T12:00:00Z"


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True,
                          timeout=60).stdout


class CertifyStory(story.Story):
    def certify(self, key="root", *more, gun=GUN, **options):
        """The document of a certificate that was made."""
        return self.good("key", "certify", key, "--gun", gun, *more, "--json", **options).json

    def entries(self, key="root"):
        return json.loads((self.keep / "keep.json").read_bytes())["keys"][key].get("certificates", [])

    def text(self, made):
        return openssl("x509", "-noout", "-text", "-in", self.keep / made["file"])

    def self_signed(self, made):
        path = self.keep / made["file"]
        self.assertIn("OK", openssl("verify", "-check_ss_sig", "-CAfile", path, path))

    def leaf(self, name="leaf", key=None, *more, subject=f"/CN={GUN}", days=3650):
        """Somebody else's certificate, its key beside it."""
        key = key or self.folder / f"{name}.key"
        if not key.exists():
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        path = self.folder / f"{name}.pem"
        constraints = () if "-addext" in more else ("-addext", "basicConstraints=critical,CA:FALSE")
        openssl("req", "-x509", "-new", "-key", key, "-subj", subject.replace("/admin", r"\/admin")
                .replace("/demo", r"\/demo"), "-days", days, "-out", path, *constraints, *more)
        return path


class Made(CertifyStory):
    def test_each_type_of_key_has_one_that_openssl_verifies(self):
        algorithms = {"ecdsa-p256": "ecdsa-with-SHA256", "ecdsa-p384": "ecdsa-with-SHA256",
                      "rsa2048": "sha256WithRSAEncryption", "rsa3072": "sha256WithRSAEncryption"}
        token = self.token("alice")
        for key_type, algorithm in algorithms.items():
            with self.subTest(key_type):
                self.key(key_type, token, key_type)
                made = self.certify(key_type)
                self.assertEqual(made["algorithm"], algorithm)
                self.self_signed(made)
                public = openssl("x509", "-noout", "-pubkey", "-in", self.keep / made["file"])
                self.assertEqual(public, self.pem(key_type).read_text())

    def test_it_is_as_notarys_own(self):
        self.key("root", self.token("alice"))
        made = self.certify()
        text = self.text(made)
        for line in (r"Version: 3", rf"Issuer: CN ?= ?{GUN}\n", rf"Subject: CN ?= ?{GUN}\n",
                     r"X509v3 Key Usage: critical\n +Digital Signature, Key Encipherment\n",
                     r"X509v3 Extended Key Usage: *\n +Code Signing\n",
                     r"X509v3 Basic Constraints: critical\n +CA:FALSE\n"):
            self.assertRegex(text, line)
        self.assertEqual(len(re.findall(r"X509v3 .*:", text)), 4, "the heading and three extensions")
        serial = openssl("x509", "-noout", "-serial", "-in", self.keep / made["file"])
        self.assertRegex(serial, r"^serial=[0-9A-F]{24,32}\n$")
        for line in (self.keep / made["file"]).read_text().splitlines():
            self.assertLessEqual(len(line), 64)

    def test_it_begins_a_day_back_and_lasts_ten_years(self):
        self.key("root", self.token("alice"))
        made = self.certify(now=NOW)
        self.assertEqual(made["not_before"], "2030-05-31T12:00:00Z")
        self.assertEqual(made["not_after"], "2040-05-29T12:00:00Z")
        self.assertRegex(self.text(made), r"Not After : May 29 12:00:00 2040 GMT")

    def test_it_may_last_past_2049(self):
        self.key("root", self.token("alice"))
        made = self.certify("root", "--days", "36500")
        self.assertGreater(made["not_after"], "2100")
        self.assertIn("GENERALIZEDTIME", openssl("asn1parse", "-in", self.keep / made["file"]))
        self.self_signed(made)

    def test_a_gun_longer_than_openssl_likes(self):
        self.key("root", self.token("alice"))
        gun = "registry.example.com/" + "/".join(["component"] * 17)
        self.assertGreater(len(gun), 180)
        made = self.certify(gun=gun)
        self.assertEqual(made["gun"], gun)
        self.assertIn(gun, openssl("x509", "-noout", "-subject", "-in", self.keep / made["file"]))
        self.self_signed(made)

    def test_it_is_kept_noted_shown_and_journaled(self):
        self.key("root", self.token("alice"))
        first, second = self.certify(), self.certify("root", "--days", "400")
        print_of = self.good("key", "show", "root", "--json").json["fingerprint"]
        self.assertEqual([entry["file"] for entry in self.entries()],
                         [f"certificates/{print_of}/{number}.pem" for number in (1, 2)])
        self.assertEqual(self.entries()[0], {"gun": GUN, "file": first["file"], "not_after": first["not_after"]})
        self.good("key", "show", "root").says(first["keyid"], second["keyid"], GUN)
        self.good("log").says("key certify root", GUN)
        self.good("log", "verify")
        self.good("check").says("sound")
        self.no_strays()

    def test_a_wildcard_is_for_all_up_to_the_last_slash(self):
        self.key("root", self.token("alice"))
        made = self.certify("root", "--wildcard")
        self.assertEqual(made["gun"], "registry.example.com/admin/*")
        self.assertRegex(self.text(made), r"Subject: CN ?= ?registry.example.com/admin/\*\n")

    def test_a_copy_goes_where_it_is_wanted(self):
        self.key("root", self.token("alice"))
        out = self.folder / "out.pem"
        made = self.certify("root", "--out", out)
        self.assertEqual(out.read_bytes(), (self.keep / made["file"]).read_bytes())
        self.assertEqual(made["out"], str(out))

    def test_a_copy_that_cannot_be_written_says_that_it_was_made(self):
        self.key("root", self.token("alice"))
        self.rk("key", "certify", "root", "--gun", GUN, "--out", self.folder / "none" / "out.pem") \
            .refused(6, "made and kept", "certificates/")
        self.assertEqual(len(self.entries()), 1)

    def test_a_short_one_is_warned_of(self):
        self.key("root", self.token("alice"))
        self.good("key", "certify", "root", "--gun", GUN, "--days", "90").says("near its end")
        self.good("key", "certify", "root", "--gun", GUN).silent_about("near its end")

    def test_text_tells_all_of_it(self):
        self.key("root", self.token("alice"))
        shown = self.good("key", "certify", "root", "--gun", GUN)
        entry = self.entries()[0]
        shown.says(GUN, entry["file"], entry["not_after"], "ecdsa-with-SHA256", "journal")


class NotMade(CertifyStory):
    def test_a_dry_run_asks_nobody_and_writes_nothing(self):
        self.key("root", self.token("alice"))
        with self.unchanged():
            self.good("key", "certify", "root", "--gun", GUN, "--dry-run", pins=[]).says(
                "root certificate", GUN, "alice")
            self.good("key", "certify", "root", "--gun", GUN, "--dry-run", "--json", pins=[])

    def test_an_ed25519_key_is_refused_before_the_pin(self):
        self.key("ed", self.token("alice"), "ed25519")
        self.refuses(2, "key", "certify", "ed", "--gun", GUN, pins=[], words=["Ed25519", "ECDSA or RSA"])

    def test_what_is_no_gun_is_refused(self):
        self.key("root", self.token("alice"))
        for gun in ("", "*", "registry.example.com/*", "a\nb", "x" * 1025):
            with self.subTest(gun[:20]):
                self.refuses(2, "key", "certify", "root", "--gun", gun)
        self.refuses(2, "key", "certify", "root", "--gun", "demo", "--wildcard", words=["--wildcard"])
        self.refuses(2, "key", "certify", "root", words=["--gun"])
        self.refuses(2, "key", "certify", "root", "--gun", GUN, "--days", "0")
        self.refuses(2, "key", "certify", "nobody", "--gun", GUN, words=["nobody"])

    def test_a_wrong_pin_and_a_token_that_is_away(self):
        token = self.token("alice")
        self.key("root", token)
        right = token.pin_file.read_text()
        token.pin_file.write_text("wrong-pin\n")
        with self.unchanged():
            self.rk("key", "certify", "root", "--gun", GUN).refused(4, "PIN")
        token.pin_file.write_text(right)
        self.env["SOFTHSM2_CONF"] = str(self.folder / "tokens" / "none.conf")
        self.refuses(4, "key", "certify", "root", "--gun", GUN)

    def test_a_key_known_by_its_public_half_alone(self):
        self.key("root", self.token("alice"))
        pem = self.pem("root")
        other = self.folder / "other"
        other.mkdir()
        self.good("key", "enrol", "colleague", pem, cwd=other)
        self.rk("key", "certify", "colleague", "--gun", GUN, cwd=other).refused(4, "public half")


class Enrolled(CertifyStory):
    def test_one_is_carried_to_another_keep(self):
        self.key("root", self.token("alice"))
        out = self.folder / "out.pem"
        made = self.certify("root", "--out", out)
        other = self.folder / "other"
        other.mkdir()
        self.good("key", "enrol", "colleague", out, "--dry-run", cwd=other).says("certificate", GUN)
        self.assertEqual(list(other.iterdir()), [])
        self.good("key", "enrol", "colleague", out, cwd=other)
        kept = other / made["file"]
        self.assertEqual(kept.read_bytes(), out.read_bytes())
        self.good("key", "show", "colleague", cwd=other).says(made["keyid"])
        self.good("check", cwd=other)
        self.good("key", "enrol", "colleague", out, cwd=other).says("known already")
        self.assertEqual(len(list(kept.parent.iterdir())), 1)

    def test_one_joins_a_key_on_a_token(self):
        token = self.token("alice")
        self.key("root", token)
        private = self.folder / "k.key"
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", private)
        der = self.folder / "k.der"
        openssl("pkey", "-in", private, "-outform", "DER", "-out", der)
        self.pkcs11(token, "--write-object", der, "--type", "privkey", "--id", "77", "--label", "k",
                    "--usage-sign")
        openssl("pkey", "-in", private, "-pubout", "-outform", "DER", "-out", der)
        self.pkcs11(token, "--write-object", der, "--type", "pubkey", "--id", "77", "--label", "k")
        self.good("key", "enrol", "k", token.key_uri("k"))
        self.good("key", "enrol", "k", self.leaf("k", private))
        entry = json.loads((self.keep / "keep.json").read_bytes())["keys"]["k"]
        self.assertEqual((len(entry["tokens"]), len(entry["certificates"])), (1, 1))

    def test_one_that_clients_refuse_is_refused_and_nothing_written(self):
        self.key("root", self.token("alice"))
        leaf = self.leaf()
        key = self.folder / "leaf.key"
        bad = {
            "authority": (self.leaf("ca", key, "-addext", "basicConstraints=critical,CA:TRUE"), "authority"),
            "sha1": (self.leaf("sha1", key, "-sha1"), "SHA1"),
            "no name": (self.leaf("anonymous", key, subject="/O=nobody"), "no common name"),
        }
        for name, (path, words) in bad.items():
            with self.subTest(name):
                self.refuses(3, "key", "enrol", "carol", path, words=[words, "openssl x509"])
        with self.subTest("expired"):
            self.refuses(3, "key", "enrol", "carol", leaf, words=["expired"], now="2090-01-01T00:00:00Z")
        with self.subTest("somebody else's"):
            self.refuses(2, "key", "enrol", "root", leaf, words=["another key"])
        with self.subTest("two leaves"):
            two = self.write("two.pem", leaf.read_text() + self.leaf("second").read_text())
            self.refuses(3, "key", "enrol", "carol", two)
        with self.subTest("with a private key"):
            both = self.write("both.pem", leaf.read_text() + key.read_text())
            self.refuses(1, "key", "enrol", "carol", both)
        self.good("key", "enrol", "carol", leaf)


class Checked(CertifyStory):
    def test_a_certificate_that_was_swapped_or_lost_is_found(self):
        self.key("root", self.token("alice"))
        made = self.certify()
        kept = self.keep / made["file"]
        good = kept.read_bytes()
        kept.write_bytes(self.leaf().read_bytes())
        self.rk("check").done(3).says(made["file"], "another key")
        kept.write_bytes(good.replace(b"M", b"N", 1))
        self.rk("check").done(3).says(made["file"])
        kept.unlink()
        self.rk("check").done(3).says(made["file"], "not there")
        kept.write_bytes(good)
        self.good("check")

    def test_an_expired_one_is_no_fault_of_the_keep(self):
        self.key("root", self.token("alice"))
        self.certify("root", "--days", "1", now=NOW)
        later = datetime.datetime(2031, 1, 1, tzinfo=datetime.timezone.utc)
        self.good("check", now=later.strftime("%Y-%m-%dT%H:%M:%SZ"))


if __name__ == "__main__":
    story.main()
