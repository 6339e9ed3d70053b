// stats and eval on datasets that come piece by piece
#include <catch2/catch.hpp>
#include <filesystem>
#include <furrow/array/array.hpp>
#include <numeric>

#include "core/cli/program.hpp"

using Catch::Matchers::Contains;
using namespace furrow;        // NOLINT
using namespace furrow::test;  // NOLINT

TEST_CASE("stats and eval read datasets piece by piece, and write one") {
  const Folder folder;
  const std::string in = folder / "in.h5:/a/x";
  const std::string out = folder / "out.h5:/y";
  auto x = Array<double>::create("x", {3000, 50});
  std::iota(x.span().begin(), x.span().end(), 0.0);
  run({"save", "x", in, "--gzip", "1", "--chunk", "100,50"});
  CHECK(run({"stats", in, "--json"}) == run({"stats", "x", "--json"}));
  CHECK(run({"stats", in, "--memory", "12M", "--json"}) == run({"stats", "x", "--json"}));
  CHECK(run({"eval", "--in", in, "sum(x*x)"}) == run({"eval", "sum(x*x)"}));
  CHECK(run({"eval", "--in", "p=" + in, "--rows", "10:20", "max(p)"}) == "999\n");
  CHECK(run({"eval", "--in", in, "--out", out, "--gzip", "2", "y = sqrt(x)"}).empty());
  run({"load", out, "y"});
  CHECK(run({"eval", "all(y == sqrt(x))"}) == "true\n");
  run({"eval", "--in", in, "--in", "q=" + out, "z = x - q"});
  CHECK(run({"eval", "all(z == x - y)"}) == "true\n");

  // Only a name stands before "=".
  std::filesystem::create_directory(folder / "run=5");
  const std::string odd = folder / "run=5/in.h5:/x";
  run({"save", "x", odd});
  CHECK(run({"eval", "--in", odd, "max(x)"}) == "149999\n");

  const auto refused = [](const std::vector<std::string>& arguments, int code,
                          const std::string& says) {
    const Result result = attempt(arguments);
    INFO(result.error);
    CHECK(result.code == code);
    CHECK(result.error.find(says) != std::string::npos);
  };
  const std::string grown = folder / "grown.h5";
  CHECK(run({"eval", "--in", in, "--out", grown + ":/y", "--gzip", "3", "--shuffle", "on",
             "--chunk", "100,50", "--growable", "--no-checksum", "y = 2*x"})
            .empty());
  const std::string info = run({"h5", "info", grown + ":/y"});
  CHECK_THAT(info, Contains("(100, 50)"));
  CHECK_THAT(info, Contains("shuffle") && Contains("gzip-3") && !Contains("fletcher32"));
  // What cannot be as it was asked for is said, as save says it.
  const Result clipped = attempt({"eval", "--in", in, "--out", grown + ":/z", "--rows", "0:40",
                                  "--chunk", "64,64", "--verbose", "y = x"});
  CHECK(clipped.code == 0);
  CHECK_THAT(clipped.error, Contains("chunks of (64, 64) are larger") && Contains("(40, 50)"));
  CHECK_THAT(clipped.error, Contains("read by the road \"chunks\", in 1 slab") &&
                                Contains("saved by the road \"chunks\", in chunks of (40, 50)"));
  CHECK_THAT(attempt({"stats", in, "--verbose"}).error, Contains("read by the road \"chunks\""));
  refused({"stats", "x", "--verbose"}, 2, "--verbose");
  refused({"eval", "sum(x)", "--verbose"}, 2, "--in");
  refused({"eval", "--in", in, "--gzip", "2", "sum(x)"}, 2, "--out");
  refused({"eval", "--in", in, "--out", out, "--shuffle", "often", "y = x"}, 2, "--shuffle");
  refused({"eval", "--out", folder / "w.h5:/w", "w = x"}, 2, "--in");
  refused({"eval", "--in", in, "--out", out, "y = x"}, 1, "already");
  refused({"eval", "--in", in, "x + 1"}, 1, "assign");
  refused({"eval", "--in", "in.h5", "sum(x)"}, 2, "names no dataset");
  refused({"stats", in, "--memory", "12Q"}, 2, "--memory");
  refused({"stats", in, "--memory", "4K"}, 1, "at least");
  refused({"stats", folder / "in.h5:/nothing"}, 1, "there is no");
  run({"rm", "--force", "x", "y", "z"});
}
