/*
 * Boot, in reading order: from the machine's first word about itself to process 1.
 *
 * kernel_main runs on the boot CPU with interrupts off, and becomes that CPU's idle thread; the
 * other CPUs join it there. What has to sleep, like mounting a disk, is done by process 1.
 */
#include "options.h"
#include "dev/console.h"
#include "fs/path.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/boot.h"
#include "machine/elf.h"
#include "proc/exec.h"
#include "proc/futex.h"
#include "proc/init.h"
#include "proc/proc.h"
#include "proc/runq.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sys/random.h"
#include "vm/inject.h"
#include "vm/kmalloc.h"
#include "vm/kva.h"
#include "vm/mm.h"
#include "vm/obj.h"
#include "vm/page.h"
#include "vm/pmap.h"
#include "vm/radix.h"
#include "vm/ram.h"

/* The next word at *s; its length, 0 at the end. */
static size_t next_word(const char **s)
{
	size_t n = 0;

	while (**s == ' ')
		++*s;
	while ((*s)[n] && (*s)[n] != ' ')
		n++;
	return n;
}

bool boot_flag(const char *word)
{
	const char *s = boot_cmdline;

	for (size_t n; (n = next_word(&s)); s += n)
		if (n == strlen(word) && !memcmp(s, word, n))
			return true;
	return false;
}

bool boot_value(const char *name, char *value, size_t size)
{
	const char *s = boot_cmdline;
	size_t len = strlen(name);
	bool found = false;

	for (size_t n; (n = next_word(&s)); s += n) {
		if (n < len || memcmp(s, name, len))
			continue;
		found = true;
		n -= len;
		s += len;
		str_copy(value, s, MIN(n + 1, size));
	}
	return found;
}

/* Figures that may be set at boot; a word that is no number is ignored. */
static void read_options(void)
{
	char word[24];
	const char *s = word;
	u64 n;

	if (boot_value("maps_max=", word, sizeof(word)) && str_number(&s, &n) && n && n <= INT32_MAX)
		mm_max_vmas = (ulong)n;
}

static void memory_start(void)
{
	page_init();
	kmem_init();
	pmap_boot();
	kva_init();
	radix_module_init();
	mm_module_init();
}

static void process_start(void)
{
	timer_module_init();
	signal_module_init();
	futex_module_init();
	proc_init();
	sched_init();
	exec_module_init();
}

static void announce(void)
{
	log_info("mv6 " MV6_VERSION " " MACHINE_NAME ": %u CPU%s, %llu MiB\n", cpu_count,
		 cpu_count == 1 ? "" : "s", (unsigned long long)(ram_total() >> 20));
}

void kernel_main(void)
{
	machine_early_init();
	log_set_quiet(boot_flag("quiet"));
	ktest = boot_flag("ktest=1");
	memory_start();
	read_options();
	process_start();
	machine_init_devices();
	runq_module_init();
	random_init();
	fs_init();
	machine_start_cpus();
	announce();
	init_start();
	sched_start();
}
