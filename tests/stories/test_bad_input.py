"""Bad input: each gets its exit status, a sentence with a remedy, and writes nothing."""
import json
import os
import shutil
import subprocess

import story

NOBODY = 65534


class Pins(story.Story):
    def setUp(self):
        super().setUp()
        self.published()
        self.good("renew", "demo", "--role", "targets")

    def sign_with(self, path, mode=0o600):
        path.chmod(mode)
        return self.rk("sign", "demo", "--pin-file", f"targets-token={path}", pins=[])

    def test_a_wrong_pin_spends_one_try_and_is_not_tried_twice(self):
        with self.unchanged():
            result = self.sign_with(self.secret_file("wrong", "wrong-pin"))
            result.refused(4, "PIN").silent_about("wrong-pin")

    def test_a_pin_file_that_others_can_read_is_not_read(self):
        path = self.secret_file("open", self.tokens[1].pin)
        for mode in (0o640, 0o604, 0o660):
            with self.unchanged():
                self.sign_with(path, mode).refused(6, "open")

    def test_an_empty_one_and_none(self):
        with self.unchanged():
            self.sign_with(self.secret_file("empty", "")).done(4).says("empty", "first line")
            self.rk("sign", "demo", "--pin-file", f"targets-token={self.folder}/none",
                    pins=[]).refused(2, "/none")

    def test_an_unlabelled_one_is_refused_where_two_tokens_are_used(self):
        self.good("renew", "demo", "--role", "root")
        with self.unchanged():
            self.rk("sign", "demo", "--pin-file", self.tokens[0].pin_file, pins=[]).done(4).says(
                "--pin-file")


