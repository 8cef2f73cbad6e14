/*
 * The debug calls of a kernel that was not booted for testing: there are none. Neither has Linux.
 */
#include "tap.h"

#include "../../kernel/sys/debug_calls.h"

int main(void)
{
	static const long calls[] = {DEBUG_CALL_KMALLOC, DEBUG_CALL_KMFREE, DEBUG_CALL_DUMP_MAPS,
		DEBUG_CALL_DUMP_KMALLOC, DEBUG_CALL_CHECK, DEBUG_CALL_MISUSE};
	static const long args[] = {0, 1, 4096, -1};

	for (int i = 0; i < 6; i++)
		for (int k = 0; k < 4; k++)
			want_eq(sys(calls[i], args[k]), -ENOSYS);
	verdict("DBG-2 without a testing boot every debug call is ENOSYS whatever its arguments");
	want_eq(access("/proc/self/fail_nth", F_OK), -1);
	verdict("KMALLOC-20 and there is no /proc/self/fail_nth");
	return done();
}
