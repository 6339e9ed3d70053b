// furrow mc: its forms of output, its ends, checkpoints, signals, and bad input.
#include <signal.h>

#include <cmath>
#include <iterator>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "core/cli/program.hpp"

using namespace furrow::test;  // NOLINT

namespace {

void refused(const std::vector<std::string>& words, int code, const std::string& part) {
  const Result result = attempt(words);
  INFO(result.error);
  CHECK(result.code == code);
  CHECK(result.out.empty());
  CHECK(is_one_sentence(result.error));
  CHECK(result.error.find(part) != std::string::npos);
}

// The digits of an estimate, without the times.
std::string digits(const std::string& json) {
  return python("[json.loads(text)[k] for k in ('paths', 'mean', 'standard_error', 'ci95')]", json);
}

}  // namespace

TEST_CASE("mc prints an estimate with its error, and the exact value") {
  const std::string text = run({"mc", "pi", "--paths", "1e6", "--seed", "4"});
  CHECK(text.find("95 % INTERVAL") != std::string::npos);
  CHECK(text.find("1,000,000 paths") != std::string::npos);
  CHECK(text.find("3.14159") != std::string::npos);
}

TEST_CASE("mc --json has the keys that are promised, in their order") {
  const std::string text = run({"mc", "pi", "--paths", "1e6", "--seed", "4", "--json"});
  CHECK(python("' '.join(list(json.loads(text))[:9])", text) ==
        "model paths seed mean standard_error ci95 seconds paths_per_second exact");
  CHECK(python("json.loads(text)['paths']", text) == "1000000");
  CHECK(python("json.loads(text)['seed']", text) == "4");
  CHECK(python("abs(json.loads(text)['mean'] - json.loads(text)['exact']) < "
               "5 * json.loads(text)['standard_error']",
               text) == "True");
  CHECK(python("json.loads(text)['ci95'][0] < json.loads(text)['mean'] < "
               "json.loads(text)['ci95'][1]",
               text) == "True");
}

TEST_CASE("mc gives the same digits for any number of workers, and others for another seed") {
  const std::string one =
      digits(run({"mc", "pi", "--paths", "300001", "--json", "--workers", "1"}));
  const std::string two =
      digits(run({"mc", "pi", "--paths", "300001", "--json", "--workers", "3"}));
  CHECK(one == two);
  CHECK(one != digits(run({"mc", "pi", "--paths", "300001", "--json", "--seed", "1"})));
  CHECK(one != digits(run({"mc", "pi", "--paths", "300001", "--json", "--antithetic"})));
}

TEST_CASE("mc stops at what comes first") {
  const std::string error = run({"mc", "pi", "--error", "0.005", "--json"});
  CHECK(python("json.loads(text)['stop']", error) == "error");
  CHECK(python("0.004 < json.loads(text)['standard_error'] <= 0.005", error) == "True");
  CHECK(python("json.loads(text)['error_reached']", error) == "True");
  const std::string relative = run({"mc", "pi", "--relative-error", "0.002", "--json"});
  CHECK(python("json.loads(text)['stop']", relative) == "error");
  const std::string time = run({"mc", "pi", "--time", "50ms", "--json"});
  CHECK(python("json.loads(text)['stop']", time) == "time");
  CHECK(python("json.loads(text)['paths'] > 0", time) == "True");
  CHECK(python("json.loads(text)['error_reached']", time) == "None");
}

TEST_CASE("mc says that an error was not reached, and still gives the estimate") {
  const Result result = attempt({"mc", "pi", "--error", "1e-9", "--paths", "1e5", "--json"});
  CHECK(result.code == 3);
  CHECK(python("json.loads(text)['stop']", result.out) == "paths");
  CHECK(python("json.loads(text)['error_reached']", result.out) == "False");
  CHECK(is_one_sentence(result.error));
  CHECK(result.error.find("1e-9, was not reached: it is 0.005") != std::string::npos);
}

