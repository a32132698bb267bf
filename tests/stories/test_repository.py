"""Repositories: made, changed, signed, renewed, verified, logged."""
import hashlib
import json
import re
import shutil

import story

NOW = "2026-06-01T12:00:00Z"


class Init(story.Story):
    def test_staged_first_published_by_sign_verified_as_a_client(self):
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))
        self.repository()
        self.assertEqual(sorted(path.name for path in self.metadata(part="staged").iterdir()),
                         ["root.json", "targets.json"])
        self.assertFalse(list(self.metadata().glob("*")) if self.metadata().exists() else [])
        self.good("diff", "demo").says("root", "targets")
        self.good("sign", "demo")
        self.assertEqual(sorted(path.name for path in self.metadata().iterdir()),
                         ["1.root.json", "1.snapshot.json", "1.targets.json", "timestamp.json"])
        self.verified().says("demo")
        self.good("check")
        self.no_strays()

    def test_a_file_is_one_canonical_line_signed_first(self):
        self.published()
        for path in self.metadata().iterdir():
            text = path.read_text()
            document = json.loads(text)
            self.assertEqual(list(document), ["signed", "signatures"], path.name)
            line = json.dumps(document["signed"], sort_keys=True, separators=(",", ":"),
                              ensure_ascii=False)
            self.assertTrue(text.startswith('{"signed":' + line), path.name)
            self.assertEqual(text.rstrip("\n").count("\n"), 0, path.name)

    def test_init_needs_no_token(self):
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))
        self.env["SOFTHSM2_CONF"] = "/nonexistent"
        self.good("init", "demo", "--dialect", "tuf", "--root", "root", "--targets", "targets", pins=[])

    def test_days_versions_and_the_portable_members(self):
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))
        words = ["init", "demo", "--dialect", "tuf", "--root", "root", "--targets", "targets",
                 "--expires", "root=100,timestamp=2"]
        self.good(*words, now=NOW)
        self.good("sign", "demo", now=NOW)
        expected = {"root": "2026-09-09T12:00:00Z", "targets": "2027-06-01T12:00:00Z",
                    "snapshot": "2026-07-01T12:00:00Z", "timestamp": "2026-06-03T12:00:00Z"}
        for role, expires in expected.items():
            self.assertEqual(self.signed(role)["expires"], expires, role)
        root = self.signed("root")
        self.assertEqual(set(root["roles"]), {"root", "targets", "snapshot", "timestamp"})
        self.assertIs(root["consistent_snapshot"], True)
        for key_id, key in root["keys"].items():
            self.assertEqual(key_id, hashlib.sha256(story.canonical(key).encode()).hexdigest())

    def test_not_consistent_has_plain_names(self):
        for key in ("root", "targets"):
            self.key(key, self.token(f"{key}-token"))
        self.good("init", "demo", "--dialect", "tuf", "--root", "root", "--targets", "targets",
                  "--not-consistent")
        self.good("sign", "demo")
        names = {path.name for path in self.metadata().iterdir()}
        self.assertEqual(names, {"1.root.json", "targets.json", "snapshot.json", "timestamp.json"})

    def test_a_name_that_is_taken_or_an_unknown_key(self):
        self.published()
        words = ["--dialect", "tuf", "--root", "root", "--targets", "targets"]
        self.refuses(2, "init", "demo", *words, words=["demo"])
        self.refuses(2, "init", "other", "--dialect", "tuf", "--root", "nobody", "--targets", "root",
                     words=["nobody"])
        self.refuses(2, "init", "other", "--dialect", "pgp", "--root", "root", "--targets", "targets")

    def test_the_folder_of_a_name_is_one_component(self):
        self.key("k", self.token("alice"))
        self.repository("Registry.example.com:5000/app", roots=["k"], targets=["k"])
        names = [path.name for path in (self.keep / "repos").iterdir()]
        self.assertEqual(names, ["%52egistry.example.com%3A5000%2Fapp"])

    def test_repo_list_path_and_remove(self):
        self.published()
        self.good("repo", "list").says("demo")
        self.good("repo", "list", "--json")
        path = self.good("repo", "path", "demo").out.strip()
        self.assertEqual(path, str(self.metadata().resolve()))
        self.good("repo", "remove", "demo", "-y")
        self.good("repo", "list").silent_about("demo")


