// .npy: NumPy's files to arrays and back, both byte orders, both orders of axes; bad headers.
#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>

#include <furrow/engine/engine.hpp>
#include <furrow/io/npy.hpp>
#include <furrow/io/npy/header.hpp>
#include <furrow/os/fault.hpp>

#include "io_support.hpp"
#include "save_support.hpp"
#include "tools_support.hpp"

using Catch::Matchers::Contains;

namespace furrow::test {
namespace {

npy::LoadOptions owned(npy::Fortran fortran = npy::Fortran::refuse) {
  npy::LoadOptions options;
  options.fortran = fortran;
  options.create.lifetime = Lifetime::owned;
  return options;
}

std::string path_of(const Folder& folder, const std::string& kind, Dtype dtype, std::size_t i) {
  return folder / (kind + "-" + std::string(dtype_name(dtype)) + "." + std::to_string(i) + ".npy");
}

/// The same elements in C order.
AnyArray packed(const AnyArray& array) {
  AnyArray copy = AnyArray::temporary(array.dtype(), array.shape());
  const std::size_t item = item_bytes(array.dtype());
  Extents at = array.shape();
  for (std::int64_t i = 0; i < array.size(); ++i) {
    std::int64_t rest = i;
    std::int64_t from = 0;
    for (std::size_t axis = array.ndim(); axis-- > 0;) {
      from += rest % at[axis] * array.strides()[axis];
      rest /= at[axis];
    }
    std::memcpy(
        static_cast<std::byte*>(copy.data()) + i * static_cast<std::int64_t>(item),
        static_cast<const std::byte*>(array.data()) + from * static_cast<std::int64_t>(item), item);
  }
  return copy;
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// A file with this literal and 96 bytes of elements.
std::string with_literal(const std::string& literal, int version = 1) {
  std::string text = "\x93NUMPY";
  text += static_cast<char>(version);
  text += '\0';
  text += static_cast<char>(literal.size() & 0xFF);
  text += static_cast<char>(literal.size() >> 8);
  if (version > 1) text += std::string(2, '\0');
  return text + literal + std::string(96, '\1');
}

}  // namespace

TEST_CASE("NumPy's files are loaded to the bit, whatever their byte order and order of axes",
          "[npy]") {
  const Folder folder;
  const Ran made = run_tools_peer("npy " + folder.path());
  INFO(made.output);
  REQUIRE(made.code == 0);
  Engine engine({.workers = 2});
  for (const Dtype dtype : all_dtypes) {
    for (std::size_t i = 0; i < all_shapes().size(); ++i) {
      const Shape& shape = all_shapes()[i];
      const auto expected = pattern(dtype, size_of(shape));
      CAPTURE(dtype_name(dtype), to_string(shape));
      for (const char* kind : {"le", "be"}) {
        const AnyArray x = npy::load(engine, path_of(folder, kind, dtype, i), "x", owned());
        CHECK(x.dtype() == dtype);
        CHECK(x.shape() == shape);
        CHECK(holds(x, expected));
      }
      for (const char* kind : {"f", "fbe"}) {
        const std::string file = path_of(folder, kind, dtype, i);
        const AnyArray x = npy::load(engine, file, "x", owned(npy::Fortran::convert));
        CHECK(x.shape() == shape);
        CHECK(holds(x, expected));
        const AnyArray y = npy::load(engine, file, "y", owned(npy::Fortran::reversed));
        const bool reversed = npy::inspect(file).fortran_order;
        CHECK(holds(packed(reversed ? y.transpose() : y), expected));
      }
    }
  }
  for (int version = 1; version <= 3; ++version) {
    const std::string file = folder / ("version" + std::to_string(version) + ".npy");
    npy::LoadReport report;
    const auto x = npy::load<double>(engine, file, "x", owned(), &report);
    CHECK(report.header.version == version);
    CHECK(report.blocks == 1);
    CHECK(x(3, 2) == 11);
  }
}

TEST_CASE("what furrow saves are the bytes that NumPy saves", "[npy]") {
  const Folder folder;
  REQUIRE(run_tools_peer("npy " + folder.path()).code == 0);
  Engine engine({.workers = 2});
  for (const Dtype dtype : all_dtypes) {
    for (std::size_t i = 0; i < all_shapes().size(); ++i) {
      const AnyArray x = pattern_array("x", dtype, all_shapes()[i]);
      npy::save(engine, x, path_of(folder, "out", dtype, i));
    }
  }
  const Ran checked = run_tools_peer("check_npy " + folder.path());
  INFO(checked.output);
  CHECK(checked.code == 0);
}

TEST_CASE("large files in many blocks, rows of them, and slices as source and target", "[npy]") {
  const Folder folder;
  const std::string file = folder / "x.npy";
  Engine engine({.workers = 3});
  const AnyArray x = pattern_array("x", Dtype::i32, {1500, 1001});
  npy::save(engine, x, file);
  npy::LoadReport report;
  CHECK(holds(npy::load(engine, file, "y", owned(), &report), pattern(Dtype::i32, x.size())));
  CHECK(report.blocks == 2);
  npy::LoadOptions rows = owned();
  rows.begin = 1400;
  rows.end = 1403;
  const auto part = npy::load(engine, file, "part", rows);
  CHECK(part.shape() == Shape{3, 1001});
  CHECK(std::memcmp(part.data(), x.row(1400).data(), part.bytes()) == 0);
  rows.end = 1501;
  CHECK_THAT(error_of([&] { npy::load(engine, file, "z", rows); }), Contains("ShapeMismatch"));

  // A slice with gaps and a negative step, saved and loaded into another one.
  const AnyArray slice = x.slice(0, {-1, {}, -3}).slice(1, {1, {}, 2});
  npy::save(engine, slice, folder / "slice.npy");
  const auto packed_slice = packed(slice);
  CHECK(std::memcmp(npy::load(engine, folder / "slice.npy", "s", owned()).data(),
                    packed_slice.data(), packed_slice.bytes()) == 0);
  const AnyArray wide = AnyArray::temporary(Dtype::i32, {500, 1002});
  const AnyArray target = wide.slice(1, {0, 1000, 2});
  npy::load(engine, folder / "slice.npy", target);
  CHECK(std::memcmp(packed(target).data(), packed_slice.data(), packed_slice.bytes()) == 0);
  CHECK(wide.as<std::int32_t>()(3, 1) == 0);

  // A transpose keeps its indices.
  npy::save(engine, x.transpose(), folder / "t.npy");
  CHECK(npy::inspect(folder / "t.npy").shape == Shape{1001, 1500});
  const AnyArray turned = npy::load(engine, folder / "t.npy", "t", owned());
  CHECK(holds(packed(turned.transpose()), pattern(Dtype::i32, x.size())));

  // Rows of a file in Fortran order.
  run_program(std::string(FURROW_PYTHON) + " -c \"import numpy as np; np.save('" +
              (folder / "f.npy") + "', np.asfortranarray(np.load('" + file + "')))\"");
  npy::LoadOptions some = owned(npy::Fortran::convert);
  some.begin = 7;
  some.end = 1400;
  const AnyArray f = npy::load(engine, folder / "f.npy", "f", some);
  CHECK(std::memcmp(f.data(), x.row(7).data(), f.bytes()) == 0);
}

TEST_CASE("what is no array of furrow's is refused by name", "[npy]") {
  const Folder folder;
  REQUIRE(run_tools_peer("foreign_npy " + folder.path()).code == 0);
  const auto refused = [&](const std::string& name) {
    return error_of([&] { npy::inspect(folder / (name + ".npy")); });
  };
  CHECK_THAT(refused("fields"), Contains("TypeMismatch") && Contains("structures"));
  CHECK_THAT(refused("objects"), Contains("TypeMismatch") && Contains("Python objects"));
  CHECK_THAT(refused("bytes"), Contains("TypeMismatch") && Contains("strings of bytes"));
  CHECK_THAT(refused("words"), Contains("TypeMismatch") && Contains("strings"));
  CHECK_THAT(refused("raw"), Contains("TypeMismatch"));
  CHECK_THAT(refused("dates"), Contains("TypeMismatch") && Contains("int64"));
  CHECK_THAT(refused("times"), Contains("TypeMismatch"));
  CHECK_THAT(refused("long"), Contains("TypeMismatch"));
  CHECK_THAT(refused("clong"), Contains("TypeMismatch"));
  CHECK_THAT(refused("nine"), Contains("ShapeMismatch"));
  CHECK_THAT(refused("none"), Contains("NotFound"));
  CHECK_THAT(error_of([&] { npy::inspect(folder.path()); }), Contains("InvalidArgument"));
}

TEST_CASE("load and save refuse what would be a surprise", "[npy]") {
  const Folder folder;
  const std::string file = folder / "x.npy";
  Engine engine({.workers = 1});
  const AnyArray x = pattern_array("x", Dtype::f32, {4, 3});
  npy::save(engine, x, file);
  CHECK_THAT(error_of([&] { npy::save(engine, x, file); }), Contains("AlreadyExists"));
  npy::save(engine, x, file, {.replace = true});
  CHECK(folder.names() == "x.npy");
  CHECK_THAT(error_of([&] { npy::save(engine, x, folder / "no/x.npy"); }), Contains("NotFound"));
  CHECK_THAT(error_of([&] { npy::load(engine, file, "x", owned()); }), Contains("AlreadyExists"));
  CHECK_THAT(error_of([&] { npy::load<double>(engine, file, "y", owned()); }),
             Contains("TypeMismatch"));
  const AnyArray other = AnyArray::temporary(Dtype::f32, {3, 4});
  CHECK_THAT(error_of([&] { npy::load(engine, file, other); }), Contains("ShapeMismatch"));
  const std::string fortran = folder / "f.npy";
  write_file(fortran,
             bytes_of(with_literal("{'descr':'<f8','fortran_order':True,'shape':(4,3)}\n")));
  CHECK_THAT(error_of([&] { npy::load(engine, fortran, "y", owned()); }),
             Contains("InvalidArgument") && Contains("Fortran order"));
  CHECK(segment::list().size() == 2);  // x and the engine
}

TEST_CASE("headers are read strictly", "[npy]") {
  const Folder folder;
  const auto tried = [&](const std::string& content) {
    write_file(folder / "h.npy", bytes_of(content));
    return error_of([&] { npy::inspect(folder / "h.npy"); });
  };
  const std::string good = "{'descr': '<f8', 'fortran_order': False, 'shape': (4, 3), }  \n";
  CHECK(tried(with_literal(good)).empty());
  CHECK(tried(with_literal(good, 2)).empty());
  CHECK(tried(with_literal(good, 3)).empty());
  CHECK(tried(with_literal("{\"shape\":(4L,3L),'descr':'f8','fortran_order':False}")).empty());
  CHECK_THAT(tried(with_literal("{'shape':(4L,3),'descr':'f8','fortran_order':False}", 3)),
             Contains("Corrupt"));
  CHECK_THAT(tried(with_literal(good, 4)), Contains("Corrupt") && Contains("version"));
  CHECK_THAT(tried(with_literal(good).substr(0, 100)), Contains("Corrupt") && Contains("short"));
  CHECK_THAT(tried(with_literal(good).substr(0, 30)), Contains("Corrupt"));
  CHECK_THAT(tried(with_literal(good).substr(0, 9)), Contains("Corrupt"));
  CHECK_THAT(tried(""), Contains("Corrupt"));
  CHECK_THAT(tried("PK\3\4 an archive"), Contains("Corrupt"));
  for (const char* shape : {"(-1,)", "(3)", "3", "(,)", "(3 4)", "(3,,4)", "(3.0,)", "(1e3,)",
                            "(18446744073709551617,)", "(4611686018427387904, 4)", "[3]", "(3,",
                            "(True,)", "((3,),)"}) {
    CAPTURE(shape);
    CHECK_THAT(
        tried(with_literal(std::string("{'descr': '<f8', 'fortran_order': False, 'shape': ") +
                           shape + "}")),
        Contains("Corrupt"));
  }
  for (const char* literal :
       {"", "{", "{}", "{'descr': '<f8'}", "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'x': 1}",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)} x",
        "{'descr': '<f8' 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '\\x3cf8', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f8, 'fortran_order': False, 'shape': (3,)}", "__import__('os').abort()"}) {
    CAPTURE(literal);
    CHECK_THAT(tried(with_literal(literal)), Contains("Corrupt"));
  }
  for (const char* descr : {"", "<", "|f8", "<f", "<f9", "<f88", "f8f8", "<<f8", "<F8"}) {
    CAPTURE(descr);
    CHECK_THAT(tried(with_literal(std::string("{'descr': '") + descr +
                                  "', 'fortran_order': False, 'shape': (1,)}")),
               Contains("TypeMismatch"));
  }
}

