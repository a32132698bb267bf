"""Bad input in Notary's dialect: each a clear error, or taken exactly; on an error nothing is written."""
import base64
import json
import pathlib
import sys

import story

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "peers"))

import notary
import notary_hand as hand

NOW = "2026-06-01T00:00:00Z"


class Certificates(notary.NotaryStory):
    """Of a root key whose private half is elsewhere: its certificate comes in a file."""

    def setUp(self):
        super().setUp()
        self.key("targets", self.token("targets-token"))
        self.root = self.private_key("root")
        public = self.write("root.pem", notary.openssl("pkey", "-in", self.root, "-pubout"))
        self.good("key", "enrol", "root", public)

    def refuses_certificate(self, path, *words):
        """When it is enrolled, or else when root needs it; no repository is begun either way."""
        before = story.tree(self.keep)
        result = self.rk("key", "enrol", "root", path)
        if result.status == 0:
            before = story.tree(self.keep)
            result = self.rk(*self.init_words())
        self.assertIn(result.status, (1, 2, 3, 4), str(result))
        result.refused(result.status, *words)
        self.assertEqual(before, story.tree(self.keep))

    def test_a_good_one_is_taken(self):
        self.good("key", "enrol", "root", self.certificate(self.root, notary.GUN))
        self.good(*self.init_words())
        staged = json.loads(self.role("root", "staged").read_bytes())["signed"]
        [root] = staged["roles"]["root"]["keyids"]
        self.assertEqual(staged["keys"][root]["keytype"], "ecdsa-x509")
        self.assertEqual(notary.key_id(staged["keys"][root]), root)

    def test_a_wildcard_is_taken(self):
        prefix = notary.GUN.rsplit("/", 1)[0]
        self.good("key", "enrol", "root", self.certificate(self.root, f"{prefix}/*"))
        self.good(*self.init_words())

    def test_another_name(self):
        self.refuses_certificate(self.certificate(self.root, "registry.example.com/other"), "certificate")

    def test_a_wildcard_for_others(self):
        self.refuses_certificate(self.certificate(self.root, "registry.example.org/*"), "certificate")

    def test_an_expired_one(self):
        path = self.certificate(self.root, notary.GUN, end="20210101000000Z")
        self.refuses_certificate(path, "expired")

    def test_one_that_is_not_yet_good(self):
        path = self.certificate(self.root, notary.GUN, start="20400101000000Z")
        self.refuses_certificate(path, "2040")

    def test_an_authority(self):
        self.refuses_certificate(self.certificate(self.root, notary.GUN, authority=True), "authority")

    def test_sha1(self):
        self.refuses_certificate(self.certificate(self.root, notary.GUN, digest="sha1"), "SHA1")

    def test_somebody_elses_key(self):
        path = self.certificate(self.private_key("mallory"), notary.GUN)
        self.refuses(2, "key", "enrol", "root", path, words=("root",))

    def test_cut_off(self):
        text = self.certificate(self.root, notary.GUN).read_text()
        for cut in (text[:200], text.replace("END", "ENDE"), text.replace("M", "!", 3)):
            self.refuses(1, "key", "enrol", "root", self.write("cut.pem", cut))


class Roots(notary.NotaryStory):
    def test_an_ed25519_root(self):
        token = self.token("both")
        self.key("root", token, "ed25519")
        self.key("targets", token)
        self.refuses(2, *self.init_words(), words=("Ed25519",))
        self.refuses(2, "key", "certify", "root", "--gun", notary.GUN, words=("Ed25519",))

    def test_an_ed25519_root_is_not_added_either(self):
        self.notary_repository()
        self.key("second", self.tokens[0], "ed25519")
        self.refuses(2, "role", "set", self.gun, "root", "--add-key", "second", words=("Ed25519",))

    def test_a_certificate_of_another_name_for_role_set(self):
        self.notary_repository()
        other = self.private_key("other")
        self.good("key", "enrol", "other", self.certificate(other, "registry.example.com/other"))
        with self.unchanged():
            result = self.rk("role", "set", self.gun, "root", "--add-key", "other")
            self.assertIn(result.status, (2, 3, 4), str(result))
            result.refused(result.status, "other")


class Names(notary.NotaryStory):
    def setUp(self):
        super().setUp()
        self.two_keys()

    def refuses_name(self, name):
        with self.unchanged():
            self.rk(*self.init_words(gun=name)).refused(2)
            self.rk("key", "certify", "root", "--gun", name).refused(2)

    def takes_name(self, name):
        self.good(*self.init_words(gun=name))
        self.good("sign", name)
        self.verified(name)

    def test_capitals_in_the_path(self):
        self.refuses_name("registry.example.com/Demo")

    def test_a_trailing_slash(self):
        self.refuses_name("registry.example.com/demo/")

    def test_300_characters(self):
        self.refuses_name("registry.example.com/" + "a" * 279)

    def test_odd_ones(self):
        for name in ("", "/demo", "a//b", "registry.example.com/demo:1.0", "registry.example.com/de mo",
                     "registry.example.com/d\u00e9mo", "registry.example.com/../demo",
                     "registry.example.com/demo*", "-x/demo", "host:/demo", "host:x/demo"):
            self.refuses_name(name)

    def test_a_port_is_fine(self):
        self.takes_name("registry.example.com:5000/demo")

    def test_no_slash_and_long_parts_are_fine(self):
        for name in ("demo", "registry.example.com/" + "a" * 120):
            self.takes_name(name)


