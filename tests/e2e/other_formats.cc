// In place of the library's own: the formats of a later release.
#include "ckpt_engine/wire/formats.h"

namespace stillwater::wire {

Formats formats_spoken() { return {.oldest = OLDEST_FORMAT, .newest = NEWEST_FORMAT}; }

}  // namespace stillwater::wire
