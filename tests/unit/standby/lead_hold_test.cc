// A lead that has just changed stays where it is, longer the more often it changed.
#include "standby/roles/lead_hold.h"

#include "tests/unit/region/world.h"

namespace stillwater::tests {

using standby::LeadHold;

TEST_CASE("a lead that never changed may go; one that did stays for the hold-down") {
  LeadHold hold(5s);
  CHECK(hold.left(100s) == 0s);
  hold.lead_changed(100s);
  CHECK(hold.left(100s) == 5s);
  CHECK(hold.left(104s) == 1s);
  CHECK(hold.left(105s) == 0s);
  CHECK(hold.left(5000s) == 0s);
}

TEST_CASE("each change within ten minutes doubles the hold-down, up to 64 times; a quiet time forgets them") {
  LeadHold hold(5s);
  Instant now = 100s;
  for (const int times : {1, 2, 4, 8, 16, 32, 64, 64, 64}) {
    now += 1s;
    hold.lead_changed(now);
    CHECK(hold.left(now) == times * Nanos(5s));
  }
  now += LeadHold::kWindow;
  hold.lead_changed(now);
  CHECK(hold.left(now) == 5s);
}

TEST_CASE("without a hold-down the lead goes at once") {
  LeadHold hold(0s);
  hold.lead_changed(100s);
  hold.lead_changed(100s);
  CHECK(hold.left(100s) == 0s);
}

}  // namespace stillwater::tests
