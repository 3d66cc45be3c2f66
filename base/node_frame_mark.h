// Of a frame that a node sends at a data port in its own name, with its interface's own MAC: a heartbeat, a
// probe. It depends on no state, so the fence lets it through. For C too: the fence's program reads it.
#pragma once

enum { kNodeFrameMark = 0x53574e46 };
