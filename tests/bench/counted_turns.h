// Instructions a packet, and the functions that they are spent in: a program that runs itself under
// callgrind, and counts whole turns of its worker there.
#pragma once

#include <cstdint>
#include <semaphore>
#include <string>

#include "tests/bench/loaded_plane.h"
#include "tests/bench/report.h"

namespace stillwater::bench {

// Counts whole turns of a worker, from one look at its first port to another, without the making of the load
// in between. Both ports have it called before and after their source; on the worker's thread.
class CountedTurns {
 public:
  // `run` rests. It outlives the run's polls.
  explicit CountedTurns(LoadedPlane& run);
  // Once it forwards: waits for the turns that count, then prints how many packets were received in them.
  void print();

 private:
  static std::uint16_t before_source(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets,
                                     std::uint16_t n, std::uint16_t max, void* self);
  static std::uint16_t after_source(std::uint16_t port, std::uint16_t queue, rte_mbuf** packets,
                                    std::uint16_t n, std::uint16_t max, void* self);
  void received(std::uint16_t port, std::uint16_t n);
  void begin_turn();
  void collect(bool on);

  LoadedPlane& run_;
  std::uint16_t first_port_;
  unsigned turn_ = 0;
  bool collecting_ = false;
  std::uint64_t packets_ = 0;
  std::binary_semaphore done_{0};
};

struct CountedLoad {
  std::string id;             // of the figure
  std::string name;           // runs as `--instructions NAME`, and ends the profile's name
  double packets_of_one = 1;  // of what the figure is about
  std::string note;
};

// Runs this program under callgrind, and reports what a CountedTurns in it counted, by function. Functions of
// the load are left out. Leaves callgrind's profile beside `out`, with its name in its own. What could not be
// counted is said on standard error, and not reported.
void add_counted(Report& report, const CountedLoad& load, const std::string& out);

}  // namespace stillwater::bench
