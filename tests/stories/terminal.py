"""A terminal with the program on it: what it shows is read, what a person types is sent."""
import errno
import fcntl
import os
import re
import select
import signal
import termios
import time


class Terminal:
    """Runs `words` as the leader of a session whose terminal is ours to type on."""

    def __init__(self, words, cwd, env):
        self.screen = ""
        self.status = None
        self.fd, self.slave = os.openpty()
        self.pid = os.fork()
        if self.pid == 0:
            self.become(words, cwd, env)

    def become(self, words, cwd, env):
        try:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for number in range(3):
                os.dup2(self.slave, number)
            os.closerange(3, 64)
            os.chdir(cwd)
            os.execve(words[0], words, env)
        finally:
            os._exit(127)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        os.close(self.slave)
        os.close(self.fd)

    def read(self, seconds):
        """Take in what comes within this time; False: nothing did."""
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        self.screen += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern, seconds=30):
        """Wait until the screen shows a pattern; what is shown up to its end is then forgotten."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            match = re.search(pattern, self.screen)
            if match:
                seen, self.screen = self.screen[:match.end()], self.screen[match.end():]
                return seen
            self.read(0.1)
        raise AssertionError(f"no {pattern!r} on the screen: {self.screen!r}")

    def send(self, text):
        os.write(self.fd, text.encode())

    def line(self, text):
        self.send(text + "\n")

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait_echo(self, wanted, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.echoes() == wanted:
                return True
            time.sleep(0.02)
        return False

    def kill(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds=60):
        """The exit status; minus the signal where one ended it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0.05):
                    pass
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
            self.read(0.05)
        raise AssertionError(f"it does not end; the screen: {self.screen!r}")
