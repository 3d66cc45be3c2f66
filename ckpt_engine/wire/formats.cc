// On its own: the tests link daemons that speak others.
#include "ckpt_engine/wire/formats.h"

namespace stillwater::wire {

Formats formats_spoken() { return {.oldest = 6, .newest = 6}; }

}  // namespace stillwater::wire
