"""C sources as the lint sees them: comments and strings told from code, functions, calls."""

import re
from dataclasses import dataclass, field
from functools import cached_property


def blank(text):
    """Spaces in the text's place, so that every position stays what it was."""
    return re.sub(r"[^\n]", " ", text)


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without(text, strings):
    """The text with its comments blanked, and the insides of its strings as well if asked."""

    def one(match):
        token = match.group()
        if token[0] == "/":
            return blank(token)
        return token[0] + blank(token[1:-1]) + token[-1] if strings else token

    return TOKEN.sub(one, text)


def closing(text, start):
    """The position of the bracket that closes the one at `start`; -1 without one."""
    depth = 0
    for at in range(start, len(text)):
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
            if depth == 0:
                return at
    return -1


def split(text, bare, separator):
    """The parts of `text` between separators that no bracket encloses, by its bare form."""
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(bare):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return parts + [text[begin:].strip()]


@dataclass
class Function:
    name: str
    line: int
    static: bool
    parameters: list
    begin: int  # of its body
    end: int
    length: int  # lines between its braces


@dataclass
class Call:
    name: str
    at: int
    arguments: list


@dataclass
class Source:
    path: str
    text: str
    functions: list = field(init=False)

    def __post_init__(self):
        self.functions = list(self.find_functions())

    @cached_property
    def code(self):
        return without(self.text, strings=False)

    @cached_property
    def bare(self):
        return without(self.text, strings=True)

    def line(self, at):
        return self.text.count("\n", 0, at) + 1

    def find_functions(self):
        """clang-format puts a function's name and its braces at the start of a line."""
        for match in re.finditer(r"^(\w+)\(", self.bare, re.M):
            end_of_head = closing(self.bare, match.end() - 1)
            if not re.match(r"\s*\n\{\n", self.bare[end_of_head + 1 :]):
                continue
            begin = self.bare.index("{", end_of_head)
            end = self.bare.find("\n}", begin)
            head = self.code[match.end() : end_of_head]
            parameters = [
                (re.findall(r"\w+", part.split("[")[0]) or [""])[-1]
                for part in split(head, head, ",")
            ]
            before = self.bare[: match.start()].rstrip("\n").rsplit("\n", 1)[-1]
            yield Function(
                match.group(1), self.line(match.start()), "static" in before.split(), parameters,
                begin, end, self.bare.count("\n", begin, end + 1) - 1)

    def calls(self, names):
        pattern = r"\b(" + "|".join(sorted(names)) + r")\s*\("
        for match in re.finditer(pattern, self.bare):
            end = closing(self.bare, match.end() - 1)
            begin = match.end()
            if end >= 0:
                yield Call(match.group(1), match.start(),
                    split(self.code[begin:end], self.bare[begin:end], ","))

    def function_at(self, at):
        for function in self.functions:
            if function.begin <= at <= function.end:
                return function
        return None
