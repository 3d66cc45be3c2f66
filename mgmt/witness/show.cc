#include "mgmt/witness/show.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "mgmt/witness/disk_folder.h"
#include "mgmt/witness/record_file.h"
#include "mgmt/witness/store.h"

namespace stillwater::mgmt::witness {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::string& pair, const Result<ArbiterRecord>& record) {
  Json json{{"pair", pair}};
  if (!record) {
    json["error"] = record.error().message;
    return json;
  }
  json["term"] = record->term;
  json["active"] = record->active;
  json["in_sync"] = record->in_sync;
  json["region_id"] = hex_of(record->region_id);
  return json;
}

std::string text_of(const std::string& pair, const Result<ArbiterRecord>& record) {
  if (!record) return fmt::format("{}: {}\n", pair, record.error().message);
  return fmt::format("{}: term {}, active {}, in sync {}, region {}\n", pair, record->term, record->active,
                     fmt::join(record->in_sync, " "), hex_of(record->region_id));
}

}  // namespace

Result<Shown> show(const std::string& data, bool json) {
  const auto folder = DiskFolder::open_to_read(data);
  if (!folder) return tl::unexpected(folder.error());
  const auto pairs = pairs_in(**folder);
  if (!pairs) return tl::unexpected(pairs.error());
  Shown shown;
  auto list = Json::array();
  for (const auto& pair : *pairs) {
    const auto record = read_record(**folder, pair);
    shown.whole = shown.whole && record.has_value();
    if (json)
      list.push_back(json_of(pair, record));
    else
      shown.text += text_of(pair, record);
  }
  if (!json && pairs->empty()) shown.text = "no pair has a record in " + data + "\n";
  if (json) shown.text = Json{{"pairs", std::move(list)}}.dump(2) + "\n";
  return shown;
}

}  // namespace stillwater::mgmt::witness
