#include "tests/rig/report/html/style.h"

namespace stillwater::rig {
namespace {

constexpr std::string_view kStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #f7f7f4; --card: #ffffff; --ink: #1b1f24; --soft: #5c6470; --rule: #e1e2dc; --grid: #ecece7;
  --good: #1d7a46; --good-back: #e3f3e9; --bad: #b3261e; --bad-back: #fbe6e4; --lost: #d13438;
  --s0: #1f6fb2; --s1: #c4660a; --s2: #5b7f2b; --s3: #8a4ba3; --s4: #0f8279; --s5: #9a5b3f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1c2024; --ink: #e8e9e6; --soft: #a0a7b0; --rule: #30353b; --grid: #272c31;
    --good: #6fd29b; --good-back: #17352a; --bad: #ff9087; --bad-back: #43201f; --lost: #ff5c5c;
    --s0: #6cb2ee; --s1: #f2a04d; --s2: #a6cc6d; --s3: #cf9be3; --s4: #5fcabf; --s5: #d9a183;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 28px; }
.over { margin: 0; color: var(--soft); font-size: 13px; letter-spacing: .04em; }
h1 { margin: 2px 0 6px; font-size: 32px; line-height: 1.2; font-weight: 650; letter-spacing: -.01em; }
h2 { margin: 0 0 2px; font-size: 19px; font-weight: 650; }
h3 { margin: 22px 0 4px; font-size: 15px; font-weight: 650; }
p { margin: 0 0 12px; max-width: 92ch; }
.note, .meta { color: var(--soft); font-size: 13.5px; }
.meta { max-width: none; }
.pill { display: inline-block; padding: 3px 12px; border-radius: 99px; font-weight: 600; font-size: 14px; }
.pill.good { color: var(--good); background: var(--good-back); }
.pill.bad { color: var(--bad); background: var(--bad-back); }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px;
  padding: 22px 26px 20px; margin-bottom: 20px; }
.tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1px; padding: 0;
  background: var(--rule); overflow: hidden; }
.tile { background: var(--card); padding: 18px 22px; }
.tile b { display: block; white-space: nowrap; font-size: 28px; line-height: 1.25; font-weight:
  650; letter-spacing: -.01em; }
.tile span { color: var(--soft); font-size: 13px; }
figure { margin: 10px 0 0; overflow-x: auto; }
svg { display: block; width: 100%; min-width: 720px; height: auto; font: inherit; }
svg text { fill: var(--ink); font-size: 13px; font-variant-numeric: tabular-nums; }
svg .tick { fill: var(--soft); font-size: 12px; }
svg .strong { fill: var(--ink); font-weight: 650; }
svg .block { font-weight: 650; }
.grid { stroke: var(--grid); stroke-width: 1; }
.fault { stroke: var(--ink); stroke-width: 1.5; }
.limit { stroke: var(--bad); stroke-width: 1.2; stroke-dasharray: 4 4; }
svg .limit-text { fill: var(--bad); }
.lost { fill: var(--lost); }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); }
.s3 { --c: var(--s3); } .s4 { --c: var(--s4); } .s5 { --c: var(--s5); }
.lane { fill: var(--c); fill-opacity: .28; }
.dot { fill: var(--c); fill-opacity: .75; }
.ring { fill: var(--card); stroke: var(--c); stroke-width: 2; }
.median { stroke: var(--c); stroke-width: 3; }
.span { stroke: var(--c); stroke-width: 2; stroke-opacity: .5; }
.trace { fill: none; stroke: var(--c); stroke-width: 1.8; stroke-linejoin: round; }
.trace.max { stroke-width: 1; stroke-opacity: .45; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 7px;
  background: var(--c); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin-top: 8px; }
th, td { text-align: right; padding: 6px 0 6px 18px; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
.sides { table-layout: fixed; min-width: 640px; }
.sides th:first-child { width: 34%; }
.sides th { white-space: normal; }
thead th { color: var(--soft); font-weight: 500; font-size: 13.5px; }
tbody th { font-weight: 400; }
tbody tr:last-child th, tbody tr:last-child td { border-bottom: 0; }
td small { color: var(--soft); font-size: 12.5px; padding-left: 8px; }
td.ahead small { font-weight: 400; }
td.ahead { color: var(--good); font-weight: 650; }
td.raw { white-space: normal; color: var(--soft); font-size: 12.5px; }
td.words { white-space: normal; text-align: left; min-width: 34ch; }
pre { margin: 8px 0 0; font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap; }
details { margin-top: 10px; }
summary { cursor: pointer; color: var(--soft); font-size: 14px; }
@media (max-width: 640px) { .tiles { grid-template-columns: 1fr 1fr; } main { padding: 24px 14px; }
  section { padding: 16px; } }
@media print { body { background: none; } section { break-inside: avoid; } }
)css";

}  // namespace

std::string_view style_sheet() { return kStyle; }

}  // namespace stillwater::rig
