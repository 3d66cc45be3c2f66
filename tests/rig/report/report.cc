#include "tests/rig/report/report.h"

#include <fstream>

#include "tests/rig/report/html/page.h"
#include "tests/rig/report/json.h"
#include "tests/rig/report/junit.h"

namespace stillwater::rig {

Status write_report(const Document& document, const std::string& folder) {
  return write_file(folder + "/report.json", to_json(document))
      .and_then([&] { return write_file(folder + "/report.xml", to_junit(document)); })
      .and_then([&] { return write_file(folder + "/report.html", to_html(document)); });
}

Status write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) return fail(Errc::io, "cannot write " + path);
  return {};
}

}  // namespace stillwater::rig