class Threshold(story.Story):
    def setUp(self):
        super().setUp()
        for name in ("a", "b", "c"):
            self.key(name, self.token(f"token-{name}"))
        self.a, self.b, self.c = self.tokens
        self.repository(roots="abc", targets="a", root_threshold=2)

    def test_one_signature_of_two_is_not_finished_and_says_whose_are_missing(self):
        self.rk("sign", "demo", pins=[self.a]).done(5).says("b", "c")
        self.assertFalse(self.metadata().exists() and list(self.metadata().iterdir()))
        self.rk("status", "demo").says("1 of 2")
        self.good("sign", "demo", pins=[self.a, self.b])
        self.verified()

    def test_all_at_hand_sign_beyond_the_threshold(self):
        self.good("sign", "demo")
        root = json.loads(self.newest("root").read_bytes())
        self.assertEqual(len(root["signatures"]), 3)

    def test_one_named_key_signs_alone(self):
        self.rk("sign", "demo", "--key", "b").done(5)
        staged = json.loads((self.metadata(part="staged") / "root.json").read_bytes())
        self.assertEqual(len(staged["signatures"]), 1)

    def test_a_named_key_without_its_pin_is_4(self):
        self.refuses(4, "sign", "demo", "--key", "b", pins=[self.a], words=["b"])

    def test_without_any_pin_it_is_4(self):
        with self.unchanged():
            self.rk("sign", "demo", pins=[]).done(4).says(
                "--pin-file", *(token.shown for token in self.tokens[:2]))
            self.rk("sign", "demo", "--json", pins=[]).done(4)

    def test_a_signed_payload_is_frozen_until_reset(self):
        self.rk("sign", "demo", pins=[self.a]).done(5)
        self.refuses(2, "role", "set", "demo", "root", "--expires", "10", words=["reset"])
        self.good("reset", "demo", "-y").says("root")
        outstanding = json.loads((self.keep / "keep.json").read_bytes())["repositories"]["demo"][
            "outstanding"]
        self.assertIn(("root", 1), [(one["role"], one["version"]) for one in outstanding])

    def test_more_than_there_are_keys_is_refused(self):
        self.refuses(2, "role", "set", "demo", "root", "--threshold", "4")
        self.refuses(2, "role", "set", "demo", "root", "--threshold", "0")

    def test_the_next_root_satisfies_the_old_keys_and_the_new(self):
        self.good("sign", "demo")
        self.key("d", self.token("token-d"))
        self.good("role", "set", "demo", "root", "--add-key", "d", "--remove-key", "a",
                  "--remove-key", "b")
        d = self.tokens[-1]
        self.rk("sign", "demo", pins=[self.c, d]).done(5)
        self.assertEqual(self.version("root"), 1)
        self.good("sign", "demo", pins=[self.a])
        self.assertEqual(self.version("root"), 2)
        self.verified()

    def test_a_new_targets_key_has_targets_signed_again(self):
        self.good("sign", "demo")
        self.good("role", "set", "demo", "targets", "--add-key", "b", "--remove-key", "a")
        self.good("sign", "demo")
        self.assertEqual((self.version("root"), self.version("targets")), (2, 2))
        self.verified()

    def test_role_show_tells_keys_and_threshold(self):
        self.good("role", "show", "demo").says("root", "targets", "snapshot", "timestamp")
        self.good("role", "show", "demo", "root").says("a", "b", "c", "2")
        self.good("role", "show", "demo", "--json")


