#include "base/result.h"

#include <system_error>

namespace stillwater {

const char* name_of(Errc code) {
  switch (code) {
    case Errc::invalid_argument:
      return "invalid argument";
    case Errc::failed_precondition:
      return "failed precondition";
    case Errc::timed_out:
      return "timed out";
    case Errc::refused:
      return "refused";
    case Errc::protocol:
      return "protocol error";
    case Errc::resource_exhausted:
      return "resource exhausted";
    case Errc::unavailable:
      return "unavailable";
    case Errc::io:
      return "input/output error";
    case Errc::corrupt:
      return "corrupt";
  }
  return "unknown";
}

tl::unexpected<Error> fail_errno(std::string what, int error_number) {
  return fail(Errc::io, std::move(what) + ": " + std::generic_category().message(error_number));
}

}  // namespace stillwater
