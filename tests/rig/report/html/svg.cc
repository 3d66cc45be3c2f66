#include "tests/rig/report/html/svg.h"

#include <fmt/format.h>

#include "tests/rig/report/markup.h"

namespace stillwater::rig {
namespace {

const char* word_for(Anchor anchor) {
  switch (anchor) {
    case Anchor::start:
      return "start";
    case Anchor::middle:
      return "middle";
    case Anchor::end:
      return "end";
  }
  return "start";
}

}  // namespace

Svg::Svg(double height, std::string_view label)
    : body_(fmt::format("<svg viewBox=\"0 0 {} {:.0f}\" role=\"img\" aria-label=\"{}\">\n", kWidth, height,
                        escaped(label))) {}

void Svg::close(std::string_view element, std::string_view title) {
  body_ += title.empty() ? "/>\n" : fmt::format("><title>{}</title></{}>\n", escaped(title), element);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view classes) {
  body_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1,
                       y1, x2, y2, classes);
}

void Svg::rect(double x, double y, double width, double height, std::string_view classes,
               std::string_view title) {
  body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"{}\"", x,
                       y, width, height, classes);
  close("rect", title);
}

void Svg::circle(double x, double y, double radius, std::string_view classes, std::string_view title) {
  body_ +=
      fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" class=\"{}\"", x, y, radius, classes);
  close("circle", title);
}

void Svg::arrow(double x, double y, double size, std::string_view classes, std::string_view title) {
  body_ += fmt::format("<path d=\"M{:.1f} {:.1f}l{:.1f} {:.1f}l{:.1f} {:.1f}z\" class=\"{}\"", x, y - size,
                       1.6 * size, size, -1.6 * size, size, classes);
  close("path", title);
}

void Svg::text(double x, double y, std::string_view text, std::string_view classes, Anchor anchor) {
  body_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y,
                       classes, word_for(anchor), escaped(text));
}

void Svg::path(std::string_view path, std::string_view classes) {
  body_ += fmt::format("<path d=\"{}\" class=\"{}\"/>\n", path, classes);
}

}  // namespace stillwater::rig