class Targets(story.Story):
    def setUp(self):
        super().setUp()
        self.published()
        self.file = self.write("tree/dir/app.bin", b"content\n" * 1000)

    def add(self):
        return self.good("target", "add", "demo", self.file, "--base", self.folder / "tree")

    def test_a_file_is_hashed_staged_and_published(self):
        self.add()
        self.good("target", "list", "demo").says("dir/app.bin")
        self.good("target", "list", "demo", "--published").silent_about("dir/app.bin")
        self.good("diff", "demo").says("dir/app.bin")
        self.good("sign", "demo")
        data = self.file.read_bytes()
        self.assertEqual(self.signed("targets")["targets"]["dir/app.bin"],
                         {"length": len(data), "hashes": {"sha256": hashlib.sha256(data).hexdigest()}})
        self.good("target", "list", "demo", "--published").says("dir/app.bin")
        self.good("target", "list", "demo", "--json")
        self.verified()

    def test_root_is_not_signed_again_for_it(self):
        self.add()
        self.good("sign", "demo", pins=[self.tokens[1]])
        self.assertEqual([self.version(role) for role in ("root", "targets", "snapshot", "timestamp")],
                         [1, 2, 2, 2])

    def test_facts_as_given_and_custom(self):
        self.good("target", "add", "demo", "--name", "x", "--length", "3", "--sha256", "ab" * 32,
                  "--sha512", "cd" * 64)
        self.good("target", "add", "demo", self.file, "--base", self.folder / "tree",
                  "--custom", '{"os":"linux","n":9007199254740991}')
        self.good("sign", "demo")
        targets = self.signed("targets")["targets"]
        self.assertEqual(targets["x"], {"length": 3, "hashes": {"sha256": "ab" * 32,
                                                                "sha512": "cd" * 64}})
        self.assertEqual(targets["dir/app.bin"]["custom"], {"os": "linux", "n": 9007199254740991})

    def test_many_from_a_file(self):
        lines = [json.dumps({"name": f"many/{number}", "length": number,
                             "sha256": hashlib.sha256(b"%d" % number).hexdigest()})
                 for number in range(5000)]
        self.good("target", "add", "demo", "--from", self.write("many.jsonl", "\n".join(lines) + "\n"))
        self.good("sign", "demo")
        self.assertEqual(len(self.signed("targets")["targets"]), 5000)
        self.verified()

    def many(self, count, shuffled=False):
        numbers = sorted(range(count), key=lambda number: hashlib.md5(b"%d" % number).digest()
                         if shuffled else f"{number:07d}".encode())
        return "".join(json.dumps({"name": f"many/{number:07d}", "length": number,
                                   "sha256": hashlib.sha256(b"%d" % number).hexdigest()}) + "\n"
                       for number in numbers)

    def test_a_list_in_any_order_gives_the_same_file(self):
        for name, shuffled in (("one", False), ("two", True)):
            self.repository(name, targets=("targets",))
            self.good("sign", name)
            self.good("target", "add", name, "--from",
                      self.write(f"{name}.jsonl", self.many(3000, shuffled)), now=NOW)
        one, two = ((self.metadata(name, "staged") / "targets.json").read_bytes()
                    for name in ("one", "two"))
        self.assertEqual(one, two)

    def test_a_list_with_a_name_twice_or_a_damaged_line_is_refused(self):
        lines = self.many(2000, True).splitlines()
        twice = lines + [lines[7]]
        self.refuses(2, "target", "add", "demo", "--from",
                     self.write("twice.jsonl", "\n".join(twice)), words=["lines 8 and 2001"])
        damaged = lines[:1500] + ['{"name": "x"}'] + lines[1500:]
        self.rk("target", "add", "demo", "--from",
                self.write("damaged.jsonl", "\n".join(damaged))).says("line 1501")

    def test_a_file_of_megabytes_waits_with_its_signature_and_is_published_later(self):
        """Larger than what is signed in memory: through the disk, by two people."""
        self.key("other", self.token("other-token"))
        self.good("role", "set", "demo", "targets", "--add-key", "other", "--threshold", "2")
        self.good("sign", "demo")
        self.good("target", "add", "demo", "--from", self.write("many.jsonl", self.many(12000)))
        staged = self.metadata(part="staged") / "targets.json"
        self.assertGreater(staged.stat().st_size, 1 << 20)
        self.rk("sign", "demo", "--key", "targets").done(5)
        self.assertEqual(len(json.loads(staged.read_bytes())["signatures"]), 1)
        remembered = "".join(path.read_text() for path in
                             (self.folder / "state").rglob("anchors/*.json"))
        self.assertIn('"targets"', remembered)
        self.good("sign", "demo")
        self.assertFalse(staged.exists())
        targets = json.loads(self.newest("targets").read_bytes())
        self.assertEqual((len(targets["signed"]["targets"]), len(targets["signatures"])), (12000, 2))
        self.verified()
        self.good("check")
        self.no_strays()

    def test_removed_again(self):
        self.add()
        self.good("sign", "demo")
        self.good("target", "remove", "demo", "dir/app.bin")
        self.good("sign", "demo")
        self.assertEqual(self.signed("targets")["targets"], {})
        self.refuses(2, "target", "remove", "demo", "dir/app.bin", words=["dir/app.bin"])

    def test_published_target_files_are_checked(self):
        out = self.folder / "out"
        self.good("target", "add", "demo", self.file, "--base", self.folder / "tree",
                  "--publish", out)
        self.good("sign", "demo")
        self.verified()
        self.good("verify", "demo", "--targets", out)
        copy = next(path for path in out.rglob("*app.bin"))
        copy.write_bytes(b"altered")
        self.refuses(3, "verify", "demo", "--targets", out, words=["app.bin"])

    def test_a_dry_run_stages_nothing(self):
        with self.unchanged():
            self.good("target", "add", "demo", self.file, "--dry-run")
            self.good("target", "add", "demo", self.file, "--dry-run", "--json")


