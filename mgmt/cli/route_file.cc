#include "mgmt/cli/route_file.h"

#include <sstream>
#include <string>
#include <vector>

namespace stillwater::mgmt::cli {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream text(line.substr(0, line.find('#')));
  std::vector<std::string> words;
  for (std::string word; text >> word;) words.push_back(word);
  return words;
}

// "via A B ... [port P] [track]", behind the destination.
std::optional<v1::Route> with_next_hops(const std::vector<std::string>& words) {
  v1::Route route;
  route.set_to(words[0]);
  route.set_kind("forward");
  std::size_t end = words.size();
  if (words[end - 1] == "track") {
    route.set_track(true);
    --end;
  }
  std::string port;
  if (end >= 4 && words[end - 2] == "port") {
    port = words[end - 1];
    end -= 2;
  }
  for (std::size_t i = 2; i < end; ++i) {
    v1::NextHop& hop = *route.add_via();
    hop.set_address(words[i]);
    hop.set_port(port);
  }
  if (route.via().empty()) return std::nullopt;
  return route;
}

std::optional<v1::RouteChange> change_of(const std::vector<std::string>& words) {
  v1::RouteChange change;
  if (words.size() == 2 && words[0] == "remove") {
    change.set_remove(words[1]);
    return change;
  }
  if (words.size() == 2 && (words[1] == "blackhole" || words[1] == "reject")) {
    change.mutable_put()->set_to(words[0]);
    change.mutable_put()->set_kind(words[1]);
    return change;
  }
  if (words.size() < 3 || words[1] != "via") return std::nullopt;
  auto route = with_next_hops(words);
  if (!route) return std::nullopt;
  *change.mutable_put() = std::move(*route);
  return change;
}

}  // namespace

Result<std::optional<v1::RouteChange>> RouteFile::next() {
  for (std::string line; std::getline(text_, line);) {
    ++line_;
    const auto words = words_of(line);
    if (words.empty()) continue;
    auto change = change_of(words);
    if (!change)
      return fail(Errc::invalid_argument,
                  "line " + std::to_string(line_) + ": '" + line +
                      "'; expected 'TO via ADDRESS... [port NAME] [track]', 'TO blackhole', "
                      "'TO reject' or 'remove TO'");
    return change;
  }
  if (text_.bad()) return fail(Errc::io, "cannot read on after line " + std::to_string(line_));
  return std::nullopt;
}

}  // namespace stillwater::mgmt::cli
