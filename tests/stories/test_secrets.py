"""PINs: where they may never be seen, and what a terminal looks like after an interruption."""
import os
import pathlib
import re
import signal
import subprocess
import time

import story
from terminal import Terminal


class Secrets(story.Story):
    def setUp(self):
        super().setUp()
        self.published()
        self.good("target", "add", "demo", "--name", "x", "--length", "1", "--sha256", "00" * 32)

    def interactive(self, *arguments):
        return Terminal(self.command(arguments, pins=[], interactive=True), self.keep, self.env)

    def at_the_prompt(self, terminal):
        """Its PIN prompt, which names the token, its serial and what for."""
        seen = terminal.expect(r"PIN[^\n]*: ?$")
        self.assertTrue(terminal.wait_echo(False), "the echo is on at a PIN prompt")
        return seen


class Typed(Secrets):
    def test_the_prompt_names_token_serial_and_what_is_signed(self):
        with self.interactive("sign", "demo") as terminal:
            seen = self.at_the_prompt(terminal)
            self.assertIn("-token", seen)
            self.assertRegex(seen, r"serial [0-9a-f]+")
            self.assertRegex(" ".join(seen.split()),
                             "sign targets 2 of demo, then its snapshot and timestamp")
            self.assertIn("demo", seen)
            terminal.line(next(token.pin for token in self.tokens if token.label in seen))
            while terminal.status is None:
                try:
                    terminal.wait(3)
                except AssertionError:
                    if not re.search(r"PIN[^\n]*: ?$", terminal.screen):
                        raise
                    label = [token for token in self.tokens if token.label in terminal.screen]
                    terminal.screen = ""
                    terminal.line(label[-1].pin)
            self.assertEqual(terminal.status, 0, terminal.screen)
            for token in self.tokens:
                self.assertNotIn(token.pin, terminal.screen)
        self.verified()

    def test_interrupts_restore_the_echo_and_change_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            with self.subTest(number.name), self.unchanged(), self.interactive("sign", "demo") as terminal:
                self.at_the_prompt(terminal)
                terminal.send("half a pin")
                terminal.read(0.3)
                if number == signal.SIGINT:
                    terminal.send("\x03")
                else:
                    terminal.kill(number)
                status = terminal.wait()
                self.assertIn(status, (-number, 2, 128 + number))
                self.assertTrue(terminal.wait_echo(True), "the echo is off after it ended")
                self.assertNotIn("half a pin", terminal.screen)

    def test_end_of_input_is_no_answer(self):
        with self.unchanged(), self.interactive("sign", "demo") as terminal:
            self.at_the_prompt(terminal)
            terminal.send("\x04")
            self.assertIn(terminal.wait(), (2, 4, 5))
            self.assertTrue(terminal.wait_echo(True))


class Nowhere(Secrets):
    def test_not_in_any_file_message_or_log(self):
        signed = self.good("sign", "demo", "-v")
        pins = [word for token in self.tokens for word in (token.pin, token.so_pin)]
        signed.silent_about(*pins)
        for place in ("keep", "state", "home", "tmp", "tokens"):
            for path in (self.folder / place).rglob("*"):
                if path.is_file():
                    data = path.read_bytes()
                    for pin in pins:
                        self.assertNotIn(pin.encode(), data, path)

    def test_not_in_the_arguments_or_environment_of_any_process(self):
        with Terminal(self.command(["sign", "demo"], interactive=True, pins=self.tokens[:1]), self.keep,
                      self.env) as terminal:
            try:
                terminal.expect(r"PIN[^\n]*: ?$", 10)
            except AssertionError:
                pass
            pins = [token.pin.encode() for token in self.tokens]
            for process in self.family(terminal.pid):
                for name in ("cmdline", "environ"):
                    data = (process / name).read_bytes()
                    for pin in pins:
                        self.assertNotIn(pin + b"\0", data)

    @staticmethod
    def family(leader):
        """The processes of the session."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(process.name)) == leader:
                    yield process
            except ProcessLookupError:
                pass

    def test_exec_and_environ_as_the_kernel_saw_them(self):
        story.need("strace")
        trace = self.folder / "trace"
        words = ["strace", "-f", "-qq", "-v", "-s", "4096", "-e", "trace=execve,execveat", "-o", trace]
        # A sanitized build cannot look for leaks while something traces it.
        self.good("sign", "demo", wrap=words, env={"ASAN_OPTIONS": "detect_leaks=0"})
        seen = trace.read_text()
        self.assertIn("execve", seen)
        for token in self.tokens:
            self.assertIsNone(re.search(re.escape(token.pin) + r"(?!\.|\w)", seen))

    def test_stdin_gives_a_pin_once(self):
        token = self.tokens[1]
        self.good("sign", "demo", "--pin-file", f"{token.label}=-", pins=[],
                  stdin=token.pin.encode() + b"\n")
        self.verified()

    def test_no_core_is_dumped_and_no_process_may_look(self):
        with self.interactive("sign", "demo") as terminal:
            self.at_the_prompt(terminal)
            limits = pathlib.Path(f"/proc/{terminal.pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size\s+0\s")

    def test_no_process_outlives_it(self):
        with self.interactive("sign", "demo") as terminal:
            self.at_the_prompt(terminal)
            terminal.kill(signal.SIGKILL)
            leader = terminal.pid
            terminal.wait()
            end = time.monotonic() + 10
            while list(self.family(leader)) and time.monotonic() < end:
                time.sleep(0.05)
            left = [(process / "cmdline").read_bytes() for process in self.family(leader)]
            self.assertEqual(left, [])


class Pad(story.Story):
    def test_no_option_takes_a_secret_itself(self):
        for option in ("--pin", "--passphrase", "--so-pin"):
            self.rk("sign", "x.json", option, "1234").refused(2)
        done = subprocess.run([story.BINARY, "help", "sign"], env=self.env, capture_output=True,
                              check=True, text=True)
        self.assertNotRegex(done.stdout, r"--pin[ =]")


if __name__ == "__main__":
    story.main()
