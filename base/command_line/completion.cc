#include "base/command_line/completion.h"

#include <algorithm>
#include <set>
#include <vector>

#include <CLI/CLI.hpp>

namespace stillwater {
namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

std::vector<const CLI::Option*> shown_options(const CLI::App& app) {
  return app.get_options(
      [](const CLI::Option* o) { return !o->get_group().empty() && !o->get_positional(); });
}

std::vector<const CLI::App*> shown_commands(const CLI::App& app) {
  return app.get_subcommands(
      [](const CLI::App* sub) { return !sub->get_group().empty() && !sub->get_name().empty(); });
}

// "required|none" is two words; a set shows itself as "TEXT:{a,b}".
std::vector<std::string> values_of(const CLI::Option& option) {
  std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  if (open != std::string::npos) {
    type = type.substr(open + 1, type.find('}') - open - 1);
    std::replace(type.begin(), type.end(), ',', '|');
  } else if (type.find('|') == std::string::npos) {
    return {};
  }
  std::vector<std::string> values;
  for (std::string& value : CLI::detail::split(type, '|'))
    if (value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos)
      values.push_back(std::move(value));
  return values;
}

bool is_path(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  for (const char* known : {"FILE", "FOLDER", "PATH"})
    if (type.find(known) != std::string::npos) return true;
  return false;
}

struct Script {
  std::string chain;   // of commands typed so far
  std::string words;   // what may come next, by chain
  std::string values;  // of options, by name
  std::set<std::string> with_values;
  std::set<std::string> with_paths;
};

void describe(const CLI::App& app, const std::string& path, const std::vector<std::string>& inherited,
              Script& script) {
  std::vector<std::string> options = inherited;
  for (const CLI::Option* option : shown_options(app)) {
    for (const std::string& name : names_of(*option)) {
      if (std::find(options.begin(), options.end(), name) == options.end()) options.push_back(name);
      const auto values = values_of(*option);
      if (!values.empty() && script.with_values.insert(name).second)
        script.values += "    " + name + ") words=\"" + joined(values, " ") + "\" ;;\n";
      if (is_path(*option)) script.with_paths.insert(name);
    }
  }
  std::vector<std::string> words;
  for (const CLI::App* command : shown_commands(app)) {
    const std::string its = path + "/" + command->get_name();
    words.push_back(command->get_name());
    script.chain += "      \"" + path + " " + command->get_name() + "\") path=\"" + its + "\" ;;\n";
    describe(*command, its, command->get_fallthrough() ? options : std::vector<std::string>(), script);
  }
  words.insert(words.end(), options.begin(), options.end());
  script.words += "    \"" + path + "\") words=\"" + joined(words, " ") + "\" ;;\n";
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  Script script;
  describe(app, "", {}, script);
  const std::string paths =
      joined(std::vector<std::string>(script.with_paths.begin(), script.with_paths.end()), "|");
  std::string function = "_" + app.get_name();
  std::replace(function.begin(), function.end(), '-', '_');
  std::string text = "# bash completion for " + app.get_name() + "; made by " + app.get_name() +
                     " --completion bash\n" + function +
                     "() {\n"
                     "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "  local path=\"\" words=\"\" word\n"
                     "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                     "    case \"$path $word\" in\n" +
                     script.chain +
                     "      *) ;;\n    esac\n  done\n"
                     "  case \"$path\" in\n" +
                     script.words +
                     "  esac\n"
                     "  case \"$previous\" in\n" +
                     script.values;
  if (!paths.empty())
    text += "    " + paths +
            ")\n      mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
            "      compopt -o filenames 2>/dev/null\n      return ;;\n";
  text +=
      "    *) ;;\n  esac\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
      "  [ ${#COMPREPLY[@]} -gt 0 ] || { mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); "
      "compopt -o filenames 2>/dev/null; }\n"
      "}\ncomplete -F " +
      function + " " + app.get_name() + "\n";
  return text;
}

void add_completion(CLI::App& app) {
  const auto print = [&app](const std::string& shell) {
    if (shell != "bash") throw CLI::ValidationError("--completion", "'" + shell + "' is not bash");
    throw CLI::CallForVersion(bash_completion(app), 0);
  };
  app.add_option_function<std::string>("--completion", print, "Print a completion script")
      ->type_name("bash")
      ->trigger_on_parse()
      ->group("");
}

}  // namespace stillwater
