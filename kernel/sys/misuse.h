/*
 * Wrong uses of the kernel's allocator, one of each kind, for a testing boot: that they are found, and
 * what is said of them.
 */
#pragma once

enum misuse {
	MISUSE_DOUBLE_FREE,
	MISUSE_INNER_FREE,
	MISUSE_FOREIGN_FREE,
	MISUSE_OVERRUN,
	MISUSE_LATE_STORE,
	MISUSE_QUIET_OVERRUN,
	MISUSE_LEAK,
	MISUSES,
};

/*
 * Do this, so that it is reported before the call returns; a leak is reported when all memory is
 * compared, at power-off. 0; -EINVAL if it is none of the kinds, -ENOMEM. May sleep.
 */
int misuse(int kind);