TEST_CASE("mc gives no reason of its own for an error that is not believed: models have theirs") {
  // A magnet near its critical point: what is known of the error is limited by its memory.
  const Result result = attempt({"mc", "ising", "--size", "64", "--temperature", "2.27", "--paths",
                                 "1500", "--error", "0.02"});
  CHECK(result.code == 3);
  CHECK(is_one_sentence(result.error));
  CHECK(result.error.find("is not believed yet: it is 0.0") != std::string::npos);
  CHECK(result.error.find("after 1,500 paths, the end by --paths, too few to know it well") !=
        std::string::npos);
  CHECK(result.out.find("1500 sweeps are few for such times") != std::string::npos);
}

TEST_CASE("mc --list shows the models") {
  const std::string text = run({"mc", "--list"});
  CHECK(text.find("MODEL") == 0);
  CHECK(text.find("\npi ") != std::string::npos);
  const std::string json = run({"mc", "--list", "--json"});
  CHECK(python("'pi' in [m['name'] for m in json.loads(text)]", json) == "True");
}

TEST_CASE("mc refuses what makes no sense") {
  refused({"mc"}, 2, "no model is given");
  refused({"mc", "pj"}, 2, "\"pj\" is no model; did you mean \"pi\"?; there are ");
  refused({"mc", "pi", "--spot", "3"}, 2,
          "pi has no option --spot; did you mean \"--plot\"?; it has --paths");
  refused({"mc", "pi", "--paths", "0"}, 2, "from 1 to 2^47");
  refused({"mc", "pi", "--paths", "-3"}, 2, "from 1 to 2^47");
  refused({"mc", "pi", "--paths", "1.5"}, 2, "whole number");
  refused({"mc", "pi", "--paths", "1e15"}, 2, "2^47");
  refused({"mc", "pi", "--error", "0"}, 2, "--error is a positive number");
  refused({"mc", "pi", "--error", "nan"}, 2, "--error is a positive number");
  refused({"mc", "pi", "--time", "10parsec"}, 2, "--time is a time as");
  refused({"mc", "pi", "--time", "0s"}, 2, "--time is a time as");
  refused({"mc", "pi", "--seed", "-1"}, 2, "--seed is a whole number");
  refused({"mc", "pi", "--seed", "18446744073709551616"}, 2, "--seed is a whole number");
}

TEST_CASE("mc takes up its checkpoint, and refuses that of another simulation") {
  const Folder folder;
  const std::string file = folder / "pi.h5";
  const std::vector<std::string> words{"mc", "pi", "--json", "--checkpoint", file};
  const auto with = [&](const std::string& option, const std::string& value) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {option, value});
    return all;
  };
  run(with("--paths", "1000000"));
  const std::string further = run(with("--paths", "2e6"));
  CHECK(digits(further) == digits(run({"mc", "pi", "--json", "--paths", "2e6"})));

  std::vector<std::string> other = with("--paths", "2e6");
  other.insert(other.end(), {"--seed", "5"});
  refused(other, 1, "its seed is 0, here it is 5");
  python("__import__('h5py').File(text, 'r+')['monte_carlo'].attrs.__setitem__('version', 99)",
         file);
  refused(with("--paths", "2e6"), 1, "its version is 99, here it is 3");
}

TEST_CASE("mc refuses the checkpoint of another model or of other parameters") {
  const Folder folder;
  const std::string file = folder / "buffon.h5";
  run({"mc", "buffon", "--paths", "25600", "--checkpoint", file});
  refused({"mc", "pi", "--paths", "51200", "--checkpoint", file}, 1,
          "its model is buffon, here it is pi");
  refused({"mc", "buffon", "--length", "2", "--paths", "51200", "--checkpoint", file}, 1,
          "buffon.h5 is of other parameters: its length is 1, here it is 2 (give another file");
  refused({"mc", "buffon", "--paths", "100", "--checkpoint", folder / "no/such.h5"}, 1, "no/such");
}

