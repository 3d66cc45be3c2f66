#include "tests/rig/report/markup.h"

namespace stillwater::rig {

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += (c >= 0 && c < ' ' && c != '\n') || c == 0x7f ? ' ' : c;
    }
  }
  return safe;
}

}  // namespace stillwater::rig
