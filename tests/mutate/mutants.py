# SPDX-License-Identifier: ISC
"""Mutants of a C source: one operator, constant or condition changed at a time.

The tokenizer knows comments, strings and preprocessor lines, and leaves them alone, as well as what
a change of means nothing: attributes, static assertions, the sizes of arrays in their declarations.
It takes an operator with blanks on both sides for a binary one, as the source is formatted.
"""

import hashlib
import re

# Longest first.
TOKEN = re.compile(r"""
    (?P<skip>   /\*.*?\*/ | //[^\n]* | [ \t\n\f\v\r]+ | \\\n | ^[ \t]*\#(?:\\\n|/\*.*?\*/|[^\n])* )
  | (?P<string> (?:u8|[uUL])?"(?:\\.|[^"\\\n])*" )
  | (?P<char>   [uUL]?'(?:\\.|[^'\\\n])+' )
  | (?P<number> \.?[0-9](?:[eEpP][+-]|[.\w])* )
  | (?P<word>   [A-Za-z_]\w* )
  | (?P<mark>   <<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\S )
    """, re.X | re.S | re.M)

BINARY = {
    "<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="],
    "&&": ["||"], "||": ["&&"],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"],
    "&": ["|"], "|": ["&"], "^": ["|"], "<<": [">>"], ">>": ["<<"],
}
ASSIGNING = {"+=": ["-="], "-=": ["+="], "*=": ["/="], "/=": ["*="], "|=": ["&="], "&=": ["|="], "^=": ["|="],
             "<<=": [">>="], ">>=": ["<<="]}
STEPS = {"++": "--", "--": "++"}
KEYWORDS = {"return", "case", "else", "do", "goto", "sizeof"}
# What stands in the parentheses after these is no code that runs.
NO_CODE = {"__attribute__", "_Static_assert", "static_assert", "sizeof", "_Alignof", "_Alignas", "offsetof"}

KINDS = ("operator", "constant", "condition")


class Token:
    def __init__(self, kind, text, at):
        self.kind, self.text, self.at = kind, text, at

    @property
    def end(self):
        return self.at + len(self.text)


class Mutant:
    """Changes [(at, end, new)] of a file's text.  Its key says which one it is, whatever is edited elsewhere."""

    def __init__(self, path, text, function, kind, changes, told=None):
        self.path, self.function, self.kind, self.changes = path, function, kind, changes
        at, end, new = changes[0]
        begin = text.rfind("\n", 0, at) + 1
        stop = text.find("\n", end)
        stop = len(text) if stop < 0 else stop
        self.line = text.count("\n", 0, at) + 1
        self.column = at - begin
        self.old = text[begin:stop].strip()
        self.new = told or (text[begin:at] + new + text[end:stop]).strip()

    @property
    def key(self):
        return (self.path, self.function, self.old, self.new)

    def __str__(self):
        return f"{self.path}:{self.line}: {self.old} -> {self.new}"

    def apply(self, text):
        for at, end, new in sorted(self.changes, reverse=True):
            text = text[:at] + new + text[end:]
        return text


def tokens_of(text):
    """All but what is skipped."""
    found = [Token(match.lastgroup, match.group(), match.start()) for match in TOKEN.finditer(text)]
    return [token for token in found if token.kind != "skip"]


def closing(tokens, i):
    """The index of the parenthesis, bracket or brace that closes the one at i."""
    depth = 0
    for j in range(i, len(tokens)):
        if tokens[j].text in ("(", "[", "{"):
            depth += 1
        elif tokens[j].text in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return j
    return len(tokens) - 1


def functions_of(tokens):
    """For each token the name of the function that it is in; "" outside of all."""
    names = [""] * len(tokens)
    i = 0
    while i < len(tokens):
        if tokens[i].text != "{":
            i += 1
            continue
        end = closing(tokens, i)
        name = ""
        if i > 0 and tokens[i - 1].text == ")":
            j, depth = i - 1, 1
            while depth and j > 0:
                j -= 1
                depth += {")": 1, "(": -1}.get(tokens[j].text, 0)
            name = tokens[j - 1].text if j > 0 and tokens[j - 1].kind == "word" else ""
        for j in range(i, end + 1):
            names[j] = name
        i = end + 1
    return names


def is_declared(tokens, i):
    """Whether the word at i is declared there: a type stands before it."""
    before = tokens[i - 1] if i > 0 else None
    return bool(before) and tokens[i].text not in KEYWORDS and \
        (before.kind == "word" and before.text not in KEYWORDS or before.text == "*")


