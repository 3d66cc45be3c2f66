// Every mistake of a file is said once, at its place, in the file's order.
#include "base/yaml/keys.h"

#include <functional>

#include <catch2/catch.hpp>

#include "base/yaml/document.h"

namespace stillwater::yaml {
namespace {

// What `look` finds wrong with the mapping that the text is.
std::string mistakes_in(const std::string& text, const std::function<void(Keys&)>& look) {
  Mistakes mistakes("f.yaml");
  const YAML::Node document = load_single_document(text, "a sample", mistakes);
  if (mistakes.empty()) {
    Keys keys({document, document.Mark()}, "the file", mistakes);
    look(keys);
    keys.finish();
  }
  return mistakes.empty() ? "" : mistakes.error().message;
}

}  // namespace

TEST_CASE("keys that are asked for are found where they are; the rest is unknown") {
  const std::string found = mistakes_in("size: 3\nodd: 4\n", [](Keys& keys) {
    REQUIRE(keys.find("size") != nullptr);
    CHECK(keys.find("size")->node.Scalar() == "3");
    CHECK(keys.find("size")->at.column == 6);
    CHECK_FALSE(keys.has("name"));
  });
  CHECK(found == "f.yaml:2:1: unknown key 'odd' in the file; expected one of name, size");
}

TEST_CASE("a key that is nearly one is taken for it: a letter more, or two that changed places") {
  const std::string key = GENERATE(as<std::string>{}, "namee", "nmae", "Name");
  const std::string found = mistakes_in(key + ": 1\n", [](Keys& keys) { (void)keys.has("name"); });
  CHECK(found == "f.yaml:1:1: unknown key '" + key + "' in the file; expected 'name', did you mean that?");
}

TEST_CASE("missing, repeated and ill-formed keys are said, in the order of the file") {
  const std::string found = mistakes_in("b: 1\n[x]: 2\nb: 3\n", [](Keys& keys) {
    CHECK(keys.require("b", "a number"));
    CHECK_FALSE(keys.require("a", "a word"));
  });
  CHECK(found ==
        "f.yaml:1:1: the file has no 'a'; expected a word\n"
        "f.yaml:2:1: a key of the file is a list; expected a name\n"
        "f.yaml:3:1: key 'b' is repeated; expected it once (first on line 1)");
}

TEST_CASE("what is no mapping is said once, and its keys are not missed") {
  const std::string found =
      mistakes_in("- a\n", [](Keys& keys) { CHECK_FALSE(keys.require("a", "a word")); });
  CHECK(found == "f.yaml:1:1: the file is a list; expected a mapping of keys to values");
}

TEST_CASE("a mapping below another one reports under its own name; an absent one is silent") {
  const std::string found = mistakes_in("part: {x: 1}\nempty:\n", [](Keys& keys) {
    Keys part = keys.under("part");
    part.mistake("x", "x is wrong; expected right");
    part.mistake("y", "y is absent; expected it");
    part.finish();
    Keys none = keys.under("none");
    CHECK_FALSE(none.require("x", "a word"));
    none.finish();
    CHECK(keys.find("empty")->at.column == 0);
  });
  CHECK(found ==
        "f.yaml:1:7: y is absent; expected it\n"
        "f.yaml:1:8: unknown key 'x' in part; expected one of \n"
        "f.yaml:1:11: x is wrong; expected right");
}

TEST_CASE("all names of a mapping are known once they were asked for") {
  CHECK(mistakes_in("b: 1\na: 2\n", [](Keys& keys) {
          CHECK(keys.names() == std::vector<std::string>{"a", "b"});
        }).empty());
}

TEST_CASE("a file is exactly one document") {
  const auto nothing = [](Keys&) {};
  CHECK(mistakes_in("", nothing) == "f.yaml:1:1: the file is empty; expected a sample");
  CHECK(mistakes_in("# only a comment\n", nothing) == "f.yaml:1:1: the file is empty; expected a sample");
  CHECK(
      mistakes_in("---\na: 1\n---\nb: 2\n", nothing) ==
      "f.yaml:3:1: the document ends before this, a second document begins; expected one YAML document in a "
      "file");
}

TEST_CASE("whatever the file holds, a mistake stays on its line and is shortened") {
  Mistakes mistakes("f.yaml");
  mistakes.add(YAML::Mark::null_mark(), "two\nlines");
  CHECK(mistakes.error().message == "f.yaml:1:1: two?lines");
  CHECK(quoted("a\tb") == "'a?b'");
  CHECK(quoted(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...'");
}

}  // namespace stillwater::yaml
