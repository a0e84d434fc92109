/*
 * The parts of a cage: Landlock and the filter of system calls.
 */
#ifndef CAGE_CAGE_INT_H
#define CAGE_CAGE_INT_H

#include "cage/cage.h"

/* The newest ABI that the kernel and rules allow; 0 when there is no Landlock. */
int cage_landlock_abi(const struct cage_rules *rules);
/* Restrict this process to rules->paths. */
MUST_CHECK int cage_landlock_enter(const struct cage_rules *rules, int abi, struct why *why);

bool cage_filter_is_there(const struct cage_rules *rules);
/* Load the filter of rules->profile; needs no_new_privs. */
MUST_CHECK int cage_filter_enter(const struct cage_rules *rules, struct why *why);

#endif
