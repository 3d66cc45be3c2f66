// YAML::LoadAll is of no use here: with text such as ",a: 1" it yields empty documents without end.
// YAML::Load ignores whatever follows the first document. So the parser is asked for two documents, and no
// more.
#include "base/yaml/document.h"

#include <sstream>

#include <yaml-cpp/eventhandler.h>

namespace stillwater::yaml {
namespace {

// Remembers where the latest document started.
class DocumentStart final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { at = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
  }
  void OnMapEnd() override {}

  YAML::Mark at;
};

}  // namespace

YAML::Node load_single_document(const std::string& text, const std::string& expected, Mistakes& mistakes) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentStart start;
  if (!parser.HandleNextDocument(start)) {
    mistakes.add(YAML::Mark::null_mark(), "the file is empty; expected " + expected);
    return {};
  }
  if (parser.HandleNextDocument(start)) {
    mistakes.add(
        start.at,
        "the document ends before this, a second document begins; expected one YAML document in a file");
    return {};
  }
  YAML::Node root = YAML::Load(text);
  if (root.IsNull()) mistakes.add(root.Mark(), "the file is empty; expected " + expected);
  return root;
}

}  // namespace stillwater::yaml