class ServerKeys(notary.NotaryStory):
    def setUp(self):
        super().setUp()
        self.two_keys()

    def refuses_key(self, content, *words, status=(1, 2)):
        with self.unchanged():
            result = self.rk(*self.init_words(timestamp=content))
        self.assertIn(result.status, status, str(result))
        return result.refused(result.status, *words)

    def test_members_in_either_order_give_one_id(self):
        key = notary.server_key()
        reordered = {"keyval": {"private": None, "public": key["keyval"]["public"]},
                     "keytype": key["keytype"]}
        self.good(*self.init_words(timestamp=key, snapshot=json.dumps(reordered, indent=3)))
        roles = json.loads(self.role("root", "staged").read_bytes())["signed"]["roles"]
        self.assertEqual(roles["timestamp"]["keyids"], roles["snapshot"]["keyids"])
        self.assertEqual(roles["timestamp"]["keyids"], [notary.key_id(key)])

    def test_p256_is_fine_and_kept_as_it_is(self):
        key = notary.server_key("ecdsa")
        self.good(*self.init_words(timestamp=key))
        keys = json.loads(self.role("root", "staged").read_bytes())["signed"]["keys"]
        self.assertEqual(keys[notary.key_id(key)], key)

    def test_a_private_half(self):
        key = notary.server_key()
        key["keyval"]["private"] = base64.b64encode(b"x" * 64).decode()
        self.refuses_key(key, "private").silent_about(key["keyval"]["private"])

    def test_cut_off(self):
        text = json.dumps(notary.server_key())
        for at in (0, 1, 20, len(text) - 1):
            self.refuses_key(text[:at])

    def test_a_damaged_value(self):
        key = notary.server_key()
        for public in ("", "AA==", "not base64", key["keyval"]["public"][:-4], 7, None):
            self.refuses_key({"keytype": "ed25519", "keyval": {"public": public, "private": None}})

    def test_an_unknown_type(self):
        key = notary.server_key()
        for kind in ("ed448", "ECDSA", "", 1):
            self.refuses_key({**key, "keytype": kind})

    def test_a_key_of_another_type_than_it_says(self):
        self.refuses_key({**notary.server_key(), "keytype": "ecdsa"})

    def test_nothing_like_a_key(self):
        for content in ("[]", "{}", '{"errors":[{"code":"UNAUTHORIZED"}]}', "<html></html>", b"\x00\xff"):
            self.refuses_key(content)

    def test_both_left_out(self):
        words = [word for word in self.init_words() if not str(word).endswith(".key.json")]
        words = [word for word in words if word not in ("--snapshot", "--timestamp")]
        self.refuses(2, *words, words=("rootkeep-remote key",))


class Targets(notary.NotaryStory):
    def setUp(self):
        super().setUp()
        self.notary_repository()

    def words(self, name, *more):
        return ["target", "add", self.gun, "--name", name, "--length", "523", "--sha256", "ab" * 32, *more]

    def published_target(self, name):
        self.good("sign", self.gun)
        self.verified(self.gun)
        self.assertEqual(self.rk("lint", self.gun).status, 0)
        return self.signed("targets")["targets"][name]

    def test_custom_that_go_escapes(self):
        custom = {"z": "<&>", "a": "\u2028\u2029", "n": [1, {"y": None, "x": True}]}
        self.good(*self.words("1.0", "--custom", json.dumps(custom, ensure_ascii=False)))
        self.assertEqual(self.published_target("1.0")["custom"], custom)
        text = self.role("targets").read_bytes()
        for escaped in (b"\\u003c\\u0026\\u003e", b"\\u2028\\u2029"):
            self.assertIn(escaped, text)
        self.assertNotIn(b"<", text)

    def test_the_largest_number(self):
        self.good(*self.words("1.0", "--custom", '{"n":9007199254740991}'))
        self.assertEqual(self.published_target("1.0")["custom"], {"n": 9007199254740991})

    def test_numbers_that_do_not_survive(self):
        for number in ("1.5", "9007199254740993", "-9007199254740993", "1e400", "1E2", "-0", "01", "NaN"):
            with self.unchanged():
                result = self.rk(*self.words("1.0", "--custom", '{"n":%s}' % number))
                self.assertIn(result.status, (1, 2), f"{number}: {result}")
                result.refused(result.status)

    def test_custom_that_is_no_json(self):
        for custom in ("{", '{"a":1,"a":2}', '{"a":"\x01"}', '{"a":"\\u0001"}', '{"a":"\\ud800"}', ""):
            with self.unchanged():
                result = self.rk(*self.words("1.0", "--custom", custom))
                self.assertIn(result.status, (1, 2), f"{custom!r}: {result}")
                result.refused(result.status)

    def test_names_with_quotes_and_backslashes(self):
        for name in ('a"b', "a\\b", "a<b>&'c", "\u00e4\u2028", "e\u0301"):
            self.good(*self.words(name))
            self.published_target(name)
        self.assertEqual(self.role("targets").read_bytes(), hand.envelope(
            self.signed("targets"), json.loads(self.role("targets").read_bytes())["signatures"]))

    def test_names_with_control_characters(self):
        for name in ("a\nb", "a\tb", "a\x1b[31mb", "a\x7fb", "", "a/../b", "/a", "a/"):
            with self.unchanged():
                self.rk(*self.words(name)).refused(2)


