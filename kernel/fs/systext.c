/*
 * The texts of /proc that tell of the whole system, in Linux's formats (proc(5)).
 */
#include "fs/procfs.h"

#include "fs/dentry.h"
#include "fs/filelock.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "options.h"
#include "proc/account.h"
#include "proc/proc.h"
#include "machine/elf.h"
#include "proc/timer.h"
#include "sys/abi.h"
#include "sys/random.h"
#include "vm/limit.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/page.h"

static ulong kb(ulong pages)
{
	return pages << (PAGE_SHIFT - 10);
}

static void put_kb(struct seq *s, const char *name, ulong pages)
{
	size_t start = s->len;

	seq_print(s, "%s:", name);
	seq_pad(s, start, 16);
	seq_print(s, "%8lu kB\n", kb(pages));
}

static int make_meminfo(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	struct page_stats ps;
	struct obj_stats os;
	struct limit_stats ls;

	page_get_stats(&ps);
	obj_get_stats(&os);
	limit_get_stats(&ls);
	put_kb(s, "MemTotal", ps.total);
	put_kb(s, "MemFree", ps.free);
	put_kb(s, "MemAvailable", ps.free + os.cached - MIN(os.dirty, os.cached));
	put_kb(s, "Buffers", 0);
	put_kb(s, "Cached", ps.obj);
	put_kb(s, "SwapCached", 0);
	put_kb(s, "Unevictable", ls.locked);
	put_kb(s, "Mlocked", ls.locked);
	put_kb(s, "SwapTotal", 0);
	put_kb(s, "SwapFree", 0);
	put_kb(s, "Dirty", os.dirty);
	put_kb(s, "AnonPages", ps.anon);
	put_kb(s, "Shmem", ps.obj - MIN(os.cached, ps.obj));
	put_kb(s, "Slab", ps.slab);
	put_kb(s, "KernelStack", (ulong)cpu_count * KSTACK_SIZE >> PAGE_SHIFT);
	put_kb(s, "PageTables", ps.ptable);
	put_kb(s, "CommitLimit", ps.total);
	put_kb(s, "Committed_AS", ls.promised);
	return 0;
}

static int make_cpuinfo(struct seq *s, void *subject UNUSED, u64 *cookie)
{
	if (*cookie >= cpu_count)
		return 0;
	seq_print(s, "processor\t: %u\nhardware id\t: %u\nmachine\t\t: %s\n\n", (uint)*cookie,
		cpus[*cookie].hwid, MACHINE_NAME);
	return ++*cookie < cpu_count;
}

/* --- CPU time --- */

/* What the idle thread of a CPU has used was spent idle. */
static u64 cpu_idle_ns(u32 cpu)
{
	const struct thread *idle = cpus[cpu].idle;
	u64 user = 0, system = 0;

	if (idle)
		thread_times(idle, &user, &system);
	return user + system;
}

static int make_uptime(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	u64 up = clock_now() / (NSEC / 100), idle = 0;

	for (u32 i = 0; i < cpu_count; i++)
		idle += cpu_idle_ns(i);
	idle /= NSEC / 100;
	seq_print(s, "%llu.%02u %llu.%02u\n", (unsigned long long)(up / 100), (uint)(up % 100),
		(unsigned long long)(idle / 100), (uint)(idle % 100));
	return 0;
}

/* User time of all processes, and of those that were collected. */
static u64 user_ns(void)
{
	struct usage u;
	struct proc *p;
	u64 sum = 0;

	for (int pid = 1; (p = proc_next(pid)); pid = p->pid + 1, proc_put(p)) {
		proc_usage(p, &u);
		sum += u.utime + p->child.utime;
	}
	return sum;
}

static void put_cpu(struct seq *s, const char *name, u64 user, u64 system, u64 idle)
{
	u64 tick = NSEC / 100;

	seq_print(s, "%s %llu 0 %llu %llu 0 0 0 0 0 0\n", name, (unsigned long long)(user / tick),
		(unsigned long long)(system / tick), (unsigned long long)(idle / tick));
}

/*
 * How busy each CPU is, is known; how its time divides into user and system is taken from all of
 * them together.
 */
static int make_stat(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	u64 now = clock_now(), user = user_ns(), busy = 0, permille;
	u32 running, total;
	char name[16];

	for (u32 i = 0; i < cpu_count; i++)
		busy += now - MIN(cpu_idle_ns(i), now);
	user = MIN(user, busy);
	permille = busy / 1000 ? user / (busy / 1000) : 0;
	put_cpu(s, "cpu ", user, busy - user, now * cpu_count - busy);
	for (u32 i = 0; i < cpu_count; i++) {
		u64 own = now - MIN(cpu_idle_ns(i), now);

		fmt(name, sizeof(name), "cpu%u", i);
		put_cpu(s, name, own / 1000 * permille, own - own / 1000 * permille, now - own);
	}
	sched_load(&running, &total);
	seq_print(s, "btime %llu\nprocesses %d\nprocs_running %u\nprocs_blocked 0\n",
		(unsigned long long)(clock_realtime_offset() / NSEC), proc_last_pid(), running);
	return 0;
}

