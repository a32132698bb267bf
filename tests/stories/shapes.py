"""Shapes of JSON documents, read from the fenced blocks of docs/json.md, which explains them."""
import pathlib
import re

BLOCK = re.compile(r"^```shape ([a-z -]+)\n(.*?)^```$", re.M | re.S)
LEXEME = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+)|(?P<word>[a-z][a-z0-9-]*)'
                    r'|(?P<more>\.\.\.)|(?P<mark>[][{}:,?|]))')
PLAIN = {
    "text": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "any": lambda value: True,
    "hex": lambda value: isinstance(value, str) and re.fullmatch(r"([0-9a-f]{2})+", value),
    "sha256": lambda value: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value),
    "time": lambda value: isinstance(value, str)
    and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value),
    "uri": lambda value: isinstance(value, str) and value.startswith("pkcs11:"),
}


class Parser:
    """A shape's text to nested tuples: ('either', …), ('list', X), ('map', X), ('object', …)."""

    def __init__(self, text):
        self.lexemes, end = [], 0
        text = text.rstrip()
        while end < len(text):
            match = LEXEME.match(text, end)
            if not match:
                raise ValueError(f"no shape: {text[end:end + 30]!r}")
            self.lexemes.append((match.lastgroup, match[match.lastgroup]))
            end = match.end()

    def peek(self):
        return self.lexemes[0] if self.lexemes else ("end", "")

    def take(self, wanted=None):
        kind, text = self.lexemes.pop(0) if self.lexemes else ("end", "")
        if wanted and text != wanted:
            raise ValueError(f"expected {wanted!r}, found {text!r}")
        return kind, text

    def shape(self):
        choices = [self.single()]
        while self.peek()[1] == "|":
            self.take()
            choices.append(self.single())
        return choices[0] if len(choices) == 1 else ("either", choices)

    def single(self):
        kind, text = self.take()
        if kind == "text":
            return ("literal", text[1:-1])
        if kind == "number":
            return ("literal", int(text))
        if kind == "word":
            return ("plain", text) if text in PLAIN else ("named", text)
        if text == "[":
            inner = self.shape()
            self.take("]")
            return ("list", inner)
        if text == "{":
            return self.members()
        raise ValueError(f"no shape begins with {text!r}")

    def members(self):
        if self.peek() == ("word", "text"):
            self.take()
            self.take(":")
            inner = self.shape()
            self.take("}")
            return ("map", inner)
        members, more = {}, False
        while self.peek()[1] != "}":
            if self.peek()[0] == "more":
                self.take()
                more = True
            else:
                name, optional, inner = self.member()
                members[name] = (optional, inner)
            if self.peek()[1] == ",":
                self.take()
        self.take("}")
        return ("object", members, more)

    def member(self):
        name = self.take()[1][1:-1]
        optional = self.peek()[1] == "?"
        if optional:
            self.take()
        self.take(":")
        return name, optional, self.shape()


class Shapes(dict):
    def problem(self, name, value):
        """What is wrong with a document, in words; None: nothing."""
        if name not in self:
            return f"there is no shape called {name!r}"
        return self.against(self[name], value, "$")

    def against(self, shape, value, where):
        kind = shape[0]
        if kind == "plain":
            return None if PLAIN[shape[1]](value) else f"{where} is no {shape[1]}: {value!r}"
        if kind == "literal":
            same = type(value) is type(shape[1]) and value == shape[1]
            return None if same else f"{where} is not {shape[1]!r}: {value!r}"
        if kind == "named":
            if shape[1] not in self:
                return f"{where}: there is no shape called {shape[1]!r}"
            return self.against(self[shape[1]], value, where)
        if kind == "either":
            problems = [self.against(choice, value, where) for choice in shape[1]]
            return None if None in problems else "; ".join(problems)
        if kind == "list":
            return self.each(shape[1], enumerate(value), where) if isinstance(value, list) \
                else f"{where} is no list: {value!r}"
        if not isinstance(value, dict):
            return f"{where} is no object: {value!r}"
        if kind == "map":
            return self.each(shape[1], value.items(), where)
        return self.members(shape, value, where)

    def each(self, shape, items, where):
        problems = (self.against(shape, item, f"{where}[{name!r}]") for name, item in items)
        return next(filter(None, problems), None)

    def members(self, shape, value, where):
        _, members, more = shape
        for name, (optional, inner) in members.items():
            if name not in value:
                if not optional:
                    return f"{where} has no {name!r}"
                continue
            problem = self.against(inner, value[name], f"{where}.{name}")
            if problem:
                return problem
        unknown = set(value) - set(members)
        return None if more or not unknown else f"{where} has also {sorted(unknown)}"


def from_text(text):
    shapes = Shapes()
    for name, block in BLOCK.findall(text):
        parser = Parser(block)
        shapes[name] = parser.shape()
        if parser.lexemes:
            raise ValueError(f"{name}: something follows the shape: {parser.peek()[1]!r}")
    return shapes


def from_file(path):
    path = pathlib.Path(path)
    return from_text(path.read_text(encoding="utf-8")) if path.exists() else Shapes()