TEST_CASE("mc counts paths that are not finite, and says so") {
  const std::vector<std::string> words{"mc", "integral", "--discontinuous", "--difficulty", "1500"};
  std::vector<std::string> json = words;
  json.emplace_back("--json");
  const Result result = attempt(json);
  CHECK(result.code == 0);
  CHECK(python("json.loads(text)['invalid'] > 0", result.out) == "True");
  CHECK(python("json.loads(text)['invalid'] + json.loads(text)['paths']", result.out) == "1000000");
  CHECK(is_one_sentence(result.error));
  CHECK(result.error.find("of 1,000,000 paths were left out") != std::string::npos);
}

TEST_CASE("mc reads a model's parameters, and refuses what its table does not allow") {
  const std::string text = run({"mc", "slab", "--absorption", "1", "--thickness=3", "--json"});
  CHECK(python("json.loads(text)['exact']", text) == python("__import__('math').exp(-3)", ""));
  CHECK(run({"mc", "slab", "--help"}).find("mean free paths (default: 2)") != std::string::npos);
  refused({"mc", "slab", "--thickness", "-1"}, 2, "slab: thickness (of the slab) is a number from");
  refused({"mc", "slab", "--thickness", "thick"}, 2, "not \"thick\"");
  refused({"mc", "slab", "--thicknes", "3"}, 2, "did you mean \"--thickness\"?");
  refused({"mc", "integral", "--gaussian", "--continuous"}, 2, "only one of oscillatory");
  refused({"mc", "integral", "--dimension", "1.5"}, 2, "whole number");
  refused({"mc", "bootstrap"}, 2, "give --data");
  refused({"mc", "ising", "--size", "7"}, 2, "size is even");
}

TEST_CASE("mc bootstrap: its 95 % interval is one, and the one that was asked for has its name") {
  const Folder folder;
  const std::string file = folder / "data.h5";
  python("__import__('h5py').File(text, 'w').create_dataset('x', data=[1., 2., 4., 8., 16.]).size",
         file);
  const std::vector<std::string> words{"mc", "bootstrap", "--data", file + ":/x", "--paths", "5e3"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return more;
  };
  const std::string usual = run(with({"--json"}));
  const std::string asked = run(with({"--json", "--confidence", "0.5"}));
  CHECK(digits(usual) == digits(asked));
  CHECK(python("'confidence' in json.loads(text)['outputs'][0]", usual) == "False");
  CHECK(python("json.loads(text)['outputs'][0]['confidence']", asked) == "0.5");
  CHECK(python("(lambda o: o['ci95'][0] < o['interval'][0] < o['interval'][1] < o['ci95'][1])("
               "json.loads(text)['outputs'][0])",
               asked) == "True");
  const std::string text = run(with({"--confidence", "0.5"}));
  CHECK(text.find("95 % INTERVAL  50 % INTERVAL") != std::string::npos);
  refused(with({"--antithetic"}), 2, "no antithetic pairs");
  // The file's fault, and not the command line's.
  refused(with({"--column", "3"}), 1, "there is no column 3");
}

TEST_CASE("mc american: the price is that of exercise now; kept paths do not keep it from a plot") {
  const std::string text = run({"mc", "american", "--spot", "40", "--paths", "1e4", "--json"});
  CHECK(python("[json.loads(text)['mean'], json.loads(text)['ci95']]", text) == "[60, [60, 60]]");
  const Folder folder;
  const std::string name = "mc-kept";
  run({"mc", "american", "--paths", "1e4", "--keep-paths", name, "--plot", folder / "kept.svg"});
  run({"rm", name});
}

TEST_CASE("mc --plot writes well-formed SVG, with a histogram and without") {
  const Folder folder;
  const std::string file = folder / "plot.svg";
  const std::string elements =
      "sorted({e.tag.split('}')[1] for e in "
      "__import__('xml.etree.ElementTree').etree.ElementTree.parse(text).iter()})";
  for (const std::string model : {"pi", "slab", "ising", "gambler", "portfolio"}) {
    run({"mc", model, "--paths", model == "ising" ? "600" : "20000", "--plot", file});
    const std::string found = python(elements, file);
    INFO(model << " " << found);
    CHECK(found.find("'svg'") != std::string::npos);
    CHECK(found.find("'path'") != std::string::npos);
  }
  const std::string risks = python("open(text).read()", file);
  CHECK(risks.find(">value at risk 0.0") != std::string::npos);
  CHECK(risks.find(">expected shortfall 0.0") != std::string::npos);
  run({"mc", "european", "--put", "--paths", "20000", "--plot", file});
  const std::string option = python("open(text).read()", file);
  CHECK(option.find(" % at 0<") != std::string::npos);
  // Two values are two bars.
  run({"mc", "digital", "--paths", "20000", "--plot", file});
  CHECK(python("open(text).read()", file).find(" % at 0<") == std::string::npos);
}

