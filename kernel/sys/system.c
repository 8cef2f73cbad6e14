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
static struct abi_utsname name = {
	"mv6", "mv6", "6.1.0-mv6", "#1 mv6 " MV6_VERSION, MACHINE_NAME, "(none)",
};
/* Of the names of node and domain, which the superuser changes. A leaf. */
static struct spinlock name_lock = SPINLOCK_INIT("system name", RANK_NONE);

void system_name_get(struct abi_utsname *out)
{
	spin_lock(&name_lock);
	*out = name;
	spin_unlock(&name_lock);
}

int system_name_set(enum system_name_part part, const char *text, size_t n)
{
	char *to = part == SYSTEM_NODE ? name.nodename : name.domainname;

	if (n >= sizeof(name.nodename))
		return -EINVAL;
	spin_lock(&name_lock);
	memset(to, 0, sizeof(name.nodename));
	memcpy(to, text, n);
	spin_unlock(&name_lock);
	return 0;
}

SYSCALL(uname)
{
	struct abi_utsname now;

	system_name_get(&now);
	return COPYOUT(args[0], &now);
}

static long set_name_from(enum system_name_part part, ulong va, ulong len)
{
	char text[sizeof(name.nodename)];

	if (current_proc()->euid)
		return -EPERM;
	if ((int)len < 0 || len >= sizeof(text))
		return -EINVAL;
	return copyin(text, va, len) ? -EFAULT : system_name_set(part, text, len);
}

SYSCALL(sethostname)
{
	return set_name_from(SYSTEM_NODE, args[0], args[1]);
}

SYSCALL(setdomainname)
{
	return set_name_from(SYSTEM_DOMAIN, args[0], args[1]);
}

#define MEMBARRIER_QUERY 0

/* Which barriers there are: none. */
SYSCALL(membarrier)
{
	return (int)args[0] == MEMBARRIER_QUERY && !(u32)args[1] ? 0 : -EINVAL;
}

#define PERSONALITY_ASK 0xffffffffu
#define ADDR_NO_RANDOMIZE 0x0040000u

/* Linux's own, whose one property can be chosen: addresses that are not random, as none here is. */
SYSCALL(personality)
{
	struct proc *p = current_proc();
	u32 set = (u32)args[0], old = __atomic_load_n(&p->personality, __ATOMIC_RELAXED);

	if (set == PERSONALITY_ASK)
		return (long)old;
	if (set & ~ADDR_NO_RANDOMIZE)
		return -EINVAL;
	__atomic_store_n(&p->personality, set, __ATOMIC_RELAXED);
	return (long)old;
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
