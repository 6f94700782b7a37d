#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules of the house, as a test (TAP): how large a file, a function and a class may become, and
that each file says what it is for.

    house_test.py ROOT [FOLDER...]      without folders: src and plugin

This is no parser. It reads what clang-format leaves behind, whose rules tests/run.sh checks: the
braces of a function stand alone on lines of one indent, a class ends at the indent of its keyword.
A lambda or a local class counts as lines of its function; a lambda in a table outside functions is
not measured. Comments and blank lines count.
"""
import pathlib
import re
import sys

MOST_FILE = 500     # lines
MOST_FUNCTION = 40  # lines between its braces
MOST_MEMBERS = 20   # of a class: data members of its own, no static ones

# No code: comments, raw strings, strings, characters (a ' within a number is none), directives.
NO_CODE = re.compile(r"""//[^\n]* | /\*.*?\*/ | R"(\w*)\(.*?\)\1" | "(?:\\.|[^"\\\n])*"
                         | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'
                         | ^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*""", re.DOTALL | re.MULTILINE | re.VERBOSE)
# Whose it is, and by which licence: no words of what it is for, and no lines of the file's size.
LICENCE = re.compile(r"(?:(?://|#) SPDX-.*\n)*")
FIRST_WORDS = re.compile(r"// \S+ \S+ \S+|/\*\*\n \* \S+|# \S+ \S+ \S+")
ATTRIBUTE = re.compile(r"\b[A-Z][A-Z_]+\([^()]*\)")  # GUARDED_BY(mutex_)
CLASS = re.compile(r"^( *)(?:class|struct|union)\b([^;{}()=]*)\{$", re.MULTILINE)
TYPE = re.compile(r"(?:enum|class|struct|union)(?: class)?(?: [\w:<>]+)?(?: final)?(?: : .*)?"
                  r"(?: \{\})?$")
NO_MEMBER = re.compile(r"(?:using|typedef|friend|static|static_assert|template)\b|.*\boperator\b")
FUNCTION_POINTER = re.compile(r"[^(]*\(\*\w+\)\(")
NEXT_MEMBER = re.compile(r"[ *&]*\w+ *(?:[,={\[]|$)")


def code_of(text):
    """Blanks for whatever is no code; every line and column stays where it is."""
    return NO_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def functions(code):
    """Yields (line, lines of the body), None where its end is not found."""
    lines = [line.rstrip() for line in code.split("\n")]
    after = 0
    before = ""  # the last line that is not blank
    for index, line in enumerate(lines):
        is_table = before.endswith((",", "{", "(", "="))
        before = line or before
        if index < after or line.strip() != "{" or is_table:
            continue
        closing = line.replace("{", "}")
        after = next((i for i in range(index, len(lines)) if lines[i] == closing), None)
        yield index + 1, after and after - index - 1
        if after is None:
            return


def statements(body):
    """What stands directly in the body of a class; "{}" for what has braces."""
    text, depth = "", 0
    for at, char in enumerate(body):
        depth -= char == "}"
        if depth == 0 and char == ";":
            yield text
            text = ""
        elif depth == 0:
            text = f"{text}{char}"
            is_function = char == "}" and members_of(text) == 0 and not TYPE.match(clean(text))
            if is_function and not body[at + 1:].lstrip().startswith((",", "{", ";")):
                text = ""
        depth += char == "{"


def clean(statement):
    return re.sub(r"^(?:(?:public|protected|private): ?)+", "", " ".join(statement.split()))


def members_of(statement):
    """How many data members a statement of a class declares."""
    statement = clean(statement)
    if not statement or TYPE.match(statement) or NO_MEMBER.match(statement):
        return 0
    if FUNCTION_POINTER.match(statement):
        return 1
    count, depth, has_value = 1, 0, False
    for at, char in enumerate(statement):
        if depth == 0 and char == "(" and not has_value:
            return 0  # a function
        if depth == 0 and char in "={":
            has_value = True
        if depth == 0 and char == "," and NEXT_MEMBER.match(statement[at + 1:]):
            count += 1
            has_value = False
        depth += char in "([{" or char == "<" and not has_value
        depth -= char in ")]}" or char == ">" and not has_value
    return count


def classes(code):
    """Yields (line, name, data members), None where its end is not found."""
    code = ATTRIBUTE.sub(lambda match: " " * len(match.group()), code)
    for match in CLASS.finditer(code):
        line = code.count("\n", 0, match.start()) + 1
        words = re.split(r"\s:\s", match.group(2))[0].replace(" final", "").split()
        end = re.compile(rf"^{match.group(1)}\}}", re.MULTILINE).search(code, match.end())
        members = sum(map(members_of, statements(code[match.end():end.start()]))) if end else None
        yield line, words[-1] if words else "without a name", members


def findings(name, text):
    """What is wrong with a file (rule -> lines of text), and how many things were looked at."""
    found = {"file": [], "comment": [], "function": [], "class": []}
    seen = {"function": 0, "class": 0}
    licence = LICENCE.match(text).group()
    size = text.count("\n") - licence.count("\n")
    if size > MOST_FILE:
        found["file"].append(f"{name} has {size} lines, more than {MOST_FILE}")
    if not FIRST_WORDS.match(text, len(licence)):
        found["comment"].append(f"{name} does not begin with a comment that says what it is for")
    if name.endswith((".cpp", ".h")):
        code = code_of(text)
        for line, size in functions(code):
            seen["function"] += 1
            if size is None:
                found["function"].append(f"{name}:{line}: no end of this function is found")
            elif size > MOST_FUNCTION:
                found["function"].append(
                    f"{name}:{line}: {size} lines in a function, more than {MOST_FUNCTION}")
        for line, what, members in classes(code):
            seen["class"] += 1
            if members is None:
                found["class"].append(f"{name}:{line}: no end of {what} is found")
            elif members > MOST_MEMBERS:
                found["class"].append(
                    f"{name}:{line}: {what} has {members} data members, more than {MOST_MEMBERS}")
    return found, seen


# The test of the test ----------------------------------------------------------------------------

SAMPLE = """// A sample that has it all.
#include <x>
#define BLOCK(x)                                                                                   \\
    {                                                                                              \\
    }