class Folder(story.Story):
    """The keep itself: who owns it, what is in it, how new it is."""

    def setUp(self):
        super().setUp()
        self.published()

    def each_command_refuses(self, status, *words):
        for command in (["status", "demo"], ["verify", "demo"], ["sign", "demo"], ["key", "list"]):
            self.refuses(status, *command, words=words)

    def test_a_read_only_keep_can_be_read_but_not_changed(self):
        self.as_root()
        words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
        for path in [self.keep, *self.keep.rglob("*")]:
            path.chmod(0o500 if path.is_dir() else 0o400)
        self.rk("verify", "demo", wrap=words).done()
        self.rk("status", "demo", wrap=words).done()
        with self.unchanged():
            self.rk("role", "set", "demo", "root", "--expires", "30", wrap=words).refused(6)

    def as_root(self):
        if os.geteuid() != 0:
            story.missing("not root: no file can be given away")
        story.need("setpriv")

    def test_another_users_keep_is_not_believed(self):
        self.as_root()
        for path in [self.keep, *self.keep.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
        self.each_command_refuses(6)

    def test_one_file_of_another_user_is_not_believed(self):
        self.as_root()
        os.chown(self.keep / "keep.json", NOBODY, NOBODY)
        self.each_command_refuses(6, "keep.json")

    def test_a_keep_that_others_can_write(self):
        for path in (self.keep, self.keep / "keep.json"):
            mode = path.stat().st_mode & 0o7777
            path.chmod(mode | 0o022)
            self.each_command_refuses(6)
            path.chmod(mode)
        self.verified()

    def test_a_link_inside_is_not_followed(self):
        outside = self.folder / "outside"
        shutil.move(self.metadata(), outside)
        self.metadata().symlink_to(outside)
        self.refuses(6, "verify", "demo")
        self.refuses(6, "sign", "demo")
        self.assertTrue((outside / "1.root.json").exists())

    def test_a_file_that_is_a_link(self):
        secret = self.write("secret.json", "{}")
        (self.keep / "keep.json").unlink()
        (self.keep / "keep.json").symlink_to(secret)
        self.each_command_refuses(6)

    def test_a_newer_keep_wants_a_newer_program(self):
        document = json.loads((self.keep / "keep.json").read_bytes())
        document["rootkeep"] = 2
        (self.keep / "keep.json").write_text(json.dumps(document))
        self.each_command_refuses(1, "newer")

    def test_unknown_members_survive(self):
        path = self.keep / "keep.json"
        document = json.loads(path.read_bytes())
        document["later"] = {"x": [1, 2]}
        document["keys"]["root"]["colour"] = "blue"
        path.write_text(json.dumps(document))
        self.good("key", "set", "root", "--holder", "Alice")
        after = json.loads(path.read_bytes())
        self.assertEqual(after["later"], {"x": [1, 2]})
        self.assertEqual(after["keys"]["root"]["colour"], "blue")

    def test_no_keep_at_all(self):
        empty = self.folder / "empty"
        empty.mkdir()
        for command in (["status"], ["key", "list"], ["log"], ["check"]):
            self.rk(*command, cwd=empty).refused(2)
        self.assertEqual(list(empty.iterdir()), [])

    def test_a_second_writer_is_told_who_holds_the_keep(self):
        holder = subprocess.Popen(["flock", self.keep / ".lock", "sleep", "30"], env=self.env)
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        self.rk("log").done()
        with self.unchanged():
            self.rk("role", "set", "demo", "root", "--expires", "30").refused(6)

    def test_keep_json_that_is_damaged(self):
        path = self.keep / "keep.json"
        whole = path.read_bytes()
        for broken in (b"", whole[:-20], b"[]", b"{}", b"\0" * 10, whole.replace(b"{", b"{{", 1)):
            path.write_bytes(broken)
            with self.unchanged():
                self.rk("key", "list").refused(1, "keep.json")


class Metadata(story.Story):
    """Texts that are no metadata, as FILE.json and inside a keep."""

    GOOD = ('{"signatures":[],"signed":{"_type":"timestamp","expires":"2099-01-01T00:00:00Z",'
            '"meta":{"snapshot.json":{"version":1}},"spec_version":"1.0.31","version":1}}')

    def bad(self):
        good = self.GOOD
        yield "cut", good[:-7]
        yield "empty", ""
        yield "duplicate-member", good.replace('"version":1}}', '"version":1,"version":2}}')
        yield "duplicate-by-escape", good.replace('"version":1}}', '"version":1,"\\u0076ersion":2}}')
        yield "exponent", good.replace('"version":1}}', '"version":1e3}}')
        yield "fraction", good.replace('"version":1}}', '"version":1.0}}')
        yield "huge", good.replace('"version":1}}', '"version":99999999999999999999}}')
        yield "minus-zero", good.replace('"version":1}}', '"version":-0}}')
        yield "nul-raw", good.replace("1.0.31", "1.0\0.31")
        yield "control-raw", good.replace("1.0.31", "1.0\x1b.31")
        yield "surrogate", good.replace("1.0.31", "\\ud800")
        yield "trailing", good + "{}"
        yield "comment", "//x\n" + good
        yield "nan", good.replace('"version":1}}', '"version":NaN}}')
        yield "array", "[]"
        yield "no-signed", '{"signatures":[]}'
        yield "brackets", "[" * 100_000_000
        yield "objects", '{"a":' * 10_000_000

    def test_each_is_refused_quickly_and_not_signed(self):
        token = self.token("alice")
        self.pkcs11(token, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "k", "--id", "01")
        for name, text in self.bad():
            with self.subTest(name):
                path = self.write(f"files/{name}.json", text)
                self.rk("digest", path).refused(1)
                with self.unchanged(self.folder / "files"):
                    self.rk("sign", path, "--key", token.key_uri("k"), "--keyid", "ab" * 32).refused(1)
                path.unlink()

    def test_bytes_that_are_no_utf8(self):
        for name, raw in (("latin", b"\xe4"), ("overlong", b"\xc0\x80"), ("surrogate", b"\xed\xa0\x80")):
            data = self.GOOD.encode().replace(b"1.0.31", raw)
            self.rk("digest", self.write(f"{name}.json", data)).refused(1)

    def test_a_damaged_file_in_the_keep_is_not_built_upon(self):
        self.published()
        for role in ("root", "targets"):
            path = self.newest(role)
            whole = path.read_bytes()
            for broken in (whole[:-9], b"", whole.replace(b'"version":1', b'"version":1e0')):
                path.write_bytes(broken)
                with self.unchanged():
                    self.assertIn(self.rk("renew", "demo", "--role", role).status, (1, 3), role)
                    self.assertIn(self.rk("verify", "demo").status, (1, 3), role)
            path.write_bytes(whole)

    def test_a_damaged_file_that_is_staged_is_not_signed(self):
        self.published()
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)
        path = self.metadata(part="staged") / "targets.json"
        whole = path.read_bytes()
        for broken in (whole[:-9], b"", whole.replace(b'"version":2', b'"version":2e0'),
                       whole.replace(b'"version":2', b'"version":7'),
                       whole.replace(b'"version":2', b'"version":1')):
            path.write_bytes(broken)
            with self.unchanged():
                self.assertIn(self.rk("sign", "demo").status, (1, 2, 3), broken[-200:])


