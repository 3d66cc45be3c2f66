#include "appliance/config/config.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "appliance/config/sections.h"
#include "base/fd.h"
#include "base/yaml/document.h"

namespace stillwater::appliance {
namespace {

constexpr std::size_t kFileBytesMax = 16u << 20;

Config read_root(Section& root) {
  Config config;
  read_node(root, config);
  read_dataplane(root, config);
  const KnownPorts known = read_ports(root, config);
  read_routes(root, known, config);
  read_next_hop_tracking(root, config);
  read_icmp(root, config);
  const Zones zones = read_policy(root, known, config);
  read_nat(root, known, zones, config);
  read_tcp(root, config);
  read_limits(root, config);
  read_timeouts(root, config);
  read_checkpoint(root, config);
  read_replication(root, known, config);
  read_tracking(root, known, config);
  read_arbiter(root, config);
  read_log(root, config);
  read_syslog(root, config);
  root.finish();
  return config;
}

// The mapping that `text` is, by `read`; `what` it should be.
template <class T, class Read>
Result<T> read_text(const std::string& text, const std::string& file, const char* what, const Read& read) {
  Mistakes mistakes(file);
  T value;
  try {
    const YAML::Node document = yaml::load_single_document(text, what, mistakes);
    if (!document.IsNull()) {
      Section root({document, document.Mark()}, "the file", mistakes);
      if (document.IsMap()) value = read(root);
    }
  } catch (const YAML::Exception& e) {
    mistakes.add(e.mark, "not YAML: " + e.msg + "; expected well-formed YAML");
  }
  if (!mistakes.empty()) return tl::unexpected(mistakes.error());
  return value;
}

Result<std::string> read_file(const std::string& path) {
  const auto refused = [&](int error) {
    return fail(Errc::io, path + ":1:1: cannot be read: " + std::generic_category().message(error) +
                              "; expected a readable file of at most 16MiB");
  };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return refused(errno);
  std::string text;
  char block[16384];
  for (;;) {
    const ssize_t got = ::read(fd.get(), block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused(errno);
    if (got == 0) return text;
    text.append(block, static_cast<std::size_t>(got));
    if (text.size() > kFileBytesMax) return refused(EFBIG);
  }
}

}  // namespace

Result<Config> parse_config(const std::string& text, const std::string& file) {
  return read_text<Config>(text, file, "a configuration", read_root);
}

Result<dataplane::PolicyConfig> parse_policy(const std::string& text, const std::string& file,
                                             const dataplane::Config& plane) {
  KnownPorts known;
  for (const dataplane::PortConfig& port : plane.ports) known.names.push_back(port.name);
  return read_text<dataplane::PolicyConfig>(text, file, "a policy", [&](Section& root) {
    Config config;
    config.dataplane.function = plane.function;
    read_policy(root, known, config);
    root.finish();
    return dataplane::PolicyConfig{std::move(config.dataplane.rules)};
  });
}

Result<Config> load_config(const std::string& path) {
  return read_file(path).and_then([&](const std::string& text) { return parse_config(text, path); });
}

}  // namespace stillwater::appliance
