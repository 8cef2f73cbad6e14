/*
 * Calls about priorities and CPUs, for the programs that test them.
 */
#pragma once

#include "child.h"

#include <sched.h>
#include <sys/resource.h>

TAP_FN long set_policy(pid_t pid, int policy, int level)
{
	return sys(SYS_sched_setscheduler, pid, policy, &level);
}

TAP_FN long renice(int which, id_t who, int nice)
{
	return sys(SYS_setpriority, which, who, nice);
}

TAP_FN long bind_to(pid_t tid, unsigned long mask)
{
	return sys(SYS_sched_setaffinity, tid, sizeof mask, &mask);
}

TAP_FN unsigned long cpus_of(pid_t tid)
{
	unsigned long mask[32] = {0};

	want(sys(SYS_sched_getaffinity, tid, sizeof mask, mask) > 0);
	return mask[0];
}