class Names(story.Story):
    """Names that would lie, climb out of a folder or speak to a terminal."""

    HOSTILE = ("../escape", "a/../../b", "/absolute", "dir/", "a//b", "./a", "", "a\x01b", "a\x1b[31mb",
               "a\nb")
    LYING = ("a\u202eb", "a\u200bb")

    def test_target_names(self):
        self.published()
        for name in self.HOSTILE:
            with self.subTest(repr(name)), self.unchanged():
                result = self.rk("target", "add", "demo", "--name", name, "--length", "1", "--sha256",
                                 "00" * 32)
                result.refused(2)

    def test_names_that_look_like_others_are_kept_but_shown_by_their_escapes(self):
        self.published()
        for name in self.LYING:
            self.good("target", "add", "demo", "--name", name, "--length", "1", "--sha256", "00" * 32)
        for command in (["target", "list", "demo"], ["diff", "demo"], ["target", "remove", "demo", *self.LYING]):
            self.good(*command).silent_about("\u202e", "\u200b")

    def test_target_names_by_the_million_format(self):
        self.published()
        for name in self.HOSTILE:
            line = json.dumps({"name": name, "length": 1, "sha256": "00" * 32})
            path = self.write("bad.jsonl", '{"name":"ok","length":1,"sha256":"%s"}\n%s\n' % ("00" * 32,
                                                                                            line))
            with self.subTest(repr(name)), self.unchanged():
                self.assertIn(self.rk("target", "add", "demo", "--from", path).status, (1, 2))

    def test_lines_that_are_no_target(self):
        self.published()
        digest = "00" * 32
        for line in ('{"name":"x","length":-1,"sha256":"%s"}' % digest, '{"name":"x","length":1}',
                     '{"name":"x","length":1,"sha256":"zz"}', "[]", "{",
                     '{"name":"x","length":1.5,"sha256":"%s"}' % digest,
                     '{"name":"x","length":1,"sha256":"%s"}\n{"name":"x","length":2,"sha256":"%s"}'
                     % (digest, digest)):
            path = self.write("bad.jsonl", line + "\n")
            with self.subTest(line), self.unchanged():
                self.rk("target", "add", "demo", "--from", path)
                self.assertIn(self.rk("target", "add", "demo", "--from", path).status, (1, 2))

    def test_labels_of_tokens_and_keys_are_shown_never_printed(self):
        token = self.token("evil\u202etoken")
        self.pkcs11(token, "--keypairgen", "--key-type", "EC:prime256v1", "--id", "01", "--label",
                    "red\x1b[31m\x07")
        shown = self.good("token", "show", token.uri)
        listed = self.good("token", "list")
        for text in (shown.out, shown.err, listed.out, listed.err):
            for char in "\x1b\x07\u202e":
                self.assertNotIn(char, text)

    def test_hostile_words_on_the_command_line_do_not_reach_the_terminal(self):
        self.published()
        for words in (["status", "\x1b[2Jx"], ["key", "show", "\x1b]0;x\x07"], ["\x1b[31m"],
                      ["sign", "demo", "--\x1b[0m"]):
            result = self.rk(*words)
            self.assertEqual(result.status, 2, str(result))
            self.assertNotIn("\x1b", result.err + result.out)