class Life(story.Story):
    def test_status_shows_expiry_and_fails_within(self):
        self.published()
        self.good("status", "demo").says("root", "targets", "1 of 1")
        self.good("status", "demo", "--json")
        self.rk("status", "demo", "--fail-within", "400").done(3)
        self.good("status", "demo", "--fail-within", "1")

    def test_an_expired_repository_is_not_trusted_and_renew_mends_it(self):
        self.published()
        later = "2099-01-01T00:00:00Z"
        self.refuses(3, "verify", "demo", now=later, words=["expire"])
        self.good("renew", "demo", "--role", "all", now=later)
        self.rk("sign", "demo", now=later).done()
        self.assertEqual(self.version("root"), 2)
        self.verified(now=later)

    def test_renew_takes_what_is_inside_its_warning_window(self):
        self.published()
        self.good("renew", "demo")
        self.assertFalse((self.metadata(part="staged") / "root.json").exists())

    def test_now_far_from_the_clock_signs_nothing(self):
        self.published()
        self.good("renew", "demo", "--role", "targets")
        with self.unchanged():
            self.rk("sign", "demo", "--now", "2031-01-01T00:00:00Z").refused(2, "--fixed-clock")

    def test_reset_forgets_what_is_staged(self):
        self.published()
        self.good("renew", "demo", "--role", "root")
        self.good("reset", "demo", "-y")
        self.good("diff", "demo")
        self.assertEqual(list(self.metadata(part="staged").glob("*")), [])
        self.assertEqual(self.version("root"), 1)

    def test_nothing_staged_is_said(self):
        self.published()
        self.refuses(2, "sign", "demo", words=["nothing is staged"])

    def test_verify_from_a_root_outside_and_by_folder(self):
        self.published()
        root = self.write("trusted.json", (self.metadata() / "1.root.json").read_bytes())
        self.good("verify", self.metadata(), "--root", root, cwd=self.folder)
        self.rk("verify", self.metadata(), cwd=self.folder).done(3).says("not authenticated")
        self.good("verify", "demo", "--json")

    def test_since_sees_a_rollback(self):
        self.published()
        old = self.folder / "old"
        shutil.copytree(self.metadata(), old)
        self.good("renew", "demo", "--role", "all")
        self.rk("sign", "demo").done()
        root = old / "1.root.json"
        self.good("verify", self.metadata(), "--root", root, "--since", old)
        self.refuses(3, "verify", old, "--root", root, "--since", self.metadata())

    def test_verify_tells_an_altered_file_in_the_keep(self):
        self.published()
        path = self.newest("targets")
        path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":9'))
        self.refuses(3, "verify", "demo", words=["targets"])


