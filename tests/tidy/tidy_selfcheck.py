"""Shows that every rule of tidy.py catches a bad sample, and that a good house has no findings.

A rule that catches nothing would pass for ever; this is the test that it can fail.
"""
import pathlib
import sys
import tempfile

import tidy

HEADER = "// furrow/{0}\n//\n// What a user needs.\n#pragma once\n"
LONG_BODY = "void f() {\n" + "  g();\n" * 69 + "}\n"
SHORT_BODY = "void f() {\n" + "  g();\n" * 68 + "}\n"

GOOD = {
    "core/furrow/engine/run.hpp": HEADER.format("engine/run.hpp") +
    "#include <furrow/os/futex.hpp>\n#include <furrow/kernels/registry.hpp>\n"
    "#include <furrow/error.hpp>\n#include <vector>\n",
    "core/furrow/os/posix/futex.cpp": "#include <linux/futex.h>\n#include <unistd.h>\n",
    "core/furrow/cli/main.cpp": "#include <furrow/io/load.hpp>\nint main() { std::cout << 1; }\n",
    "core/furrow/engine/run.cpp": "namespace furrow {\nstruct S {\n" + "  int x;\n" * 80 + "};\n" +
    SHORT_BODY + "}  // namespace furrow\nconst char* s = \"printf( /home \"; // printf(\n",
    "kernels/furrow/kernels/sum.cpp": "// This file is long because tables are.\n" + "\n" * 600,
    "kernels/furrow/kernels/sum.hpp": HEADER.format("kernels/sum.hpp"),
    "tests/core/run_test.cpp": "#include <unistd.h>\n#include <furrow/cli/x.hpp>\n",
}
# (path, text, what the finding says)
BAD = [
    ("core/furrow/os/a.cpp", "// " + "x" * 98 + "\n", "101 columns"),
    ("core/furrow/os/a.cpp", "int x; \n", "white space"),
    ("core/furrow/os/a.cpp", "\tint x;\n", "holds a tab"),
    ("core/furrow/os/a.cpp", "int x;", "newline"),
    ("core/furrow/os/a.cpp", "\n" * 501, "501 lines"),
    ("core/furrow/os/a.cpp", LONG_BODY, "f has 71 lines"),
    ("core/furrow/os/a.cpp", "namespace a {\nclass C : D {\n" + LONG_BODY + "};\n}\n", "f has 71"),
    ("core/furrow/os/a.cpp", "#define M {\n" + LONG_BODY, "f has 71 lines"),
    ("core/furrow/os/a.cpp", "int s = '{';\n" + LONG_BODY, "f has 71 lines"),
    ("core/furrow/os/a.cpp", "// TO" "DO: later\n", "issue tracker"),
    ("README.md", "see FIX" "ME\n", "issue tracker"),
    ("scripts/run", "cd /ho" "me/someone/furrow\n", "path of one machine"),
    ("kernels/furrow/kernels/a.cpp", "#include <furrow/os/futex.hpp>\n", "know nothing of core"),
    ("kernels/furrow/kernels/a.cpp", "#include <furrow/error.hpp>\n", "know nothing of core"),
    ("core/furrow/os/a.cpp", "#include <furrow/segment/x.hpp>\n", "os may include only"),
    ("core/furrow/segment/a.cpp", "#include <furrow/sync/x.hpp>\n", "segment may include only"),
    ("core/furrow/array/a.cpp", '#include "furrow/process/x.hpp"\n', "array may include only"),
    ("core/furrow/engine/a.cpp", "#include <furrow/cli/x.hpp>\n", "engine may include only"),
    ("core/furrow/engine/a.cpp", "#include <furrow/kernels/sum-inl.h>\n", "per SIMD target"),
    ("core/furrow/engine/a.cpp", "#include <furrow/attic/x.hpp>\n", "does not know the room"),
    ("core/furrow/engine/a.cpp", "#include <furrow/furrow.hpp>\n", "above every room"),
    ("core/furrow/engine/a.cpp", "#include <unistd.h>\n", "talk to the system"),
    ("core/furrow/os/a.hpp", HEADER.format("os/a.hpp") + "#include <poll.h>\n", "talk to the sy"),
    ("core/furrow/sync/a.cpp", "#include <barrier>\n", "inside one process"),
    ("kernels/furrow/kernels/a.cpp", "#include <thread>\n", "no threads"),
    ("core/furrow/sync/a.cpp", "std::hardware_destructive_interference_size;\n", "128 bytes"),
    ("kernels/furrow/kernels/a.cpp", "void f() { throw 1; }\n", "no exceptions"),
    ("core/furrow/engine/a.cpp", "void f() { std::printf(s); }\n", "never prints"),
    ("core/furrow/engine/a.hpp", "#pragma once\n", "opens with a comment"),
    ("core/furrow/engine/a.hpp", HEADER.format("engine/b.hpp"), "another path"),
    ("core/furrow/engine/a.hpp", "// furrow/engine/a.hpp\n//\n", "no #pragma once"),
    ("core/furrow/utils/a.cmake", "\n", "name the idea"),
    ("tests/core/a_test.cpp", "const CreateOptions owned{.publish = false};\n", "before main"),
    ("tests/core/a_test.cpp", "hdf5::LoadOptions options;\n", "before main"),
    ("core/furrow/os/Futex.cpp", "\n", "snake_case"),
    ("scripts/go", "#!/bin/sh\n", "cannot be executed"),
    ("core/CMakeLists.txt", "add_compile_options(-ffast-math)\n", "changes the numbers"),
    ("attic/a.cpp", "int x;\n", "the top level holds"),
    ("core/furrow/os/unlisted.cpp", "\n", "no CMakeLists.txt names"),
]


def findings_in(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        stems = {pathlib.PurePosixPath(path).stem for path in files} - {"unlisted"}
        lists = {f"{top}/CMakeLists.txt": "\n".join(sorted(stems)) + "\n"
                 for top in ("core", "kernels", "tests")}
        for path, text in {**lists, **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return tidy.findings(root)[0]


def main():
    failures = [f"the good sample: {finding}" for finding in findings_in(GOOD)]
    for path, text, expected in BAD:
        found = findings_in({path: text})
        if not any(expected in finding for finding in found):
            failures.append(f"{path} with {text[:40]!r}: expected {expected!r}, found {found}")
    print(*failures, f"{len(BAD)} bad samples, {len(failures)} failures", sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