class Chain(story.Story):
    def test_a_swapped_chain_is_refused_for_signing_and_verifying(self):
        self.published()
        other = self.folder / "other"
        other.mkdir(mode=0o700)
        for key in ("r2", "t2"):
            self.good("key", "generate", key, "--token", self.tokens[0].uri, cwd=other)
        self.good("init", "demo", "--dialect", "tuf", "--root", "r2", "--targets", "t2", cwd=other)
        self.good("sign", "demo", cwd=other)
        shutil.rmtree(self.metadata())
        shutil.copytree(other / "repos" / "demo" / "metadata", self.metadata())
        self.refuses(3, "verify", "demo")
        self.rk("renew", "demo", "--role", "root").refused(3)
        self.refuses(3, "sign", "demo")

    def test_a_missing_link_is_named(self):
        self.published()
        for _ in range(2):
            self.good("renew", "demo", "--role", "root")
            self.good("sign", "demo")
        (self.metadata() / "2.root.json").unlink()
        self.refuses(3, "verify", "demo", words=["2"])


class Disk(story.Story):
    SCRIPT = """set -e
mount -t tmpfs -o size=$2,mode=700 rootkeep-story "$1"
cp -a "$3/." "$1"
cd "$1"
mkdir .filler && (dd if=/dev/zero of=.filler/x bs=1k 2>/dev/null || true)
shift 3
set +e
"$@"
status=$?
rm -rf .filler
cp -a . "$OLDPWD/after"
exit $status
"""

    def test_a_full_disk_changes_nothing_and_signing_works_once_there_is_room(self):
        if os.geteuid() != 0:
            story.missing("not root: no disk of our own")
        story.need("unshare", "mount")
        self.published()
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)
        before = story.tree(self.keep)
        small = self.folder / "small"
        small.mkdir()
        wrap = ["unshare", "-m", "bash", "-c", self.SCRIPT, "bash", small, "400k", self.keep]
        result = self.rk("sign", "demo", wrap=wrap, cwd=self.folder)
        result.refused(6)
        after = story.tree(self.folder / "after")
        self.assertEqual({path: seen for path, seen in after.items() if path != "journal.jsonl"},
                         {path: seen for path, seen in before.items() if path != "journal.jsonl"})
        self.good("sign", "demo", cwd=self.folder / "after")
        self.good("verify", "demo", cwd=self.folder / "after")


class Usage(story.Story):
    def test_what_is_no_command_option_or_argument_is_2_with_the_nearest_name(self):
        self.rk("statsu").refused(2, "status")
        self.rk("key", "genrate").refused(2, "generate")
        self.rk("key", "list", "--jsno").refused(2, "--json")
        self.rk("verify", "--now", "yesterday").refused(2, "yesterday")
        self.rk("sign", "--pin-file").refused(2)
        self.assertEqual(list(self.keep.iterdir()), [])

    def test_help_and_version_succeed_on_stdout(self):
        self.good("--version").says("rootkeep")
        self.good("help").says("Commands", "token list")
        self.good("help", "key", "generate").says("--token")
        self.good("key", "generate", "--help").says("--token")
        for shell in ("bash", "zsh", "fish"):
            self.good("completion", shell).says("rootkeep")


if __name__ == "__main__":
    story.main()