TEST_CASE("mc looks at the files that it will write before it simulates") {
  const Folder folder;
  // Days of paths.
  const std::vector<std::string> words{"mc", "pi", "--paths", "1e14"};
  const auto with = [&](const std::string& option, const std::string& value) {
    std::vector<std::string> all = words;
    all.insert(all.end(), {option, value});
    return all;
  };
  refused(with("--plot", folder / "no/such.svg"), 1, "there is no such folder");
  refused(with("--checkpoint", folder / "no/such.h5"), 1, "there is no such folder");
  refused(with("--plot", folder / "plot.png"), 2, "--plot draws SVG");
  refused(with("--plot", folder / "plot.PDF"), 2, "plot.svg");
  CHECK(folder.files().empty());
  run({"mc", "pi", "--paths", "1e4", "--plot", folder / "plot.SVG"});
  run({"mc", "pi", "--paths", "1e4", "--plot", folder / "plot"});
  CHECK(folder.files().size() == 2);
}

TEST_CASE("mc --json holds all that is needed to have the digits again") {
  const std::vector<std::string> words{
      "mc",       "barrier",    "--put",   "--strike", "110.5",        "--json",
      "--up-out", "--barrier",  "130",     "--paths",  "40000",        "--seed",
      "9",        "--discrete", "--steps", "5",        "--antithetic", "--no-control"};
  const std::string first = run(words);
  CHECK(python("list(json.loads(text)['parameters'].items())", first) ==
        "[('spot', 100), ('strike', 110.5), ('rate', 0.05), ('dividend', 0), ('maturity', 1), "
        "('right', 'put'), ('sigma', 0.2), ('barrier', 130), ('knock', 'up-out'), ('steps', 5), "
        "('watch', 'discrete'), ('no-control', True)]");
  CHECK(python("json.loads(text)['options']", first) ==
        "{'paths': 40000, 'error': None, 'relative_error': None, 'time_seconds': None, "
        "'antithetic': True, 'checkpoint': None, 'quasi': False}");
  // A command line from nothing but that.
  const std::string again = python(
      "(lambda j: ' '.join(['mc', j['model'], '--json', '--paths', str(j['paths']), "
      "'--seed', str(j['seed'])] + ['--antithetic'] * j['options']['antithetic'] + "
      "[w for k, v in j['parameters'].items() for w in (['--' + k] * v if v in (True, False) "
      "and isinstance(v, bool) else ['--' + v] if isinstance(v, str) else "
      "['--' + k, str(v)])]))(json.loads(text))",
      first);
  INFO(again);
  std::istringstream in(again);
  CHECK(digits(run({std::istream_iterator<std::string>(in), {}})) == digits(first));
}

TEST_CASE("mc --quasi: the same value, better known, and only where there are such points") {
  const std::vector<std::string> words{"mc", "european", "--json", "--paths", "1e5"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), words.begin(), words.end());
    return more;
  };
  const std::string quasi = run(with({"--quasi"}));
  CHECK(python("json.loads(text)['options']['quasi']", quasi) == "True");
  // 2^13 points, 16 times: a power of two, rounded up.
  CHECK(python("json.loads(text)['paths']", quasi) == "131072");
  CHECK(
      python("(lambda j: abs(j['mean'] - j['exact']) < 5 * j['standard_error'])(json.loads(text))",
             quasi) == "True");
  CHECK(digits(quasi) == digits(run(with({"--quasi", "--workers", "1"}))));
  const std::string random = run(words);
  CHECK(std::stod(python("json.loads(text)['standard_error']", quasi)) * 10 <
        std::stod(python("json.loads(text)['standard_error']", random)));
  const std::string error = run({"mc", "european", "--quasi", "--error", "1e-4", "--json"});
  CHECK(python("json.loads(text)['error_reached']", error) == "True");
  refused({"mc", "slab", "--quasi"}, 2, "slab has no quasi-random points: european, digital");
  refused(with({"--quasi", "--time", "1s"}), 2, "--quasi ends by --paths or --error");
  refused(with({"--quasi", "--greeks"}), 2, "without greeks");
}

