// Echo requests of our own.
#pragma once

#include "dataplane/datapath/context.h"
#include "dataplane/datapath/ping/echo.h"

namespace stillwater::dataplane {

// Sends the request as any packet of our own, in fragments where it has to be cut, and awaits its answer.
// With any other outcome nothing is sent, and nothing awaited. Inside a turn, no packet in hand.
[[nodiscard]] EchoSent send_echo(Context& context, const EchoOrder& order);

}  // namespace stillwater::dataplane
