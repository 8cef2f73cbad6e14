/*
 * Nothing switches stacks here: the host's threads do.
 */
#pragma once

#include "lib/types.h"

struct context {
	ulong unused;
};

struct user_state {
	ulong unused;
};