TEST_CASE("mc: a malformed list is wrong usage, wherever it is found out") {
  for (const std::vector<std::string>& bad :
       std::vector<std::vector<std::string>>{{"--weights", "1,x"},
                                             {"--weights", "1,"},
                                             {"--weights", "1,1,1", "--spots", "1,2"},
                                             {"--correlation", "0.5,0.5"},
                                             {"--correlation", "3"},
                                             {"--sigmas", "-1"},
                                             {"--weights", "1"}}) {
    for (const std::string model : {"basket", "portfolio"}) {
      if (model == "portfolio" && (bad[0] == "--spots" || bad.size() == 4 || bad[1] == "1"))
        continue;
      std::vector<std::string> words{"mc", model, "--paths", "1000"};
      words.insert(words.end(), bad.begin(), bad.end());
      const Result result = attempt(words);
      INFO(model << " " << bad[0] << " " << bad[1] << ": " << result.error);
      CHECK(result.code == 2);
      CHECK(is_one_sentence(result.error));
    }
  }
}

TEST_CASE("a model's help has the options of every model, and what each word of a choice means") {
  const std::string text = run({"mc", "barrier", "--help"});
  INFO(text);
  for (const char* part :
       {"--paths N ", "--error E ", "--seed N ", "--json ", "--checkpoint FILE.h5 ",
        "--call                      the right to buy at the strike (the default)\n",
        "--put                       the right to sell at the strike\n",
        "--up-in                     worthless unless it rises to the barrier\n",
        "--strike NUMBER             strike (default: 100)\n", "furrow mc barrier --paths 1e6"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("mc: where all paths are the same, an estimate is exact, and no errors away") {
  const std::string text = run({"mc", "european", "--sigma", "0", "--paths", "1e4"});
  INFO(text);
  CHECK(text.find("  exact\n") != std::string::npos);
  CHECK(run({"mc", "european", "--paths", "1e4"}).find(" errors\n") != std::string::npos);
}

TEST_CASE("an interrupted mc writes its checkpoint, prints the estimate, and goes on from there") {
  const Folder folder;
  const std::string file = folder / "pi.h5";
  const int number = GENERATE(SIGINT, SIGTERM);
  Program program({"mc", "pi", "--time", "100s", "--json", "--checkpoint", file});
  eventually("the workers have begun", [&] { return !descendants(program.pid()).empty(); });
  pause_ms(300);
  program.signal(number);
  const Result result = program.finish();
  INFO(result.error);
  CHECK(result.code == 128 + number);
  CHECK(is_one_sentence(result.error));
  CHECK(result.error.find("goes on from") != std::string::npos);
  CHECK(python("json.loads(text)['stop']", result.out) == "cancelled");
  CHECK(segments().empty());

  // A little further than it came, from the checkpoint and anew.
  const std::string n = python("max(json.loads(text)['paths'], 1000) + 12345", result.out);
  const std::string on = run({"mc", "pi", "--paths", n, "--json", "--checkpoint", file});
  CHECK(digits(on) == digits(run({"mc", "pi", "--paths", n, "--json"})));
}

TEST_CASE("mc shows the running estimate on a terminal") {
  Program program({"mc", "pi", "--time", "1500ms"}, Program::Where::terminal);
  const Result shown = program.finish();
  INFO(shown.out);
  CHECK(shown.code == 0);
  CHECK(shown.out.find("mc pi  ") != std::string::npos);
  CHECK(shown.out.find("3.14") != std::string::npos);
  CHECK(shown.out.find("±") != std::string::npos);
  CHECK(shown.out.find("ETA") != std::string::npos);
}
