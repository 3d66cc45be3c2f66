// The fence: past the instant in `until_ns` no frame leaves an interface that this is attached to. Runs in the
// kernel for each frame, at egress (tc clsact), whatever the process that sent it does meanwhile.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "base/node_frame_mark.h"

// Both lie in pages that the daemon has mapped.
volatile __s64 until_ns = -0x7fffffffffffffffll - 1;  // writer: the daemon's TransmitPermit; "never" until then
__u64 stolen_frames = 0;                               // writer: this program, on any CPU

// Every frame but the node's own, not only those of the virtual MAC: what is forgotten here would be let through. Stolen and not shot: to a packet socket a shot frame counts as unsent, so it would stay in the
// ring and leave when the fence opens again. Unspecified: other filters of the interface have their say.
SEC("tc")
int sw_fence(struct __sk_buff* frame) {
  if (frame->mark == kNodeFrameMark) return TC_ACT_UNSPEC;
  if ((__s64)bpf_ktime_get_boot_ns() < until_ns) return TC_ACT_UNSPEC;
  __sync_fetch_and_add(&stolen_frames, 1);
  return TC_ACT_STOLEN;
}

char program_license[] SEC("license") = "Apache-2.0";
