// Seam between the two halves: after a takeover the packet half tells the neighbours where the addresses are.
#pragma once

namespace stillwater {

class Announcer {
 public:
  virtual ~Announcer() = default;

  // Asks the workers to send gratuitous ARP for every service address from the virtual MAC, now and on a
  // repeat schedule of their own. Returns at once. Any control thread.
  virtual void announce() = 0;
};

}  // namespace stillwater