namespace a {

struct Row {
    const char *name = "a;b{";
    std::size_t first = 0, last = f(1, 2), size{3};
    std::function<void(int, char)> call; // int other;
};

constexpr Row kRows[] = {
    {
        "x",
        1'000,
    },
};

struct Nothing {};

// class Comment {
class CAPABILITY("mutex") Long final : public Base<int, char>,
                                       private Other {
public:
    Long(int a, int b) : a_{a}, b_(b), c_{a, b} {}

    explicit Long(std::string text)
        : a_(1),
          b_{2}
    {
        const auto f = [] {
            struct Local {
                int within = 0;
            };
        };
    }

    ~Long() override = default;
    Long &operator=(const Long &) = delete;
    bool operator<(const Long &other) const { return a_ < other.a_; }

    virtual Result<void> go(int a = 1, char b = '{') = 0;
    int size() const { return a_; }

private:
    enum class State { kOne, kTwo };

    struct Inner {
        int one;
        Inner *two = nullptr;
    };

    struct Impl;
    friend class Friend;
    using Map = std::map<int, int>;
    static constexpr int kMost = 3;
    static int shared_;

    const int a_;
    int b_ GUARDED_BY(mutex_) = 1 << 2, *c_;
    std::map<int, std::pair<int, int>> map_ GUARDED_BY(mutex_);
    std::unique_ptr<Impl> impl_{};
    struct stat info_ {};
    struct stat other_;
    int (*callback_)(int, int) = nullptr;
    char text_[20], more_[2];
    State state_ = State::kOne;
};

template <typename T>
int Long::go()
{
    {
        run();
    }

    if (true) {
        return R"(
{
)";
    }
}

} // namespace a
"""


def long_function(lines):
    return "int f(\n    int a)\n{\n" + "    g();\n" * lines + "}\n"


def large_class(members):
    return "class A {\n    int f();\n" + "    int a = 0;\n" * members + "};\n"


def rules_broken(text, name="x.cpp"):
    return [rule for rule, lines in findings(name, text)[0].items() if lines]


def self_checks():
    """name -> (what it gives, what it must give)"""
    code = code_of(SAMPLE)
    good = "// What this is for.\n"
    licence = "// SPDX-FileCopyrightText: 2026 Somebody\n// SPDX-License-Identifier: MIT\n"
    return {
        "functions": ([size for _, size in functions(code)], [5, 9]),
        "classes": ([(name, members) for _, name, members in classes(code)],
                    [("Row", 5), ("Long", 11), ("Local", 1), ("Inner", 2)]),
        "sample": (rules_broken(SAMPLE), []),
        "file": ([rules_broken(before + good + "\n" * n) for before in ("", licence)
                  for n in (MOST_FILE - 1, MOST_FILE)],
                 [[], ["file"]] * 2),
        "function": ([rules_broken(good + long_function(MOST_FUNCTION + n)) for n in (0, 1)],
                     [[], ["function"]]),
        "function-without-end": (rules_broken(good + "int f()\n{\n"), ["function"]),
        "class": ([rules_broken(good + large_class(MOST_MEMBERS + n)) for n in (0, 1)],
                  [[], ["class"]]),
        "class-without-end": (rules_broken(good + "class A {\n    int b;\n"), ["class"]),
        "comment": ([rules_broken(text) for text in
                     ("", "#include <x>\n", "\n// What it is for.\n", "// x.cpp\n",
                      "/* What it is for. */\n", "/**\n * SECTION:x\n */\n",
                      "# What it is for.\n", licence + good)],
                    [["comment"]] * 5 + [[]] * 3),
        "licence": ([rules_broken(licence + text) for text in ("", "#include <x>\n", "\n" + good)],
                    [["comment"]] * 3),
    }


def main():
    root = pathlib.Path(sys.argv[1])
    folders = sys.argv[2:] or ["src", "plugin"]
    found = {"file": [], "comment": [], "function": [], "class": []}
    for folder in folders:
        seen = {"function": 0, "class": 0}
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".cpp", ".h") and path.name != "meson.build":
                continue
            wrong, looked_at = findings(str(path.relative_to(root)), path.read_text())
            for rule, lines in wrong.items():
                found[rule] += lines
            for what, count in looked_at.items():
                seen[what] += count
        for what, count in seen.items():
            print(f"# {folder}: {count} of {what}")
            if count == 0:
                found[what].append(f"{folder}: nothing of this kind is seen")

    results = [(f"self-check/{name}", [] if got == wanted else [f"{got} instead of {wanted}"])
               for name, (got, wanted) in self_checks().items()]
    results += found.items()
    print(f"1..{len(results)}")
    for number, (name, lines) in enumerate(results, 1):
        for line in lines:
            print(f"# {line}")
        print(f"{'not ok' if lines else 'ok'} {number} - /house/{name}")
    return any(lines for _, lines in results)


if __name__ == "__main__":
    sys.exit(main())
