#include <furrow/montecarlo/plot.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <furrow/error.hpp>

namespace furrow::montecarlo {
namespace {

constexpr double width = 760;
constexpr double chart_height = 300;
constexpr double row_height = 16;
constexpr double left = 96, right = 24, top = 56, bottom = 48;

constexpr const char* style = R"(<style>
.paper { fill: #ffffff } .ink { fill: #24292f } .soft { fill: #57606a }
.grid { stroke: #d8dee4; stroke-width: 1 } .axis { stroke: #57606a; stroke-width: 1; fill: none }
.band { fill: #0969da; fill-opacity: 0.18 } .line { stroke: #0969da; stroke-width: 1.8; fill: none }
.bars { fill: #0969da; fill-opacity: 0.75 } .stem { stroke: #0969da; stroke-width: 3 }
.knob { fill: #0969da } .mark { stroke: #cf222e; stroke-width: 1.5;
stroke-dasharray: 6 4; fill: none } .marked { fill: #cf222e }
.halo { stroke: #ffffff; stroke-width: 4; paint-order: stroke; stroke-linejoin: round }
text { font: 12px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .ink { fill: #e6edf3 } .soft { fill: #9198a1 }
.grid { stroke: #2f353d } .axis { stroke: #9198a1 }
.band { fill: #4493f8; fill-opacity: 0.25 } .line { stroke: #4493f8 }
.halo { stroke: #0d1117 } .bars { fill: #4493f8 } .stem { stroke: #4493f8 }
.knob { fill: #4493f8 } .mark { stroke: #f85149 } .marked { fill: #f85149 }
}
</style>
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        // XML has no control characters.
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
  }
  return out;
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view kind,
                    std::string_view inner) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" class=\"{}\">{}</text>\n",
                     x, y, anchor, kind, inner);
}

std::string line_at(double x1, double y1, double x2, double y2, std::string_view kind) {
  return fmt::format(
      "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2,
      y2, kind);
}

/// The rectangle of a chart, and where numbers are in it.
struct Frame {
  double y0;  // of the chart on the paper
  double x_low, x_high, y_low, y_high;

  double x(double v) const {
    return left + (v - x_low) / (x_high - x_low) * (width - left - right);
  }
  double y(double v) const {
    return y0 + chart_height - bottom - (v - y_low) / (y_high - y_low) * height();
  }
  static double height() { return chart_height - top - bottom; }
  double base() const { return y0 + chart_height - bottom; }

  struct Texts {
    std::string_view title, note;
    std::string_view across, up;  // along the axes
    std::string_view clip;        // name of the chart's rectangle
  };
  std::string begin(const Texts& texts) const {
    std::string out = text_at(left, y0 + 26, "start", "ink title", escaped(texts.title));
    out += text_at(left, y0 + 44, "start", "soft", escaped(texts.note));
    out +=
        text_at((left + width - right) / 2, base() + 38, "middle", "soft", escaped(texts.across));
    // Written upwards, in the middle of its axis.
    out += fmt::format(
        "<text transform=\"translate(20 {:.1f}) rotate(-90)\" text-anchor=\"middle\" "
        "class=\"soft\">{}</text>\n",
        base() - height() / 2, escaped(texts.up));
    out += fmt::format(
        "<clipPath id=\"{}\"><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>"
        "</clipPath>\n",
        texts.clip, left, y0 + top, width - left - right, height());
    const std::vector<double> ticks = round_ticks(y_low, y_high, 5);
    const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
    for (const double v : ticks) {
      out += line_at(left, y(v), width - right, y(v), "grid");
      out += text_at(left - 8, y(v) + 4, "end", "soft", tick_text(v, step));
    }
    return out;
  }
  std::string end() const {
    return fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\" class=\"axis\"/>\n", left,
                       y0 + top, base(), width - right);
  }
};

std::vector<ConvergencePoint> drawable(const std::vector<ConvergencePoint>& points) {
  std::vector<ConvergencePoint> out;
  for (const ConvergencePoint& p : points) {
    if (p.paths > 0 && std::isfinite(p.mean) && std::isfinite(p.standard_error)) out.push_back(p);
  }
  return out;
}

Frame convergence_frame(const std::vector<ConvergencePoint>& points, double exact) {
  constexpr double band = 1.96;
  Frame f{0, 0, 1, 0, 1};
  if (points.empty()) return f;
  f.x_low = std::log10(static_cast<double>(points.front().paths));
  f.x_high = std::log10(static_cast<double>(points.back().paths));
  if (!(f.x_high > f.x_low)) {
    f.x_low -= 0.5;
    f.x_high += 0.5;
  }
  f.y_low = f.y_high = points.back().mean;
  for (const ConvergencePoint& p : points) {
    f.y_low = std::min(f.y_low, p.mean - band * p.standard_error);
    f.y_high = std::max(f.y_high, p.mean + band * p.standard_error);
  }
  if (std::isfinite(exact)) {
    f.y_low = std::min(f.y_low, exact);
    f.y_high = std::max(f.y_high, exact);
  }
  double margin = 0.06 * (f.y_high - f.y_low);
  if (!(margin > 0)) margin = std::max(std::abs(f.y_low) * 0.1, 1e-300);
  f.y_low -= margin;
  f.y_high += margin;
  return f;
}

// Powers of ten, and 2 and 5 times them where few powers are in sight.
std::string decades(const Frame& f) {
  std::string out;
  const bool few = f.x_high - f.x_low < 2;
  for (int e = static_cast<int>(std::floor(f.x_low)); e <= static_cast<int>(f.x_high); ++e) {
    for (const int m : {1, 2, 5}) {
      if (m != 1 && !few) continue;
      const double at = e + std::log10(m);
      if (at < f.x_low - 1e-9 || at > f.x_high + 1e-9) continue;
      out += line_at(f.x(at), f.y0 + top, f.x(at), f.base(), "grid");
      const std::string factor = m == 1 ? "" : fmt::format("{}·", m);
      out += text_at(f.x(at), f.base() + 18, "middle", "soft",
                     fmt::format("{}10<tspan dy=\"-5\" font-size=\"9\">{}</tspan>", factor, e));
    }
  }
  return out;
}

std::string convergence(const Plot& plot) {
  const std::vector<ConvergencePoint> points = drawable(plot.points);
  const Frame f = convergence_frame(points, plot.exact);
  std::string out =
      f.begin({plot.title, "running estimate; band: 1.96 standard errors to each side", "paths",
               plot.quantity, "first"});
  out += decades(f);
  std::string upper;
  std::string lower;
  std::string line;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const ConvergencePoint& p = points[i];
    const double x = f.x(std::log10(static_cast<double>(p.paths)));
    const double reach = 1.96 * p.standard_error;
    const char step = i == 0 ? 'M' : 'L';
    upper += fmt::format("{}{:.1f} {:.1f}", step, x, f.y(p.mean + reach));
    lower = fmt::format("L{:.1f} {:.1f}", x, f.y(p.mean - reach)) + lower;
    line += fmt::format("{}{:.1f} {:.1f}", step, x, f.y(p.mean));
  }
  if (!points.empty()) {
    out += fmt::format(
        "<g clip-path=\"url(#first)\"><path d=\"{}{}Z\" class=\"band\"/>\n"
        "<path d=\"{}\" class=\"line\"/></g>\n",
        upper, lower, line);
  }
  if (std::isfinite(plot.exact)) {
    out += line_at(left, f.y(plot.exact), width - right, f.y(plot.exact), "mark");
    out += text_at(width - right - 4, f.y(plot.exact) - 6, "end", "marked",
                   fmt::format("exact {:.6g}", plot.exact));
  }
  return out + f.end();
}

double percent(std::int64_t part, double all) { return 100 * static_cast<double>(part) / all; }

// What the bins do not show.
std::string beside_bins(const Plot& plot, double all) {
  std::vector<std::string> notes;
  if (plot.atom.count != 0) {
    notes.push_back(fmt::format("{:.3g} % of the paths are {:.6g} exactly: the stem, not to scale",
                                percent(plot.atom.count, all), plot.atom.at));
  }
  const std::int64_t outside = plot.counts.front() + plot.counts.back();
  if (outside != 0) {
    notes.push_back(fmt::format("{:.2g} % lie outside of the bins", percent(outside, all)));
  }
  return fmt::format("{}", fmt::join(notes, "; "));
}

std::string bars(const Plot& plot, const Frame& f, double all) {
  std::string out;
  const double step = (plot.bins.high - plot.bins.low) / static_cast<double>(plot.bins.count);
  for (std::int64_t i = 0; i < plot.bins.count; ++i) {
    const std::int64_t count = plot.counts[static_cast<std::size_t>(i) + 1];
    if (count == 0) continue;
    const double x = plot.bins.low + step * static_cast<double>(i);
    out += fmt::format("M{:.2f} {:.1f}V{:.2f}H{:.2f}V{:.1f}Z", f.x(x), f.base(),
                       f.y(percent(count, all)), f.x(x + step), f.base());
  }
  return fmt::format("<path d=\"{}\" class=\"bars\"/>\n", out);
}

// A row of text for each thing that is marked, and the lines first, so that none crosses a text.
struct Marked {
  std::string lines;
  std::string texts;
  double row;  // of the next text

  void text(double x, bool to_the_left, std::string_view kind, const std::string& inner) {
    texts += text_at(x + (to_the_left ? -6 : 6), row, to_the_left ? "end" : "start", kind, inner);
    row += row_height;
  }
};

void put_stem(const Atom& atom, const Frame& f, double all, Marked& marked) {
  const double x = f.x(atom.at);
  const double knob = f.y0 + top + 8;
  marked.lines += line_at(x, f.base(), x, knob, "stem");
  marked.lines +=
      fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" class=\"knob\"/>\n", x, knob);
  marked.text(x + 4, false, "ink halo",
              fmt::format("{:.3g} % at {:.6g}", percent(atom.count, all), atom.at));
}

std::vector<Marker> visible(const Plot& plot) {
  std::vector<Marker> out;
  for (const Marker& each : plot.markers) {
    if (each.at > plot.bins.low && each.at < plot.bins.high) out.push_back(each);
  }
  return out;
}

std::string histogram(const Plot& plot) {
  const std::int64_t total =
      std::accumulate(plot.counts.begin(), plot.counts.end(), plot.atom.count);
  const double all = static_cast<double>(std::max<std::int64_t>(total, 1));
  const auto most = *std::max_element(plot.counts.begin() + 1, plot.counts.end() - 1);
  const double peak = std::max(percent(most, all), 1e-9);
  const std::vector<Marker> markers = visible(plot);
  // The texts stand above the bars.
  const auto rows = static_cast<double>(markers.size() + (plot.atom.count != 0 ? 1 : 0));
  const double texts = std::min((row_height * rows + 8) / Frame::height(), 0.6);
  Frame f{chart_height, plot.bins.low, plot.bins.high, 0, 1.02 * peak / (1 - texts)};
  if (plot.atom.count != 0) {
    // Room to the left of the stem, or to the right.
    const double room = 0.03 * (f.x_high - f.x_low);
    f.x_low = std::min(f.x_low, plot.atom.at - room);
    f.x_high = std::max(f.x_high, plot.atom.at + room);
  }
  std::string out =
      f.begin({"Histogram", beside_bins(plot, all), plot.sample, "paths in each bin, %", "second"});
  const std::vector<double> ticks = round_ticks(f.x_low, f.x_high, 8);
  for (const double v : ticks) {
    out += line_at(f.x(v), f.y0 + top, f.x(v), f.base(), "grid");
    out += text_at(f.x(v), f.base() + 18, "middle", "soft",
                   tick_text(v, ticks.size() > 1 ? ticks[1] - ticks[0] : 1));
  }
  out += bars(plot, f, all);
  Marked marked{"", "", f.y0 + top + 12};
  if (plot.atom.count != 0) put_stem(plot.atom, f, all, marked);
  for (const Marker& marker : markers) {
    const double x = f.x(marker.at);
    marked.lines += line_at(x, f.y0 + top, x, f.base(), "mark");
    marked.text(x, x > width / 2, "marked halo", escaped(marker.label));
  }
  return out + marked.lines + marked.texts + f.end();
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int wanted) {
  std::vector<double> ticks;
  if (!(high > low) || !std::isfinite(high - low) || wanted < 1) return ticks;
  const double rough = (high - low) / wanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double m : {1.0, 2.0, 5.0}) {
    if (m * power < rough * 0.999) continue;
    step = m * power;
    break;
  }
  const double first = std::ceil(low / step - 1e-9);
  const double last = std::floor(high / step + 1e-9);
  // A step below the numbers' own resolution has no ticks.
  for (double i = first; i <= last && ticks.size() < 100; i += 1) ticks.push_back(i * step);
  return ticks;
}

std::string tick_text(double value, double step) {
  if (std::abs(value) < step * 1e-6) return "0";
  const double size = std::max(std::abs(value), step);
  if (size >= 1e7 || size < 1e-4) return fmt::format("{:.3g}", value);
  const int decimals =
      static_cast<int>(std::clamp(-std::floor(std::log10(step) + 1e-9), 0.0, 12.0));
  return fmt::format("{:.{}f}", value, decimals);
}

std::string svg(const Plot& plot) {
  const bool bars =
      plot.bins.count > 0 && plot.counts.size() == static_cast<std::size_t>(plot.bins.count) + 2;
  const double height = bars ? 2 * chart_height : chart_height;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
      "height=\"{1:.0f}\" role=\"img\">\n<title>{2}</title>\n",
      width, height, escaped(plot.title));
  out += style;
  out += fmt::format("<rect width=\"{:.0f}\" height=\"{:.0f}\" class=\"paper\"/>\n", width, height);
  out += convergence(plot);
  if (bars) out += histogram(plot);
  return out + "</svg>\n";
}

void write_plot(const std::string& file, const Plot& plot) {
  const std::string text = svg(plot);
  std::ofstream out(file, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out) {
    throw IoError(
        fmt::format("{} cannot be written (does its folder exist, is the disk full?)", file));
  }
}

}  // namespace furrow::montecarlo
