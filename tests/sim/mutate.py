#!/usr/bin/env python3
"""The product, broken on purpose: mutate.py ROOT NAME OUT writes one source of it with one place changed.

Each mutant leaves one rule of the protocol out; the checker that meson.build names with it has to notice. The
text that is replaced must occur exactly once: a mutant whose source has moved on fails, and mutates nothing.
"""
import pathlib
import sys

APPLIER = 'standby/applier.cc'
ENGINE = 'ckpt_engine/engine/engine.cc'
FIRST_SYNC = 'ckpt_engine/engine/first_sync.cc'
RULES = 'standby/roles/rules.cc'
LEADING = 'standby/pair/leading.cc'
PAIR = 'standby/pair/pair_node.cc'
CONFIG = 'standby/pair/config_exchange.cc'

# name: source, text, what stands there instead
MUTANTS = {
    'rollback_skipped': (APPLIER,
        'for (auto lines = groups_.rbegin(); lines != groups_.rend(); ++lines) {',
        'for (auto lines = groups_.rend(); lines != groups_.rend(); ++lines) {'),
    'commit_before_last_group': (ENGINE,
        'staging_.frames()) {',
        '[&] { const auto all = staging_.frames();'
        ' return all.first(all.empty() ? 0 : all.size() - 1); }()) {'),
    'mark_dropped_early': (ENGINE,
        'record_term_ = record.term;',
        'record_term_ = record.term; tracker_.committed();'),
    'protected_page_accepted': (APPLIER,
        'extent.offset < begin ||',
        'extent.offset + begin < begin ||'),
    'standalone_without_removal': (RULES,
        'return ask(Ask::remove, with(options_.node, {options_.node}), now);',
        '{ lease_.transmit_alone(); return become(Phase::standalone, Decision::Kind::stand_alone); }'),
    'resync_stays_in_set': (RULES,
        'if (phase_ == Phase::standalone) {',
        'if (phase_ == Phase::standalone ||'
        ' (phase_ == Phase::active && peer_state_ == wire::NodeState::starting)) {'),
    'output_released_early': (ENGINE,
        'epochs_.set_current(committed_ + 2);',
        'epochs_.set_current(committed_ + 2); epochs_.set_committed(committed_ + 1);'),
    'lease_not_waited_out': (RULES,
        'if (now < lease_.grants_end()) return {};',
        ''),
    'restarted_empty_made_source': (RULES,
        'last_swap_ == Ask::empty && *record_ == asked_for_)',
        '((last_swap_ == Ask::empty && *record_ == asked_for_) || (mine() && sole())))'),
    # The only delta there is yet: an epoch leaves out what the standby has already, and here it has not.
    'shipped_on_an_uncommitted_copy': (ENGINE,
        'if (awaiting_ack_) abandon_shipment();',
        'if (awaiting_ack_) {'
        ' tracker_.committed(); committed_ = epochs_.current() - 1; forget_shipment(); }'),
    'lease_counted_from_receipt': (LEADING,
        'parts_.lease.granted({Instant(ack.grant_stamp_ns), ack.grant_term}, parts_.clock.now());',
        'if (const Instant now = parts_.clock.now(); ack.grant_stamp_ns != 0)'
        ' parts_.lease.granted({now, ack.grant_term}, now);'),
    'rejoin_without_its_changes': (FIRST_SYNC,
        'extents_.insert(extents_.end(), onto->changed.begin(), onto->changed.end());',
        ''),
    'change_used_before_its_standby_has_it': (CONFIG,
        'if (may_succeed && peer_generation_ != change_->generation) return;',
        ''),
    'filled_before_it_is_configured': (PAIR,
        'machine_.pause_filling(paused_ || !config_.peer_is_ready());',
        'machine_.pause_filling(paused_);'),
    'number_reused': (ENGINE,
        'committed_ = epochs_.current() - 1;',
        ''),
}


def main():
    root, name, out = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    source, text, instead = MUTANTS[name]
    product = (root / source).read_text(encoding='utf-8')
    if product.count(text) != 1:
        sys.exit(f'{name}: its text occurs {product.count(text)} times in {source}, not once')
    out.write_text(product.replace(text, instead), encoding='utf-8')


if __name__ == '__main__':
    main()