TEST_CASE("mutated .npy files are errors or arrays of the size that the file has", "[npy]") {
  const Folder folder;
  Engine engine({.workers = 2});
  const AnyArray x = pattern_array("x", Dtype::i16, {40, 7});
  npy::save(engine, x, folder / "x.npy");
  const auto good = file_bytes(folder / "x.npy");
  std::mt19937 random(20261121);
  int errors = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    auto bytes = good;
    const std::size_t range = trial % 4 == 0 ? bytes.size() : 128;
    for (unsigned changes = 1 + random() % 3; changes != 0; --changes) {
      bytes[random() % range] = std::byte(random() & 255);
    }
    if (trial % 10 == 0) bytes.resize(random() % bytes.size());
    const bool in_a_file = trial % 100 == 0;
    const std::string error = error_of([&] {
      if (in_a_file) {
        write_file(folder / "m.npy", bytes);
        const auto m = npy::load(engine, folder / "m.npy", "m", owned(npy::Fortran::convert));
        CHECK(m.bytes() <= bytes.size());
        return;
      }
      const std::span<const std::byte> all(bytes);
      const npy::Preamble p =
          npy::read_preamble(all.first(std::min<std::size_t>(12, all.size())), "m");
      if (p.literal_at + p.literal_bytes > bytes.size()) throw Corrupt("cut short");
      const auto* text = reinterpret_cast<const char*>(bytes.data() + p.literal_at);
      const npy::Header header = npy::read_literal({text, p.literal_bytes}, p, "m");
      CHECK(size_of(header.shape) >= 0);
      CHECK(header.data_at <= bytes.size());
    });
    REQUIRE(error.find("another error") != 0);
    errors += error.empty() ? 0 : 1;
  }
  CHECK(errors > 2000);
  CHECK(errors < 19'000);
}

