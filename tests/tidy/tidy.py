"""Checks what the house promises and a compiler does not: layers, sizes, names, words.

Usage: tidy.py ROOT        prints one finding a line, "path:line: sentence", and exits with 1 if any
The rules are the functions in RULES; each takes a File and yields (line number, sentence).
tidy_selfcheck.py shows for every rule a sample that it catches.
"""
import pathlib
import re
import subprocess
import sys

TOP_LEVEL = {"core", "kernels", "tests", "data", "scripts", "CMakeLists.txt", "CMakePresets.json",
             "README.md", "LICENSE"}
# A room may include rooms of a lower number, itself, and kernels.
LEVEL = {"os": 0, "segment": 1, "sync": 2, "array": 2, "process": 3, "engine": 4,
         "compute": 5, "io": 6, "montecarlo": 7, "cli": 8}
COLUMNS_MAX = 100
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
# Put together here so that this file does not hold the words themselves.
BANNED_WORDS = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK"]) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w./}$-])/(home|root|work|Users|mnt|workspace)/\w")
SYSTEM_HEADERS = re.compile(
    r"(sys|linux|arpa|netinet|asm|bits)/.*|(unistd|fcntl|signal|pthread|sched|dlfcn|poll|spawn|"
    r"dirent|semaphore|mqueue|termios|pwd|grp|elf|link|errno|time|string|stdio|stdlib|windows|"
    r"winsock2|process|io|immintrin|x86intrin)\.h")
# os/ may flush the user's streams before a fork.
PRINTING = re.compile(r"\bstd::(cout|cerr|clog)\b(?!\.flush\(\))|"
                      r"\b(printf|puts|putchar|fprintf)\s*\(|\bfmt::print\b")
EARLY_OPTIONS = re.compile(r"(?:(?:static|inline|const) )*(?:\w+::)*(?:Create|Attach|Load|Save)"
                           r"Options \w+\s*[;={]")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'", re.S)


def blank(text):
    """The text with comments, strings and characters blanked; every line stays where it is."""
    return TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


class File:
    """A text file of the repository; `code` is its text with comments and strings blanked."""

    def __init__(self, root, path):
        self.path = path
        self.full = root / path
        self.text = self.full.read_text(encoding="utf-8")
        self.lines = self.text.split("\n")
        self.parts = pathlib.PurePosixPath(path).parts
        self.suffix = pathlib.PurePosixPath(path).suffix
        self.is_cpp = self.suffix in {".cpp", ".hpp", ".h"}
        self.is_header = self.suffix in {".hpp", ".h"}
        self.is_cmake = self.parts[-1] == "CMakeLists.txt" or self.suffix in {".cmake", ".in"}
        self.is_script = self.text.startswith("#!")
        self.is_source = self.is_cpp or self.is_cmake or self.is_script or self.suffix == ".py"
        self.code = blank(self.text) if self.is_cpp else self.text
        # core/furrow/<room>/…: the room; "" for the files beside the rooms; None outside of core.
        self.room = None
        if self.parts[:2] == ("core", "furrow"):
            self.room = self.parts[2] if len(self.parts) > 3 else ""

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            if match := INCLUDE.match(line):
                yield number, match.group(1)


def columns(file):
    if file.is_source:
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS_MAX:
                yield number, f"{len(line)} columns; the house has {COLUMNS_MAX}"


def whitespace(file):
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip() and file.suffix != ".md":
            yield number, "ends in white space"
        if "\t" in line and file.is_source:
            yield number, "holds a tab"
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "does not end in a newline"


def file_lines(file):
    count = len(file.lines) - 1
    if file.is_source and count > FILE_LINES_MAX:
        if "This file is long because" not in "\n".join(file.lines[:40]):
            yield 1, (f"{count} lines; past {FILE_LINES_MAX} the comment at the top says "
                      '"This file is long because …"')


def function_lines(file):
    if not file.is_cpp:
        return
    for name, first, last in functions(file.code):
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield first, (f"{name} has {last - first + 1} lines; "
                          f"a function has at most {FUNCTION_LINES_MAX}")


