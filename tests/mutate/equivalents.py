# SPDX-License-Identifier: ISC
"""Mutants that behave as the daemon does, so that no test can notice them.

Each is (source, function, text of the line, text of the mutated line, why).  The texts are what a run
prints, so that an edit elsewhere changes nothing; a run tells which are no mutants any more.
"""

EQUIVALENTS = [
]
