// A process that does nothing but come by a function of a known name, a hundred times a second. Says through
// the FIFO that it is given that it has begun.
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

namespace harmless {

volatile unsigned turns = 0;

[[gnu::noinline]] void turn() { turns = turns + 1; }
[[gnu::noinline]] void never() { turns = 0; }

}  // namespace harmless

int main(int argc, char** argv) {
  const int fifo = argc > 1 ? open(argv[1], O_WRONLY) : -1;
  if (fifo < 0 || write(fifo, ".", 1) != 1) return 1;
  const timespec pause{0, 10'000'000};
  while (true) {
    harmless::turn();
    if (argc > 100) harmless::never();
    nanosleep(&pause, nullptr);
  }
}
