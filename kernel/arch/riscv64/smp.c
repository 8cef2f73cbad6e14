/*
 * The CPUs: the first one's way into C, starting the others, and interrupting them.
 */
#include "arch.h"
#include "fdt.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/mmu.h"
#include "arch/trap.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "sbi.h"
#include "vm/kva.h"
#include "vm/page.h"
#include "vm/pmap.h"

#define START_TIMEOUT (10 * NSEC) /* an emulator on a busy host may need seconds */

struct secondary_start boot_secondary_start;
paddr_t boot_fdt;

static bool stopping;		   /* a panic: whoever is interrupted stays there */
static u32 started;		   /* bit a CPU that has reached C */

void boot_start(ulong hart, paddr_t fdt)
{
	sched_prepare_cpu(0, (u32)hart, boot_stack);
	boot_fdt = fdt;
	cpu_count = 1;
	trap_init_cpu();
	kernel_main();
}

u32 smp_hart(unsigned cpu)
{
	return cpus[cpu].hwid;
}

void boot_secondary_main(void)
{
	trap_init_cpu();
	clock_init_cpu();
	__atomic_fetch_or(&started, 1u << cpu_id(), __ATOMIC_RELEASE);
	sched_start();
}

/*
 * Start this hart as CPU cpu_count and wait until it runs. Its number is not used up if it does
 * not come.
 */
static void start_hart(u32 hart)
{
	u32 id = cpu_count;
	char *stack = kva_stack_alloc();
	u64 deadline = clock_now() + START_TIMEOUT;
	long error;

	if (!stack) {
		log_warn("hart %u stays off: no memory for its stack\n", hart);
		return;
	}
	boot_secondary_start.satp = mmu_satp(page_paddr(kernel_pmap.root));
	boot_secondary_start.sp = (ulong)stack + KSTACK_SIZE;
	boot_secondary_start.tp = (ulong)sched_prepare_cpu(id, hart, stack);
	cpu_count = id + 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	error = sbi_hart_start(hart, virt_to_phys(boot_secondary), 0);
	if (error) {
		cpu_count = id;
		kva_stack_free(stack);
		log_warn("hart %u does not start: firmware error %ld\n", hart, error);
		return;
	}
	while (!(__atomic_load_n(&started, __ATOMIC_ACQUIRE) & 1u << id)) {
		if (clock_now() >= deadline)
			panic("hart %u was started, but does not come", hart);
		cpu_relax();
	}
}

void machine_start_cpus(void)
{
	struct fdt_walk w;
	u64 hart, size;

	FDT_EACH (&w) {
		const char *type = fdt_string(&w, "device_type");

		if (!type || strcmp(type, "cpu") != 0 || !fdt_usable(&w) ||
			!fdt_string(&w, "mmu-type") || !fdt_reg_on_bus(&w, 0, &hart, &size))
			continue;
		if (hart == cpus[0].hwid)
			continue;
		if (cpu_count == MAX_CPUS) {
			log_warn("more than %u CPUs: the others stay off\n", MAX_CPUS);
			break;
		}
		start_hart((u32)hart);
	}
}

void smp_interrupt(void)
{
	if (__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
		intr_disable();
		for (;;)
			cpu_idle();
	}
}

void machine_kick_cpu(unsigned cpu)
{
	sbi_send_ipi(cpus[cpu].hwid);
}

void machine_stop_other_cpus(void)
{
	__atomic_store_n(&stopping, true, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < cpu_count; i++)
		if (i != cpu_id())
			sbi_send_ipi(cpus[i].hwid);
}
