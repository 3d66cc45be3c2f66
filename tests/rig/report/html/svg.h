// A drawing, as inline SVG. Colours and type are the page's style sheet's: shapes carry classes.
#pragma once

#include <string>
#include <string_view>

namespace stillwater::rig {

enum class Anchor { start, middle, end };

// In user units; the page scales it to its column. `title` of a shape is what a pointer that rests on it
// shows.
class Svg {
 public:
  static constexpr double kWidth = 960;

  // `label` is what a screen reader says.
  Svg(double height, std::string_view label);

  void line(double x1, double y1, double x2, double y2, std::string_view classes);
  void rect(double x, double y, double width, double height, std::string_view classes,
            std::string_view title = {});
  void circle(double x, double y, double radius, std::string_view classes, std::string_view title = {});
  // To the right of x: a value that lies beyond.
  void arrow(double x, double y, double size, std::string_view classes, std::string_view title = {});
  void text(double x, double y, std::string_view text, std::string_view classes,
            Anchor anchor = Anchor::start);
  // `path` is path data.
  void path(std::string_view path, std::string_view classes);

  [[nodiscard]] std::string done() const { return body_ + "</svg>\n"; }

 private:
  void close(std::string_view element, std::string_view title);

  std::string body_;
};

}  // namespace stillwater::rig
