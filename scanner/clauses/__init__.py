"""What a run says about the clauses of a framework: one of six states, figures with their whole, and never a level.

By the rules at the head of the crosswalk. A clause is decided by its direct entries alone: a finding of theirs is to be
explained; `supports` needs every one of them to have passed, or not to apply, wherever the clause is in scope. Supporting
entries are listed, and a finding of theirs makes `mixed` of `supports`. Whatever was not seen, could not be concluded, was
accepted by a waiver or was measured against a loosened policy is neither a pass nor a finding.

Pure: everything comes from the run, the rulebook and the checks there are.
"""