def functions(code):
    """(name, first line, last line) of each body that stands at namespace or class scope."""
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: re.sub(r"[^\n]", " ", m.group()), code,
                  flags=re.M)
    scopes, head_at, head_line, line = [], None, 1, 1
    for match in re.finditer(r"[\n{};]|[^\s{};]+", code):
        token = match.group()
        if token == "\n":
            line += 1
        elif token == "{":
            head = code[head_at:match.start()] if head_at is not None else ""
            inside = any(kind == "function" for kind, *_ in scopes)
            is_scope = re.match(r"(template\s*<.*>\s*)?((inline|export)\s+)*"
                                r"(namespace|class|struct|union|enum|extern)\b[^()]*$", head, re.S)
            kind = "scope" if is_scope else "function" if ")" in head and not inside else "block"
            scopes.append((kind, head, head_line if head_at is not None else line))
            head_at = None
        elif token == "}":
            kind, head, first = scopes.pop() if scopes else ("block", "", line)
            if kind == "function":
                name = re.search(r"([\w:~]+)\s*\(", head)
                yield (name.group(1) if name else "this function"), first, line
            head_at = None
        elif token == ";":
            head_at = None
        elif head_at is None:
            head_at, head_line = match.start(), line


def banned_words(file):
    for number, line in enumerate(file.lines, 1):
        if match := BANNED_WORDS.search(line):
            yield number, f"{match.group(1)}: do it, or say in the issue tracker that it is open"
        if match := MACHINE_PATH.search(line):
            yield number, f"{match.group().strip()}… is a path of one machine"


def layers(file):
    for number, name in file.includes():
        target = name.split("/")
        if target[0] != "furrow" or len(target) < 2:
            continue
        room = target[1] if len(target) > 2 else ""
        if file.parts[0] == "kernels" and room != "kernels":
            yield number, f"kernels know nothing of core, and this includes <{name}>"
        if file.room is None or room == file.room:
            continue
        if room == "kernels":
            # What a room of core compiles per target itself may go on from there.
            if name.endswith("-inl.h") and not file.parts[-1].endswith("-inl.h"):
                yield number, f"<{name}> is compiled per SIMD target; core reads public headers"
        elif room == "":
            if name != "furrow/error.hpp" and file.room != "":
                yield number, f"<{name}> stands above every room"
        elif room not in LEVEL:
            yield number, f"<{name}>: tests/tidy/tidy.py does not know the room {room}"
        elif file.room != "" and LEVEL[room] >= LEVEL.get(file.room, -1):
            yield number, f"{file.room} may include only what stands below it, and {room} does not"


def system_headers(file):
    if file.parts[0] not in {"core", "kernels"}:
        return
    if file.parts[:3] == ("core", "furrow", "os") and file.parts[3] in {"posix", "win32"}:
        return
    for number, name in file.includes():
        if SYSTEM_HEADERS.fullmatch(name):
            yield number, f"<{name}>: only core/furrow/os/posix and win32 talk to the system"


def forbidden_tools(file):
    """What the layout of shared memory and the purity of kernels rule out."""
    if not file.is_cpp or file.parts[0] not in {"core", "kernels"}:
        return
    for number, name in file.includes():
        if name in {"barrier", "latch", "semaphore"}:
            yield number, f"<{name}> waits inside one process; use sync/"
        if file.parts[0] == "kernels" and name in {
                "thread", "mutex", "future", "fstream", "iostream", "filesystem", "cstdio"}:
            yield number, f"<{name}>: kernels have no threads and no input or output"
    for number, line in enumerate(file.code.split("\n"), 1):
        if "hardware_destructive_interference_size" in line:
            yield number, "lines are 128 bytes: the standard's constant changes with the compiler"
        if file.parts[0] == "kernels" and re.search(r"\b(throw|try|catch)\b", line):
            yield number, "kernels have no exceptions"
        streams = file.room != "os" and "#include <iostream>" in line
        if file.room != "cli" and (streams or PRINTING.search(line)):
            yield number, "the library never prints"


