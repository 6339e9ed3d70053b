// Types, operators and values against NumPy's own: one run of the peer script for each case.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <furrow/kernels/expression/expression.hpp>
#include <furrow/kernels/packed.hpp>
#include <sstream>

using namespace furrow;                       // NOLINT
using namespace furrow::kernels;              // NOLINT
using namespace furrow::kernels::expression;  // NOLINT

namespace {

class Answers {
 public:
  explicit Answers(const std::string& arguments)
      : path_("numpy_peer." + std::to_string(getpid()) + ".out") {
    const std::filesystem::path script = FURROW_PEER;
    const auto space = arguments.find(' ');
    const std::string command = FURROW_PYTHON " " + script.string() + " " +
                                arguments.substr(0, space) + " " + path_ +
                                (space == arguments.npos ? "" : arguments.substr(space));
    REQUIRE(std::system(command.c_str()) == 0);
    file.open(path_, std::ios::binary);
  }
  ~Answers() { std::filesystem::remove(path_); }
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  std::ifstream file;

 private:
  std::string path_;
};

/// What a line of the peer says about an array, and its elements.
struct Elements {
  Dtype dtype = Dtype::none;
  Form form;
  std::vector<std::byte> bytes;

  void read(std::istringstream& line) {
    std::string word;
    line >> word;
    dtype = dtype_of_name(word);
    while (line >> word) form.extent[form.ndim++] = std::stoll(word);
  }
  void read_bytes(std::istream& file) {
    bytes.resize(static_cast<std::size_t>(form.size()) * item_bytes(dtype));
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
};

struct Named {
  std::string name;
  Elements elements;
  Source source() const {
    Source source;
    source.name = name;
    source.dtype = elements.dtype;
    source.form = elements.form;
    std::int64_t stride = 1;
    for (std::size_t axis = source.form.ndim; axis-- > 0;) {
      source.stride[axis] = stride;
      stride *= source.form.extent[axis];
    }
    source.data = elements.bytes.data();
    return source;
  }
};

// Equal numbers: NaN is NaN, and zeros of both signs are one.
bool same_element(Dtype dtype, const std::byte* a, const std::byte* b) {
  return visit_dtype(dtype, [&]<class T>(T x) {
    T y;
    std::memcpy(&x, a, sizeof x);
    std::memcpy(&y, b, sizeof y);
    if constexpr (is_complex(dtype_of<T>)) {
      const auto same = [](auto p, auto q) { return p == q || (p != p && q != q); };
      return same(x.real(), y.real()) && same(x.imag(), y.imag());
    } else {
      return x == y || (!(x == x) && !(y == y));
    }
  });
}

std::string element_text(Dtype dtype, const std::byte* at) {
  const Scalar value = load_element(dtype, at);
  std::ostringstream text;
  text.precision(17);
  if (is_complex(dtype)) text << value.c128[0] << "+" << value.c128[1] << "j";
  if (is_real_float(dtype)) text << value.f64;
  if (is_signed_integer(dtype)) text << value.i64;
  if (is_unsigned_integer(dtype) || dtype == Dtype::bool_) text << value.u64;
  return text.str();
}

// Empty when our answer is NumPy's.
std::string difference(const std::string& text, const std::vector<Source>& sources,
                       const Elements& right) {
  const Compiled compiled = compile(text, sources);
  if (compiled.error) {
    // NumPy has a few more functions of complex numbers.
    const std::string& message = compiled.error->message;
    const bool of_complex =
        message.find("c64") != message.npos || message.find("c128") != message.npos;
    // And it gives 0 for what is refused here.
    if (message == "division of integers by zero") return "";
    if (of_complex && message.find("does not take") != message.npos) return "";
    return to_string(*compiled.error, text);
  }
  if (compiled.dtype != right.dtype) {
    return "dtype " + std::string(dtype_name(compiled.dtype)) + ", NumPy has " +
           std::string(dtype_name(right.dtype));
  }
  if (!(compiled.form == right.form)) return "shape " + to_string(compiled.form);
  std::vector<std::byte> ours(right.bytes.size());
  run(compiled, ours.data());
  const std::size_t item = item_bytes(right.dtype);
  for (std::size_t at = 0; at < ours.size(); at += item) {
    if (same_element(right.dtype, ours.data() + at, right.bytes.data() + at)) continue;
    return "element " + std::to_string(at / item) + " is " +
           element_text(right.dtype, ours.data() + at) + ", NumPy has " +
           element_text(right.dtype, right.bytes.data() + at);
  }
  return "";
}

void compare_all(Answers& answers) {
  std::vector<Named> arrays;
  std::vector<Source> sources;
  std::string line;
  std::size_t cases = 0;
  while (std::getline(answers.file, line)) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    Elements elements;
    if (kind == "array") {
      Named named;
      words >> named.name;
      named.elements.read(words);
      named.elements.read_bytes(answers.file);
      arrays.push_back(std::move(named));
      continue;
    }
    if (sources.empty()) {
      for (const Named& named : arrays) sources.push_back(named.source());
    }
    REQUIRE(kind == "case");
    elements.read(words);
    std::string text;
    std::getline(answers.file, text);
    elements.read_bytes(answers.file);
    ++cases;
    INFO(text);
    CHECK(difference(text, sources, elements) == "");
  }
  CHECK(cases > 1000);
}

std::string seed() {
  const char* given = std::getenv("FURROW_SEED");
  return given != nullptr ? given : "20240229";  // the suite is repeatable
}

}  // namespace

TEST_CASE("dtypes promote as numpy.result_type says, for every pair and every kind of scalar") {
  Answers answers("promotion");
  std::string line;
  std::size_t lines = 0;
  while (std::getline(answers.file, line)) {
    std::istringstream words(line);
    std::string right;
    std::string word;
    words >> right;
    std::vector<Operand> operands;
    std::vector<Scalar> scalars(4);
    while (words >> word) {
      const auto equals = word.find('=');
      const Dtype dtype = dtype_of_name(word.substr(0, equals));
      Operand operand{dtype, nullptr};
      if (equals != word.npos) {
        Scalar& scalar = scalars[operands.size()];
        scalar = Scalar{};
        const char* text = word.c_str() + equals + 1;
        char* comma = nullptr;
        if (is_signed_integer(dtype)) {
          scalar.i64 = std::strtoll(text, nullptr, 10);
        } else if (!is_real_float(dtype) && !is_complex(dtype)) {
          scalar.u64 = std::strtoull(text, nullptr, 10);
        } else {
          scalar.c128[0] = std::strtod(text, &comma);
          if (is_complex(dtype)) scalar.c128[1] = std::strtod(comma + 1, nullptr);
        }
        operand.scalar = &scalar;
      }
      operands.push_back(operand);
    }
    INFO(line);
    CHECK(std::string(dtype_name(result_type(operands))) == right);
    ++lines;
  }
  CHECK(lines > 5000);
}

TEST_CASE("operators bind as in Python") {
  Answers answers("parse " + seed());
  compare_all(answers);
}

TEST_CASE("random expressions have NumPy's dtype, shape and values") {
  std::string functions;
  for (const std::string& name : function_names()) functions += " " + name;
  Answers answers("expressions " + seed() + functions);
  compare_all(answers);
}
