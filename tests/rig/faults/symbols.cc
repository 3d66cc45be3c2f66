#include "tests/rig/faults/symbols.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <vector>

#include <sys/mman.h>
#include <sys/stat.h>

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>

#include "base/fd.h"

namespace stillwater::rig {
namespace {

// A program file, mapped for reading.
class Image {
 public:
  static Result<Image> open(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about {};
    if (!fd || fstat(fd.get(), &about) != 0) return fail_errno("cannot read " + path, errno);
    const auto size = static_cast<std::size_t>(about.st_size);
    void* bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (bytes == MAP_FAILED) return fail_errno("cannot map " + path, errno);
    return Image(static_cast<const std::byte*>(bytes), size);
  }
  Image(Image&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Image& operator=(Image&&) = delete;
  ~Image() {
    if (bytes_ != nullptr) munmap(const_cast<std::byte*>(bytes_), size_);
  }

  // Empty where the file is too short for it.
  template <class T>
  [[nodiscard]] std::span<const T> table(std::uint64_t offset, std::uint64_t count) const {
    if (offset > size_ || count > (size_ - offset) / sizeof(T)) return {};
    return {reinterpret_cast<const T*>(bytes_ + offset), static_cast<std::size_t>(count)};
  }

 private:
  Image(const std::byte* bytes, std::size_t size) : bytes_(bytes), size_(size) {}
  const std::byte* bytes_;
  std::size_t size_;
};

std::string demangle(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol, nullptr, nullptr, &status),
                                                    std::free);
  return name ? name.get() : symbol;
}

// The last part of the name, which a mangled symbol carries as it is: spares demangling the others.
std::string last_part(const std::string& function) {
  const std::size_t colon = function.rfind(':');
  return colon == std::string::npos ? function : function.substr(colon + 1);
}

std::optional<std::uintptr_t> find_in(const Image& image, const Elf64_Shdr& symbols, const Elf64_Shdr& names,
                                      const std::string& function) {
  const auto text = image.table<char>(names.sh_offset, names.sh_size);
  const std::string part = last_part(function);
  for (const Elf64_Sym& symbol :
       image.table<Elf64_Sym>(symbols.sh_offset, symbols.sh_size / sizeof(Elf64_Sym))) {
    if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0) continue;
    if (symbol.st_name >= text.size()) continue;
    const char* name = text.data() + symbol.st_name;
    if (std::strstr(name, part.c_str()) == nullptr) continue;
    if (names_function(demangle(name), function)) return symbol.st_value;
  }
  return std::nullopt;
}

struct Located {
  std::uintptr_t address;  // that the file asks for
  bool relocatable;
};

Result<Located> locate(const std::string& path, const std::string& function) {
  const auto image = Image::open(path);
  if (!image) return tl::unexpected(image.error());
  const auto header = image->table<Elf64_Ehdr>(0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0 ||
      header[0].e_ident[EI_CLASS] != ELFCLASS64) {
    return fail(Errc::failed_precondition, "the program is no 64-bit ELF file");
  }
  const auto sections = image->table<Elf64_Shdr>(header[0].e_shoff, header[0].e_shnum);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    if (const auto found = find_in(*image, section, sections[section.sh_link], function)) {
      return Located{*found, header[0].e_type != ET_EXEC};
    }
  }
  return fail(Errc::failed_precondition, "the program has no function " + function + " in its symbol table");
}

// The address that the file's first page was given.
Result<std::uintptr_t> load_bias(pid_t pid) {
  const std::string proc = "/proc/" + std::to_string(pid);
  struct stat program {};
  if (stat((proc + "/exe").c_str(), &program) != 0) return fail_errno("no process " + proc, errno);
  std::ifstream maps(proc + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string range, rights, offset, device;
    ino_t inode = 0;
    words >> range >> rights >> offset >> device >> inode;
    if (inode == program.st_ino && std::stoull(offset, nullptr, 16) == 0) {
      return static_cast<std::uintptr_t>(std::stoull(range, nullptr, 16));
    }
  }
  return fail(Errc::failed_precondition, "the program of process " + std::to_string(pid) + " is not mapped");
}

}  // namespace

bool names_function(const std::string& demangled, const std::string& function) {
  if (demangled.compare(0, function.size(), function) != 0) return false;
  const std::string rest = demangled.substr(function.size());
  // A compiler's fragment of the function ("[clone .cold]") is not where it begins.
  return rest.empty() || (rest.front() == '(' && rest.find("[clone") == std::string::npos);
}

Status has_function(const std::string& program, const std::string& function) {
  return locate(program, function).map([](const Located&) {});
}

Result<std::uintptr_t> address_in_process(pid_t pid, const std::string& function) {
  const auto found = locate("/proc/" + std::to_string(pid) + "/exe", function);
  if (!found) return tl::unexpected(found.error());
  if (!found->relocatable) return found->address;
  return load_bias(pid).map([&](std::uintptr_t bias) { return bias + found->address; });
}

}  // namespace stillwater::rig