def header_form(file):
    if not file.is_header or file.parts[0] not in {"core", "kernels"}:
        return
    spoken = "/".join(file.parts[1:])
    if not all(line.startswith("//") for line in file.lines[:2]):
        yield 1, "a header opens with a comment: what a user needs to know"
    elif re.fullmatch(r"// \S+\.(hpp|h)", file.lines[0]) and file.lines[0] != f"// {spoken}":
        yield 1, f"the comment gives another path than {spoken}"
    if file.suffix == ".hpp" and "#pragma once" not in file.lines:
        yield 1, "no #pragma once"


def names(file):
    for part in file.parts:
        if re.fullmatch(r"(utils?|common|misc)(\..*)?", part):
            yield 1, f"{part} says nothing; name the idea"
    if file.is_cpp and not re.fullmatch(r"[a-z0-9_]+(-inl)?\.(cpp|hpp|h)", file.parts[-1]):
        yield 1, "file names are snake_case"


def scripts(file):
    if file.is_script and not file.full.stat().st_mode & 0o100:
        yield 1, "starts with #! but cannot be executed"
    peers = file.parts[:2] == ("tests", "bench")  # what furrow is compared with gets the best flags
    if (file.is_cmake or file.suffix == ".json") and not peers:
        for number, line in enumerate(file.lines, 1):
            if re.search(r"-ffast-math|-Ofast|-march=native", line):
                yield number, "this flag changes the numbers"


def built(file):
    """A source that no CMakeLists.txt names is dead, or a test that nobody runs."""
    if file.suffix != ".cpp":
        return
    folder = file.full.parent
    for _ in file.parts[1:]:
        lists = folder / "CMakeLists.txt"
        if lists.exists() and re.search(rf"\b{re.escape(file.full.stem)}\b", lists.read_text()):
            return
        folder = folder.parent
    yield 1, "no CMakeLists.txt names this file"


def early_places(file):
    """Options know a place, which comes from the environment at first use: before main is too soon,
    for there a test gets its own prefix."""
    if not file.is_cpp or file.parts[0] != "tests":
        return
    for number, line in enumerate(file.code.split("\n"), 1):
        if EARLY_OPTIONS.match(line):
            yield number, "options made before main fix the prefix of all names: use a function"


RULES = [columns, whitespace, file_lines, function_lines, banned_words, layers, system_headers,
         forbidden_tools, header_form, names, scripts, built, early_places]


def git(root, *arguments):
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()


def paths_of(root):
    """Top-level names, and the files to read: as git sees them, new ones too; without git or
    without a checkout, what lies there."""
    try:
        tops = {path.split("/")[0] for path in git(root, "ls-files")}
        listing = git(root, "ls-files", "-co", "--exclude-standard")
    except (OSError, subprocess.CalledProcessError):
        tops = {path.name for path in root.iterdir() if not path.name.startswith("build")}
        listing = [path.relative_to(root).as_posix() for top in TOP_LEVEL
                   for path in [root / top, *(root / top).rglob("*")]]
    return tops, sorted(path for path in set(listing) if (root / path).is_file()
                        and (path.split("/")[0] in TOP_LEVEL or path.startswith(".")))


def findings(root):
    tops, paths = paths_of(root)
    found = [f"{top}:1: the top level holds {', '.join(sorted(TOP_LEVEL))} and dotfiles only"
             for top in sorted(tops) if top not in TOP_LEVEL and not top.startswith(".")]
    for path in paths:
        if path == "LICENSE" or "__pycache__" in path:
            continue
        try:
            file = File(root, path)
        except UnicodeDecodeError:
            if path.split("/")[0] not in {"data", "tests"}:
                found.append(f"{path}:1: not UTF-8 text; binary files live in data/")
            continue
        for rule in RULES:
            found += [f"{path}:{line}: {sentence}" for line, sentence in rule(file)]
    return found, len(paths)


def main():
    found, count = findings(pathlib.Path(sys.argv[1]).resolve())
    print(*found, f"{count} files, {len(found)} findings", sep="\n")
    return 1 if found or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