/*
 * Load averages: every five seconds each moves towards the number of threads that run or want to,
 * by 1 - e^(-5 s / period), in units of 1/2048.
 */
#define LOAD_ONE 2048u
#define LOAD_SAMPLE (5 * NSEC)

static struct timer load_timer;
static ulong load[3]; /* over 1, 5 and 15 minutes */

static void load_sample(struct timer *t)
{
	static const u32 keep[3] = {1884, 2014, 2037};
	u32 running, total;

	sched_load(&running, &total);
	for (int i = 0; i < 3; i++)
		load[i] = (ulong)(((u64)load[i] * keep[i] +
					  (u64)running * LOAD_ONE * (LOAD_ONE - keep[i])) /
			LOAD_ONE);
	timer_arm(t, clock_now() + LOAD_SAMPLE);
}

void system_loads(ulong loads[3])
{
	for (int i = 0; i < 3; i++)
		loads[i] = load[i] * (65536 / LOAD_ONE);
}

static int make_loadavg(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	u32 running, total;

	sched_load(&running, &total);
	for (int i = 0; i < 3; i++)
		seq_print(s, "%lu.%02lu ", load[i] / LOAD_ONE, load[i] % LOAD_ONE * 100 / LOAD_ONE);
	seq_print(s, "%u/%u %d\n", running, total, proc_last_pid());
	return 0;
}

/* --- names and numbers --- */

int make_mounts(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	char path[256];
	bool deleted;

	for (struct fs *fs = fs_list; fs; fs = fs->next)
		if (dentry_path(fs->root, path, sizeof(path), &deleted) > 0)
			seq_print(s, "%s %s %s %s,noatime 0 0\n", fs->device, path, fs->type,
				fs->read_only ? "ro" : "rw");
	return 0;
}

static int make_filesystems(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	for (struct fs *fs = fs_list; fs; fs = fs->next)
		seq_print(s, "%s\t%s\n", strcmp(fs->type, fs->device) ? "" : "nodev", fs->type);
	return 0;
}

static int make_version(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	struct abi_utsname name;

	system_name_get(&name);
	seq_print(s, "%s version %s %s\n", name.sysname, name.release, name.version);
	return 0;
}

const struct text_entry system_texts[] = {
	{"meminfo", 0444, make_meminfo, NULL},
	{"cpuinfo", 0444, make_cpuinfo, NULL},
	{"uptime", 0444, make_uptime, NULL},
	{"stat", 0444, make_stat, NULL},
	{"loadavg", 0444, make_loadavg, NULL},
	{"locks", 0444, lock_text, NULL},
	{"mounts", 0444, make_mounts, NULL},
	{"version", 0444, make_version, NULL},
	{"filesystems", 0444, make_filesystems, NULL},
	{"slabinfo", 0400, make_slabinfo, NULL},
	{"buddyinfo", 0444, make_buddyinfo, NULL},
	{"kmalloc", 0400, make_kmalloc, NULL},
};
const size_t system_text_count = ARRAY_SIZE(system_texts);

/* --- /proc/sys --- */

/* Texts of one value each. */
static int make_max_map_count(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "%lu\n", __atomic_load_n(&mm_max_vmas, __ATOMIC_RELAXED));
	return 0;
}

/* Who has more mappings already keeps them. */
static int write_max_map_count(void *subject UNUSED, const char *text, size_t len UNUSED)
{
	u64 n;

	if (text_number(text, INT32_MAX, &n))
		return -EINVAL;
	__atomic_store_n(&mm_max_vmas, (ulong)n, __ATOMIC_RELAXED);
	return 0;
}

/* How memory is promised: vm/limit.h's rule is the one that Linux calls 0. */
static int make_overcommit(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "0\n");
	return 0;
}

static int make_mmap_min(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "%lu\n", (ulong)MMAP_MIN);
	return 0;
}

static int make_pid_max(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "%d\n", PID_MAX);
	return 0;
}

/* No supplementary groups can be set; this is what programs size their lists by. */
static int make_ngroups_max(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "65536\n");
	return 0;
}

static int make_ostype(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	struct abi_utsname name;

	system_name_get(&name);
	seq_print(s, "%s\n", name.sysname);
	return 0;
}

