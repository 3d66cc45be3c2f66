#include "tests/rig/load/programs/files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/rig/load/payload.h"

namespace stillwater::rig {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Status write_numbered(const std::string& path, std::uint64_t bytes) {
  std::ofstream file(path, std::ios::binary);
  for (std::uint32_t number = 0; std::uint64_t{number} * kMessageBytes < bytes; ++number) {
    const Message message = make_message(0, Direction::to_client, number);
    file.write(reinterpret_cast<const char*>(message.data()), message.size());
  }
  file.close();
  return file ? Status{} : fail(Errc::io, "cannot write " + path);
}

Comparison compare_files(const std::string& served_path, const std::string& got_path) {
  std::ifstream served_file(served_path, std::ios::binary);
  std::ifstream got_file(got_path, std::ios::binary);
  Comparison result;
  std::array<char, 65536> wanted{};
  std::array<char, 65536> got{};
  while (got_file) {
    got_file.read(got.data(), got.size());
    const std::streamsize count = got_file.gcount();
    served_file.read(wanted.data(), count);
    const std::streamsize there = served_file.gcount();
    const auto [differs, at] = std::mismatch(got.data(), got.data() + there, wanted.data());
    const auto right = static_cast<std::uint64_t>(differs - got.data());
    if (!result.wrong_at && right < static_cast<std::uint64_t>(count)) result.wrong_at = result.bytes + right;
    result.bytes += static_cast<std::uint64_t>(count);
  }
  std::error_code error;
  const auto size = std::filesystem::file_size(served_path, error);
  result.complete = !error && result.bytes == size;
  return result;
}

}  // namespace stillwater::rig
