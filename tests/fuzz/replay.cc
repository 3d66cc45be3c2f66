// Runs a harness over inputs that are kept, without a fuzzer: replay PATH..., files or folders of them.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/expect.h"

namespace {

std::vector<std::filesystem::path> inputs_of(int count, char** paths) {
  std::vector<std::filesystem::path> inputs;
  for (int i = 0; i < count; ++i) {
    if (!std::filesystem::is_directory(paths[i])) {
      inputs.emplace_back(paths[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(paths[i])) inputs.push_back(entry.path());
  }
  std::ranges::sort(inputs);
  return inputs;
}

}  // namespace

int main(int argc, char** argv) {
  const auto inputs = inputs_of(argc - 1, argv + 1);
  if (inputs.empty()) {
    std::fprintf(stderr, "no inputs; usage: %s FILE|FOLDER...\n", argv[0]);
    return 2;
  }
  for (const auto& path : inputs) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      return 2;
    }
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    // Shown where it crashes: stdout would be lost then.
    std::fprintf(stderr, "%s\n", path.c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  std::printf("%zu inputs\n", inputs.size());
  return 0;
}
