/*
 * The system as a whole: its name, its memory, random bytes, its end.
 */
#include "fs/procfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/elf.h"
#include "options.h"
#include "proc/init.h"
#include "proc/proc.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/random.h"
#include "sys/syscalls.h"
#include "vm/obj.h"
#include "vm/page.h"
#include "vm/uaccess.h"

/* C libraries want a release number of Linux that is new enough. */
const struct abi_utsname system_name = {
	"mv6", "mv6", "6.1.0-mv6", "#1 mv6 " MV6_VERSION, MACHINE_NAME, "(none)",
};

SYSCALL(uname)
{
	return COPYOUT(args[0], &system_name);
}

SYSCALL(sysinfo)
{
	struct abi_sysinfo info = {.uptime = (long)(clock_now() / NSEC),
				   .mem_unit = (u32)PAGE_SIZE};
	struct page_stats pages;
	struct obj_stats objects;

	page_get_stats(&pages);
	obj_get_stats(&objects);
	system_loads(info.loads);
	info.totalram = pages.total;
	info.freeram = pages.free;
	info.sharedram = pages.obj - MIN(objects.cached, pages.obj);
	info.bufferram = 0;
	info.procs = (u16)MIN(proc_count(), 65535ul);
	return COPYOUT(args[0], &info);
}

#define GRND_NONBLOCK 1u
#define GRND_RANDOM 2u
#define GRND_INSECURE 4u

SYSCALL(getrandom)
{
	ulong to = args[0], len = MIN(args[1], (ulong)INT32_MAX), flags = args[2];
	u8 chunk[256];
	ulong done = 0;

	if (flags & ~(ulong)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (done < len) {
		size_t n = MIN(len - done, sizeof(chunk)), missed;

		random_bytes(chunk, n);
		missed = copyout_some(to + done, chunk, n);
		done += n - missed;
		if (missed || signal_pending())
			break;
		sched_point();
	}
	if (done || !len)
		return (long)done;
	return signal_pending() ? -ERESTARTSYS : -EFAULT;
}

#define REBOOT_MAGIC1 0xfee1deadu
#define REBOOT_RESTART 0x01234567u
#define REBOOT_HALT 0xcdef0123u
#define REBOOT_CAD_ON 0x89abcdefu
#define REBOOT_CAD_OFF 0u
#define REBOOT_POWER_OFF 0x4321fedcu

/* reboot(2)'s second magic number has four values: dates in hexadecimal. */
static bool is_magic2(u32 magic)
{
	return magic == 0x28121969 || magic == 0x05121996 || magic == 0x16041998 ||
	       magic == 0x20112000;
}

/* The caller is killed with all others. */
static long end_system(enum system_end kind)
{
	struct waitq nobody;

	waitq_init(&nobody);
	system_end(kind);
	return WAIT_EVENT(&nobody, false, WAIT_KILLABLE, WAIT_FOREVER);
}

SYSCALL(reboot)
{
	if (current_proc()->euid)
		return -EPERM;
	if ((u32)args[0] != REBOOT_MAGIC1 || !is_magic2((u32)args[1]))
		return -EINVAL;
	switch ((u32)args[2]) {
	case REBOOT_RESTART:
		return end_system(END_RESTART);
	case REBOOT_HALT:
	case REBOOT_POWER_OFF:
		return end_system(END_POWER_OFF);
	case REBOOT_CAD_ON:
	case REBOOT_CAD_OFF:
		return 0; /* what the console's Ctrl-Alt-Del does: it has none */
	}
	return -EINVAL;
}
