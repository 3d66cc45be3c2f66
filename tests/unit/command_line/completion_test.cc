// Completion, as bash itself does it with the script.
#include "base/command_line/completion.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <unistd.h>

namespace stillwater {
namespace {

struct Program {
  CLI::App app{"A program.", "some-tool"};
  std::string tls, kind, file, text;
  bool flag = false;

  Program() {
    app.add_option("--tls", tls, "")->type_name("required|none");
    app.add_option("--kind", kind, "")->check(CLI::IsMember({"good", "bad"}));
    app.add_option("--config", file, "")->type_name("FILE");
    app.add_option("--hidden", text, "")->group("");
    auto* agent = app.add_subcommand("agent", "")->fallthrough();
    agent->add_subcommand("quiesce", "")->fallthrough()->add_option("--limit", text, "");
    agent->add_subcommand("resume", "")->fallthrough();
    app.add_subcommand("alone", "")->add_flag("-x,--extra", flag, "");
  }
};

// What bash offers where the last of `words` is being typed, sorted, a space between two.
std::string offered(const CLI::App& app, const std::vector<std::string>& words) {
  const auto script = std::filesystem::temp_directory_path() / ("completion-" + std::to_string(getpid()));
  {
    std::ofstream file(script);
    file << bash_completion(app) << "COMP_WORDS=(" << app.get_name();
    for (const std::string& word : words) file << " '" << word << "'";
    file << ")\nCOMP_CWORD=" << words.size() << "\n_some_tool\nprintf '%s\\n' \"${COMPREPLY[@]}\" | sort\n";
  }
  FILE* const shell = popen(("cd /usr && bash " + script.string()).c_str(), "r");
  std::string line;
  std::array<char, 256> part{};
  while (fgets(part.data(), part.size(), shell) != nullptr) line += part.data();
  CHECK(pclose(shell) == 0);
  std::filesystem::remove(script);
  std::istringstream lines(line);
  std::string all;
  for (std::string one; lines >> one;) all += (all.empty() ? "" : " ") + one;
  return all;
}

TEST_CASE("commands and options are offered, hidden ones are not") {
  const Program program;
  CHECK(offered(program.app, {""}) == "--config --help --kind --tls -h agent alone");
  CHECK(offered(program.app, {"a"}) == "agent alone");
}

TEST_CASE("a command's own commands and options, and those of the program that may follow it") {
  const Program program;
  CHECK(offered(program.app, {"agent", ""}) == "--config --help --kind --tls -h quiesce resume");
  CHECK(offered(program.app, {"--tls", "none", "agent", "quiesce", "--"}) ==
        "--config --help --kind --limit --tls");
  CHECK(offered(program.app, {"alone", "--"}) == "--extra --help");
}

TEST_CASE("values of an option that is one of several") {
  const Program program;
  CHECK(offered(program.app, {"--tls", ""}) == "none required");
  CHECK(offered(program.app, {"agent", "--kind", "g"}) == "good");
}

TEST_CASE("files where the type is one") {
  const Program program;
  CHECK(offered(program.app, {"--config", "sbi"}) == "sbin");
}

TEST_CASE("--completion prints the script although something else is required") {
  CLI::App app("A program.", "some-tool");
  std::string needed;
  app.add_option("--needed", needed, "")->required();
  add_completion(app);
  std::ostringstream out, err;
  try {
    app.parse("--completion bash");
    FAIL("no script");
  } catch (const CLI::ParseError& error) {
    CHECK(app.exit(error, out, err) == 0);
  }
  CHECK_THAT(out.str(), Catch::Matchers::Contains("complete -F _some_tool some-tool"));
  CHECK_THROWS_AS(app.parse("--completion fish"), CLI::ValidationError);
}

}  // namespace
}  // namespace stillwater
