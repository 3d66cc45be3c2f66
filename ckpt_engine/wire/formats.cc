// On its own: the tests link daemons that speak others.
#include "ckpt_engine/wire/formats.h"

namespace stillwater::wire {

Formats formats_spoken() { return {.oldest = 7, .newest = 7}; }

}  // namespace stillwater::wire