def sizes_from(tokens, i):
    """The brackets with sizes, in a declaration that has its first at i."""
    while i < len(tokens) and tokens[i].text not in (";", "{", ")"):
        if tokens[i].text == "=":
            # The value: up to the next declarator.
            while i < len(tokens) and tokens[i].text not in (",", ";"):
                i = closing(tokens, i) + 1 if tokens[i].text in ("(", "[", "{") else i + 1
        elif tokens[i].text == "[":
            yield i
            i = closing(tokens, i) + 1
        else:
            i += 1


def without_code(tokens):
    """The indices of tokens whose change would mean nothing."""
    left_out = set()
    for i, token in enumerate(tokens[:-1]):
        opens = tokens[i + 1]
        if token.kind == "word" and token.text in NO_CODE and opens.text == "(":
            left_out.update(range(i, closing(tokens, i + 1) + 1))
        # `char name[64], *more[2][3]`: a type stands before the first that has a size.
        elif token.kind == "word" and opens.text == "[" and is_declared(tokens, i):
            for j in sizes_from(tokens, i + 1):
                left_out.update(range(j, closing(tokens, j) + 1))
        # The steps of a loop: backwards they only ever hang or crash.
        elif token.text == "for" and opens.text == "(":
            end = closing(tokens, i + 1)
            left_out.update(j for j in range(i, end) if tokens[j].text in STEPS)
    return left_out


def other_numbers(text):
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)([uUlL]*)", text)
    if not match:
        return [f"({text} + 1)"]
    digits, suffix = match.groups()
    value = int(digits, 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" and len(digits) > 1 else 10)
    others = [value + 1] if value == 0 else [value + 1, value - 1]
    return [f"{other}{suffix}" for other in others]


def is_binary(text, token):
    return text[token.at - 1:token.at].isspace() and text[token.end:token.end + 1].isspace()


def replacements(text, tokens, i):
    """(kind, new text) of one token."""
    token = tokens[i]
    after = tokens[i + 1] if i + 1 < len(tokens) else None
    if token.text in BINARY and is_binary(text, token):
        return [("operator", new) for new in BINARY[token.text]]
    if token.text in ASSIGNING:
        return [("operator", new) for new in ASSIGNING[token.text]]
    if token.text in STEPS:
        return [("operator", STEPS[token.text])]
    if token.text == "!" and after and (after.kind == "word" or after.text == "("):
        return [("condition", "")]
    if token.kind == "number":
        return [("constant", new) for new in other_numbers(token.text)]
    if token.text in ("true", "false"):
        return [("constant", "false" if token.text == "true" else "true")]
    return []


def mutants_of(path, text):
    """All mutants of a source, in the order of the text."""
    tokens = tokens_of(text)
    functions = functions_of(tokens)
    left_out = without_code(tokens)
    found = []
    for i, token in enumerate(tokens):
        if i in left_out:
            continue
        for kind, new in replacements(text, tokens, i):
            found.append(Mutant(path, text, functions[i], kind, [(token.at, token.end, new)]))
        if token.text == "if" and i + 1 < len(tokens) and tokens[i + 1].text == "(":
            opens, closes = tokens[i + 1], tokens[closing(tokens, i + 1)]
            # What the condition calls is called all the same.
            for told, joint in (("never", "&& 0"), ("always", "|| 1")):
                found.append(Mutant(path, text, functions[i], "condition",
                                    [(opens.end, opens.end, "("), (closes.at, closes.at, f") {joint}")],
                                    told=f"this if: {told}"))
    return found


def rank(mutant, seed):
    """By it mutants are chosen: an edit of one line does not change which others are."""
    name = "\0".join([str(seed), *mutant.key, str(mutant.column)])
    return hashlib.sha256(name.encode()).digest()


def choose(files, count, seed):
    """COUNT of the mutants of {path: [mutant]}, evenly over files, and in each over the kinds, by seed."""
    lines = []
    for path, mutants in files.items():
        kinds = [sorted((mutant for mutant in mutants if mutant.kind == kind), key=lambda mutant: rank(mutant, seed))
                 for kind in KINDS]
        # Which kind comes first is another one in each file.
        first = hashlib.sha256(f"{seed}\0{path}".encode()).digest()
        kinds = kinds[first[0] % len(KINDS):] + kinds[:first[0] % len(KINDS)]
        line = []
        while any(kinds):
            line += [kind.pop(0) for kind in kinds if kind]
        if line:
            lines.append((first, line))
    lines = [line for _, line in sorted(lines, key=lambda pair: pair[0])]
    chosen = []
    while lines and len(chosen) < count:
        for line in lines:
            if len(chosen) < count:
                chosen.append(line.pop(0))
        lines = [line for line in lines if line]
    return sorted(chosen, key=lambda mutant: (mutant.path, mutant.changes[0][0], mutant.new))
