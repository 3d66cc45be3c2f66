// Seam: the record that decides who may lead a pair, changed by compare-and-swap only.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace stillwater {

// Term 0 with nobody in it is the record of a pair that never ran. Every successful swap raises the term by
// one.
struct ArbiterRecord {
  std::uint64_t term = 0;
  std::string active;             // node name; empty: nobody
  std::set<std::string> in_sync;  // nodes that hold every committed epoch, the active among them
  std::array<std::uint8_t, 16> region_id{};

  friend bool operator==(const ArbiterRecord&, const ArbiterRecord&) = default;
};

// What became of a request.
struct ArbiterAnswer {
  enum class Kind : std::uint8_t {
    record,      // of a read
    swapped,     // `newest` is the record that was asked for
    refused,     // the record was not the expected one; `newest` is what it is
    unanswered,  // no answer in time: a swap may have happened, or may still happen
  };
  Kind kind = Kind::unanswered;
  ArbiterRecord newest{};  // not with `unanswered`
  std::string why{};       // for people, with `unanswered`
};

// One request at a time: a new one is made only after the answer to the last was taken. Never blocks. One
// thread.
class Arbiter {
 public:
  virtual ~Arbiter() = default;

  virtual void read() = 0;
  // Puts `next` in the place of `expected`, whose term is one less, if that is the record.
  virtual void swap(const ArbiterRecord& expected, const ArbiterRecord& next) = 0;

  // Becomes readable when an answer is there; -1 if answers are there at once.
  [[nodiscard]] virtual int wake_fd() const = 0;
  [[nodiscard]] virtual std::optional<ArbiterAnswer> take_answer() = 0;
};

}  // namespace stillwater
