"""What the program and its workers cannot do: seen from outside, and by a module that tries."""
import json
import os
import pathlib
import re

import story

BUILD = os.environ.get("RK_BUILD", "")


class Confined(story.Story):
    def module(self, name):
        path = pathlib.Path(BUILD) / "tests" / "modules" / f"{name}.so"
        if not BUILD or not path.exists():
            story.missing(f"no module {name} in RK_BUILD")
        return path

    def journal(self):
        lines = (self.keep / "journal.jsonl").read_text().splitlines()
        return json.loads(lines[-1])


class Calls(Confined):
    """As the kernel saw them."""

    CALLS = "seccomp,socket,socketpair,connect,execve,execveat,io_uring_setup,ptrace,openat,openat2"
    LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")

    def setUp(self):
        super().setUp()
        story.need("strace")
        self.published()
        self.good("renew", "demo", "--role", "all")
        trace = self.folder / "trace"
        self.good("sign", "demo", env={"ASAN_OPTIONS": "detect_leaks=0"},
                  wrap=["strace", "-f", "-qq", "-e", f"trace={self.CALLS}", "-o", trace])
        self.seen = [match.groups() for match in map(self.LINE.match, trace.read_text().splitlines()) if match]
        self.main = self.seen[0][0]

    def test_a_filter_for_all_threads_stands_before_a_module_is_opened(self):
        filtered, opened, module = set(), set(), os.path.realpath(story.MODULE)
        for pid, call, words in self.seen:
            if call == "seccomp" and "SECCOMP_SET_MODE_FILTER" in words and words.rstrip().endswith("= 0"):
                self.assertIn("TSYNC", words)
                filtered.add(pid)
            elif call.startswith("openat") and f'"{module}"' in words:
                opened.add(pid)
                if pid != self.main:  # which only reads it, for its digest, and has a filter too
                    self.assertIn(pid, filtered, "a module is opened by a process without a filter")
        self.assertIn(self.main, filtered)
        self.assertTrue(opened - {self.main}, "no worker opened the module")

    def test_no_process_opens_a_network_socket_and_main_none_at_all(self):
        for pid, call, words in self.seen:
            if call == "socket":
                self.assertIn("AF_UNIX", words)
            self.assertNotIn(call, ("io_uring_setup", "ptrace"))
        since = [call for pid, call, words in self.after_filter(self.main)]
        self.assertEqual([call for call in since if "socket" in call or call == "connect"], [])

    def after_filter(self, wanted):
        calls = [entry for entry in self.seen if entry[0] == wanted]
        first = next(i for i, entry in enumerate(calls) if entry[1] == "seccomp" and "FILTER" in entry[2])
        return calls[first + 1:]

    def test_nothing_is_executed_but_the_program_itself(self):
        self.assertEqual(len([call for _, call, _ in self.seen if call.startswith("exec")]), 1)


class Escape(Confined):
    """The module tells by small letters what was shut: see tests/modules/escape.c."""

    def tried(self, *options):
        dangerous = ("LD_BIND_NOW", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "PKCS11SPY",
                     "P11_KIT_DEBUG", "OPENSC_DEBUG", "YKCS11_DBG", "P11_KIT_SERVER_ADDRESS", "RK_KEPT")
        told = self.good("token", "list", "--module", self.module("escape"), "--json", *options,
                         env={name: "/dev/null" for name in dangerous},
                         wrap=["sh", "-c", 'exec 7</dev/null 9</dev/null; exec "$0" "$@"'])
        return told.json["tokens"][0]

    def test_a_worker_is_shut_in(self):
        token = self.tried()
        self.assertEqual((token["label"], token["serial"]), ("ijnUfsxpyTwvgkehmq", "5lomesdcyAHK"))

    def test_with_the_network_nothing_else_is_open(self):
        self.assertRegex(self.tried("--network-token")["label"], "^I[ijJI]NUfsxpyTwvgkehmq$")