class Log(story.Story):
    def test_a_chain_that_verifies(self):
        self.published()
        self.good("log").says("sign")
        self.good("log", "verify")
        lines = (self.keep / "journal.jsonl").read_bytes().splitlines()
        prev = "0" * 64
        for number, line in enumerate(lines, 1):
            entry = json.loads(line)
            self.assertEqual((entry["seq"], entry["prev"]), (number, prev))
            prev = hashlib.sha256(line).hexdigest()
        self.good("log", "--json")
        self.good("log", "verify", "--json")

    def test_a_changed_line_and_a_missing_one_are_found(self):
        self.published()
        journal = self.keep / "journal.jsonl"
        whole = journal.read_bytes()
        lines = whole.splitlines(keepends=True)
        for broken in (b"".join([lines[0], *lines[2:]]), whole.replace(b'"seq":1', b'"seq":7'),
                       whole.replace(b'"seq": 1', b'"seq": 7')):
            if broken == whole:
                continue
            journal.write_bytes(broken)
            self.rk("log", "verify").refused(3)

    def test_the_head_is_said_after_a_token_was_used_and_holds(self):
        self.published()
        self.good("renew", "demo", "--role", "targets")
        signed = self.good("sign", "demo")
        words = re.search(r"(?:[A-Za-z-]+[ \n]+){31}[A-Za-z-]+", signed.err + signed.out)
        self.assertTrue(words, str(signed))
        self.good("log", "verify", "--head", words[0])
        other = self.good("digest", self.newest("root"), "--json").json["words"]
        self.rk("log", "verify", "--head", other).refused(3)
        swapped = words[0].split()
        swapped[0], swapped[1] = swapped[1], swapped[0]
        self.rk("log", "verify", "--head", " ".join(swapped)).refused(2)

    def test_a_copy_outside_is_compared(self):
        self.published()
        copy = self.write("copy.jsonl", (self.keep / "journal.jsonl").read_bytes())
        self.good("renew", "demo", "--role", "targets")
        self.good("log", "verify", "--against", copy)
        lines = copy.read_bytes().splitlines(keepends=True)
        (self.keep / "journal.jsonl").write_bytes(b"".join(lines[:-1]))
        self.rk("log", "verify", "--against", copy).refused(3)


class Check(story.Story):
    def test_a_healthy_keep_and_what_is_wrong_with_a_sick_one(self):
        self.published()
        with self.unchanged():
            self.good("check")
            self.good("check", "--json")
        (self.keep / "repos" / "demo" / "metadata" / "stray.txt").write_text("x")
        with self.unchanged():
            self.rk("check").done(3).says("stray.txt")
            self.rk("check", "--json").done(3)


class OtherAnchor(story.Story):
    def test_the_same_name_under_another_anchor_is_told(self):
        self.published()
        other = self.folder / "other"
        other.mkdir(mode=0o700)
        for token, name in zip(self.tokens, ("root", "targets")):
            self.good("-C", other, "key", "enrol", name, token.key_uri(name))
        self.good("-C", other, "init", "demo", "--dialect", "tuf", "--root", "root", "--targets",
                  "targets", "--expires", "root=100")
        elsewhere = {"XDG_STATE_HOME": str(self.folder / "elsewhere")}
        self.good("-C", other, "sign", "demo", env=elsewhere)
        self.good("-C", other, "renew", "demo", "--role", "timestamp")
        result = self.good("-C", other, "sign", "demo")
        self.assertIn("under another anchor", result.err)
        self.good("-C", other, "renew", "demo", "--role", "timestamp")
        self.assertNotIn("another anchor", self.good("-C", other, "sign", "demo").err)

    def test_an_exception_is_journaled_with_its_reason(self):
        self.published()
        path = self.keep / "keep.json"
        keep = json.loads(path.read_text())
        keep["policy"] = {"min_threshold": {"root": 2}}
        path.write_text(json.dumps(keep))
        self.refuses(2, "role", "set", "demo", "root", "--threshold", "1", words=["at least 2"])
        self.good("role", "set", "demo", "root", "--threshold", "1", "--except",
                  "min-threshold=one holder is on leave")
        last = json.loads((self.keep / "journal.jsonl").read_text().splitlines()[-1])
        self.assertEqual(last["except"], {"min-threshold": "one holder is on leave"})


if __name__ == "__main__":
    story.main()