class FakeServer:
    """A hand's lab: gives keys, and takes nothing."""

    @staticmethod
    def key(_gun, _role):
        return json.dumps(notary.server_key())


class Files(notary.NotaryStory):
    """Files that Notary's own reader takes, or would take but not write so."""

    def setUp(self):
        super().setUp()
        self.hand = hand.Hand(self.folder / "hand", self.gun)
        self.place = self.folder / "pulled"
        self.place.mkdir(mode=0o700)
        self.lay(root=self.hand.file("root", self.hand.signed_root(FakeServer)),
                 targets=self.hand.file("targets", self.hand.signed_targets(targets={"1.0": hand.target()})))

    def lay(self, **files):
        for role, data in files.items():
            (self.place / f"{role}.json").write_bytes(data)
            if role == "root":
                (self.place / "1.root.json").write_bytes(data)

    def again(self, role, change):
        signed = json.loads((self.place / f"{role}.json").read_bytes())["signed"]
        change(signed)
        return self.hand.file(role, signed)

    def adopt(self):
        """Taken over, or refused and nothing is written."""
        before = story.tree(self.folder)
        result = self.rk("adopt", self.gun, self.place, "--root", self.place / "1.root.json", "--yes")
        if result.status:
            result.refused(result.status)
            self.assertEqual(story.tree(self.folder), before)
        return result

    def layouts(self, role):
        data = (self.place / f"{role}.json").read_bytes()
        yield "a newline", data + b"\n"
        yield "indented", json.dumps(json.loads(data), indent=2).encode()
        yield "blanks", json.dumps(json.loads(data)).encode()

    def test_as_it_should_be(self):
        self.good("verify", self.place / "targets.json", "--root", self.place / "root.json")
        self.good("lint", self.place / "targets.json")
        self.adopt().done()
        self.good("verify", self.gun).says("as far as held")

    def test_other_layouts_are_believed_and_linted(self):
        """Signatures are over canonical bytes; what the server would make of it is lint's to say."""
        for name, data in self.layouts("targets"):
            self.lay(targets=data)
            self.good("verify", self.place / "targets.json", "--root", self.place / "root.json")
            self.assertEqual(self.rk("lint", self.place / "targets.json").status, 3, name)
            self.assertEqual((self.place / "targets.json").read_bytes(), data)

    def test_a_member_that_notary_does_not_have(self):
        self.lay(targets=self.again("targets", lambda signed: signed.update(spec_version="1.0.31")))
        self.good("verify", self.place / "targets.json", "--root", self.place / "root.json")
        self.rk("lint", self.place / "targets.json").done(3).says("spec_version")

    def test_times_go_would_write_otherwise(self):
        self.lay(targets=self.again("targets", lambda signed: signed.update(expires="2049-01-01T00:00:00.100Z")))
        self.rk("lint", self.place / "targets.json").done(3).says("expires")

    def test_none_of_them_is_adopted_and_signed_unawares(self):
        """Taken over as it is, and the next version is as Notary would write it; or refused at once."""
        for name, data in self.layouts("targets"):
            with self.subTest(name):
                self.lay(targets=data)
                if self.adopt().status == 0:
                    self.assertEqual(self.role("targets").read_bytes(), data)
                    self.good("repo", "remove", self.gun, "--yes")

    def test_files_that_nobody_believes(self):
        good = (self.place / "targets.json").read_bytes()
        for data, status in ((good.replace(b'"length":7', b'"length":8'), 3), (good[:-1], 1), (b"", 1),
                             (good.replace(b'"Targets"', b'"targets"'), 3), (b"[]", 1),
                             (good.replace(b'"version":1', b'"version":1.0'), 1),
                             (good.replace(b'"version":1', b'"version":1,"version":1'), 1)):
            self.lay(targets=data)
            result = self.rk("verify", self.place / "targets.json", "--root", self.place / "root.json")
            result.refused(status)
            self.assertEqual((self.place / "targets.json").read_bytes(), data)
            self.assertIn(self.adopt().status, (1, 2, 3))

    def test_a_signature_into_an_odd_file(self):
        """In place: signed, and nothing else of it is touched; or refused, and nothing is."""
        token = self.token("alice")
        self.pkcs11(token, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "k", "--id", "01")
        for name, data in self.layouts("targets"):
            with self.subTest(name):
                self.lay(targets=data)
                result = self.rk("sign", self.place / "targets.json", "--key", token.key_uri("k"))
                self.assertEqual(result.status, 2, str(result))
                self.assertEqual((self.place / "targets.json").read_bytes(), data)


if __name__ == "__main__":
    story.main()