static int make_osrelease(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	struct abi_utsname name;

	system_name_get(&name);
	seq_print(s, "%s\n", name.release);
	return 0;
}

static int make_osversion(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	struct abi_utsname name;

	system_name_get(&name);
	seq_print(s, "%s\n", name.version);
	return 0;
}

static int make_hostname(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	struct abi_utsname name;

	system_name_get(&name);
	seq_print(s, "%s\n", name.nodename);
	return 0;
}

static int make_domainname(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	struct abi_utsname name;

	system_name_get(&name);
	seq_print(s, "%s\n", name.domainname);
	return 0;
}

/* The first line, as far as there is room for it. */
static int write_name(enum system_name_part part, const char *text)
{
	size_t n = 0;

	while (text[n] && text[n] != '\n' && n < 64)
		n++;
	return system_name_set(part, text, n);
}

static int write_hostname(void *subject UNUSED, const char *text, size_t len UNUSED)
{
	return write_name(SYSTEM_NODE, text);
}

static int write_domainname(void *subject UNUSED, const char *text, size_t len UNUSED)
{
	return write_name(SYSTEM_DOMAIN, text);
}

#define UUID_BYTES 16

/* A random one: RFC 9562's version 4. */
static void uuid_make(u8 uuid[UUID_BYTES])
{
	random_bytes(uuid, UUID_BYTES);
	uuid[6] = (uuid[6] & 0x0f) | 0x40;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static void put_uuid(struct seq *s, const u8 uuid[UUID_BYTES])
{
	for (int i = 0; i < UUID_BYTES; i++)
		seq_print(s, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
	seq_put(s, "\n", 1);
}

static u8 boot_id[UUID_BYTES]; /* (c) */

static int make_boot_id(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	put_uuid(s, boot_id);
	return 0;
}

/* Another one for every reading. */
static int make_uuid(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	u8 uuid[UUID_BYTES];

	uuid_make(uuid);
	put_uuid(s, uuid);
	return 0;
}

/* Bits of the generator's state, all of them always as good as random. */
static int make_entropy(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "256\n");
	return 0;
}

/* No number bounds the open files of the system. */
static int make_file_max(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "%lu\n", ~0ul >> 1);
	return 0;
}

static int make_pipe_max(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "%u\n", PIPE_SIZE_MAX);
	return 0;
}

static int make_nr_open(struct seq *s, void *subject UNUSED, u64 *cookie UNUSED)
{
	seq_print(s, "%u\n", FILES_MAX);
	return 0;
}

static const struct text_entry vm_texts[] = {
	{"max_map_count", 0644, make_max_map_count, write_max_map_count},
	{"mmap_min_addr", 0444, make_mmap_min, NULL},
	{"overcommit_memory", 0444, make_overcommit, NULL},
};
static const struct text_entry kernel_texts[] = {
	{"domainname", 0644, make_domainname, write_domainname},
	{"hostname", 0644, make_hostname, write_hostname},
	{"ngroups_max", 0444, make_ngroups_max, NULL},
	{"osrelease", 0444, make_osrelease, NULL},
	{"ostype", 0444, make_ostype, NULL},
	{"pid_max", 0444, make_pid_max, NULL},
	{"threads-max", 0444, make_pid_max, NULL},
	{"version", 0444, make_osversion, NULL},
};
static const struct text_entry random_texts[] = {
	{"boot_id", 0444, make_boot_id, NULL},
	{"entropy_avail", 0444, make_entropy, NULL},
	{"poolsize", 0444, make_entropy, NULL},
	{"uuid", 0444, make_uuid, NULL},
};
static const struct text_entry fs_texts[] = {
	{"file-max", 0444, make_file_max, NULL},
	{"nr_open", 0444, make_nr_open, NULL},
	{"pipe-max-size", 0444, make_pipe_max, NULL},
};

static struct text_dir kernel_dirs[] = {
	{"random", 0x10400, NULL, 0, random_texts, ARRAY_SIZE(random_texts)},
};
static struct text_dir sysctl_dirs[] = {
	{"fs", 0x10100, NULL, 0, fs_texts, ARRAY_SIZE(fs_texts)},
	{"kernel", 0x10200, kernel_dirs, ARRAY_SIZE(kernel_dirs), kernel_texts,
		ARRAY_SIZE(kernel_texts)},
	{"vm", 0x10300, NULL, 0, vm_texts, ARRAY_SIZE(vm_texts)},
};
struct text_dir sysctl_dir = {"sys", 0x10000, sysctl_dirs, ARRAY_SIZE(sysctl_dirs), NULL, 0};

void systext_init(void)
{
	uuid_make(boot_id);
	timer_init(&load_timer, load_sample);
	timer_arm(&load_timer, clock_now() + LOAD_SAMPLE);
}