TEST_CASE("a worker killed while it loads or saves .npy costs nothing", "[npy]") {
  const Folder folder;
  const AnyArray x = pattern_array("x", Dtype::f64, {1200, 1000});
  for (const char* point : {"io.npy.save", "io.npy.load"}) {
    const std::string token = folder / "token";
    write_file(token, {});
    os::set_fault(std::string(point) + ":kill:1:" + token);
    {
      Engine engine({.workers = 2});
      npy::save(engine, x, folder / "x.npy", {.replace = true});
      CHECK(
          holds(npy::load(engine, folder / "x.npy", "y", owned()), pattern(Dtype::f64, x.size())));
    }
    os::set_fault("");
    CHECK(folder.names() == "x.npy");  // the token went with the worker
  }
}

TEST_CASE("a .npy file that is written into while it is loaded is not mixed", "[npy]") {
  const Folder folder;
  const std::string file = folder / "x.npy";
  const std::string once = folder / "once";
  Engine saver({.workers = 1});
  const AnyArray x = pattern_array("x", Dtype::u8, {1000, 100});
  npy::save(saver, x, file);
  const std::vector<std::byte> before = file_bytes(file);
  struct Case {
    const char* what;
    std::size_t bytes;  // that the file has afterwards
    const char* error;  // "": the old array
  };
  for (const Case& c : {Case{"nothing", before.size(), ""},
                        Case{"written into", before.size(), "changed while it was being loaded"},
                        Case{"longer", before.size() + 1, "changed while it was being loaded"},
                        Case{"cut short", before.size() / 2, "changed while it was being loaded"},
                        Case{"replaced", 0, ""}}) {
    CAPTURE(c.what);
    write_file(file, before);
    write_file(once, {});
    const WorkerFaults faults("io.npy.load:stop:1:" + once);
    Engine engine({.workers = 1});
    AnyArray y;
    std::string error;
    std::atomic<bool> ended{false};
    std::thread loader([&] {
      error = error_of([&] { y = npy::load(engine, file, "y", owned()); });
      ended = true;
    });
    while (std::filesystem::exists(once) && !ended) std::this_thread::yield();
    if (ended) {
      loader.join();
      FAIL("not stopped on the way: " << error);
    }
    // It has looked at the file, and has not begun to read.
    const std::uint64_t pid = engine.worker_info()[0].pid;
    while (!is_stopped(pid)) std::this_thread::yield();
    const std::string what = c.what;
    if (what == "replaced") {
      npy::save(saver, pattern_array("z", Dtype::u8, {1000, 100}), file, {.replace = true});
    } else if (what != "nothing") {
      std::vector<std::byte> other(before);
      other.resize(c.bytes);
      other.back() ^= std::byte{1};
      write_file(file, other);
    }
    ::kill(static_cast<pid_t>(pid), SIGCONT);
    loader.join();
    if (*c.error == '\0') {
      CHECK(error.empty());
      CHECK(holds(y, pattern(Dtype::u8, x.size())));
    } else {
      CHECK_THAT(error, Contains("InUse") && Contains(c.error) && Contains("x.npy"));
    }
  }
}

TEST_CASE("a .npy file on a full disk: the old one stays", "[npy]") {
  const Folder folder;
  Engine engine({.workers = 1});
  const AnyArray x = pattern_array("x", Dtype::u8, {100});
  npy::save(engine, x, folder / "x.npy");
  const auto before = file_bytes(folder / "x.npy");
  const AnyArray y = pattern_array("y", Dtype::u8, {200});
  for (const char* point : {"io.save.pwrite:fail", "io.save.sync:fail", "io.save.rename:fail"}) {
    os::set_fault(point);
    CHECK_THAT(error_of([&] { npy::save(engine, y, folder / "x.npy", {.replace = true}); }),
               Contains("OutOfSpace") || Contains("IoError"));
    os::set_fault("");
    CHECK(file_bytes(folder / "x.npy") == before);
    CHECK(folder.names() == "x.npy");
  }
}

}  // namespace furrow::test
