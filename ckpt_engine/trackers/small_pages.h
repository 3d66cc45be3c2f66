// A region may lie in 2 MiB pages; trackers of pages want 4 KiB.
#pragma once

#include "ckpt_engine/region/region.h"

namespace stillwater::trackers {

// Maps the hard part in pages of 4 KiB from here on: else one write would dirty 2 MiB. Its contents stay, and
// threads may use it meanwhile. Before it is locked.
void map_hard_part_in_small_pages(const region::Region& region);

}  // namespace stillwater::trackers