class Network(Confined):
    WORDS = "open network connections"

    def setUp(self):
        super().setUp()
        self.published()
        self.good("renew", "demo", "--role", "targets")

    def test_the_plan_tells(self):
        steps = self.good("sign", "demo", "--dry-run", "--json", "--network-token").json["steps"]
        self.assertEqual([step["effect"] for step in steps].count("network"), 1)
        self.good("sign", "demo", "--dry-run", "--network-token").says(self.WORDS)
        self.good("sign", "demo", "--dry-run").silent_about(self.WORDS)

    def test_the_run_and_the_journal_tell(self):
        self.good("sign", "demo", "--network-token").says(self.WORDS)
        tokens = self.journal()["tokens"]
        self.assertTrue(tokens)
        self.assertEqual([token.get("network") for token in tokens], [True] * len(tokens))
        self.good("renew", "demo", "--role", "targets")
        self.good("sign", "demo").silent_about(self.WORDS)
        self.assertNotIn("network", self.journal()["tokens"][0])

    def test_a_command_without_tokens_says_nothing(self):
        self.good("status", "demo", "--network-token").silent_about(self.WORDS)


class Heap(Confined):
    WORDS = "no memory could be locked"

    def test_a_heap_that_is_not_locked_is_one_warning(self):
        story.need("setpriv", "prlimit")
        if os.geteuid() != 0:
            story.missing("only root can give up the right to lock memory")
        self.published()
        self.good("renew", "demo", "--role", "targets")
        wrap = ["setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "prlimit", "--memlock=0"]
        self.good("status", "demo", wrap=wrap).silent_about(self.WORDS)
        said = self.good("sign", "demo", wrap=wrap)
        self.assertEqual(said.err.count(self.WORDS), 1, said)
        self.good("renew", "demo", "--role", "targets")
        self.good("sign", "demo").silent_about(self.WORDS)


class Canary(Confined):
    """Nothing that stands in a keep is loaded or run."""

    def setUp(self):
        super().setUp()
        self.published()
        self.good("renew", "demo", "--role", "targets")
        self.mark = self.folder / "sang"
        self.env["RK_CANARY"] = str(self.mark)

    def sang(self):
        sang = self.mark.exists()
        self.mark.unlink(missing_ok=True)
        return sang

    def uris(self):
        canary = self.module("canary")
        touch = f"touch%20{self.mark}"
        base = "pkcs11:token=root-token;object=root;type=private"
        for query in (f"module-path={canary}", f"module-name=softhsm2&module-path={canary}",
                      f"pin-source=|{touch}", f"pin-source=%7C{touch}", f"module-name=softhsm2&pin-source=|{touch}",
                      f"pin-source=file:{self.tokens[0].pin_file}", f"pin-value={self.tokens[0].pin}",
                      f"module-name={canary}", "module-name=../../canary"):
            yield f"{base}?{query}"
        yield f"{base};module-path={canary}"
        yield f"{base};%6dodule-path={canary}"

    def test_the_canary_sings_where_a_person_asks_for_it(self):
        self.good("token", "list", "--module", self.module("canary"))
        self.assertTrue(self.sang())

    def test_nothing_in_keep_json_sings(self):
        file = self.keep / "keep.json"
        before = file.read_text()
        keep = json.loads(before)
        stored = next(iter(self.stored(keep)))
        for uri in self.uris():
            file.write_text(before.replace(json.dumps(stored), json.dumps(uri)))
            self.assertIn(uri, file.read_text())
            for command in (["sign", "demo"], ["key", "test", "root"], ["status", "demo"], ["key", "list"],
                            ["check"]):
                with self.subTest(command=command, uri=uri):
                    result = self.rk(*command)
                    self.assertNotEqual(result.status, 0, result)
                    result.silent_about(self.tokens[0].pin + "\n")
                    self.assertFalse(self.sang(), f"it was run: {result}")
        file.write_text(before)
        self.good("sign", "demo")
        self.verified()

    def stored(self, value):
        """Every URI in the keep."""
        if isinstance(value, str) and value.startswith("pkcs11:"):
            yield value
        elif isinstance(value, (dict, list)):
            for item in value.values() if isinstance(value, dict) else value:
                yield from self.stored(item)

    def test_nor_in_a_uri_that_would_be_stored(self):
        for uri in self.uris():
            with self.subTest(uri), self.unchanged():
                if "module-path" in uri.partition("?")[2] or "file:" in uri:
                    continue  # a person may say so on the command line; it is not stored: stories/keys
                result = self.rk("key", "enrol", "other", uri)
                self.assertNotEqual(result.status, 0, result)
                self.assertFalse(self.sang())


if __name__ == "__main__":
    story.main()
