/*
 * The CPUs: the first one's way into C, starting the others, and asking things of each other.
 *
 * A CPU asks another by a bit in the other's percpu.request and an interrupt. The other answers in
 * the interrupt, or in cpu_relax() if it waits for something with interrupts off: so two CPUs that
 * wait for each other's answer both get it. Bit i means: CPU i wants translations forgotten, as
 * flushes[i] says, and waits until all it asked have done so.
 */
#include "arch.h"
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/mmu.h"
#include "arch/trap.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "proc/thread.h"
#include "proc/timer.h"
#include "vm/kva.h"
#include "vm/page.h"
#include "vm/pmap.h"

#define START_TIMEOUT (10 * NSEC) /* an emulator on a busy host may need seconds */
#define REQUEST_STOP (1u << 31)

struct flush {
	ulong start, end;
	bool all;
	u32 waiting; /* (a) bit a CPU that has not answered yet */
};

struct secondary_start boot_secondary_start;

static struct flush flushes[MAX_CPUS]; /* by the CPU that asks, which writes it */
static u32 started; /* (a) bit a CPU that has reached C */

/* --- requests --- */

static void stop_here(void) NORETURN;
static void stop_here(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

static void answer_flush(struct flush *f, u32 self)
{
	if (f->all)
		tlb_flush_local_all();
	else
		tlb_flush_local(f->start, f->end);
	__atomic_fetch_and(&f->waiting, ~self, __ATOMIC_RELEASE);
}

void smp_answer(void)
{
	ulong flags = intr_save();
	unsigned id = cpu_id();
	u32 asked = __atomic_exchange_n(&percpus[id].request, 0, __ATOMIC_ACQUIRE);

	if (asked & REQUEST_STOP)
		stop_here();
	for (; asked; asked &= asked - 1)
		answer_flush(&flushes[__builtin_ctz(asked)], 1u << id);
	intr_restore(flags);
}

void smp_interrupt(void)
{
	smp_answer();
}

static void ask(unsigned cpu, u32 request)
{
	__atomic_fetch_or(&percpus[cpu].request, request, __ATOMIC_RELEASE);
	apic_send_ipi((u8)cpus[cpu].hwid);
}

void tlb_flush_cpus(u32 cpu_mask, ulong start, ulong end, bool all)
{
	unsigned id = cpu_id();
	struct flush *f = &flushes[id];

	cpu_mask &= ~(1u << id);
	if (!cpu_mask)
		return;
	f->start = start;
	f->end = end;
	f->all = all;
	__atomic_store_n(&f->waiting, cpu_mask, __ATOMIC_RELAXED);
	for (u32 left = cpu_mask; left; left &= left - 1)
		ask((unsigned)__builtin_ctz(left), 1u << id);
	while (__atomic_load_n(&f->waiting, __ATOMIC_ACQUIRE))
		cpu_relax();
}

void machine_kick_cpu(unsigned cpu)
{
	apic_send_ipi((u8)cpus[cpu].hwid);
}

void machine_stop_other_cpus(void)
{
	for (unsigned i = 0; i < cpu_count; i++)
		if (i != cpu_id())
			ask(i, REQUEST_STOP);
}

/* --- start --- */

void boot_start(u32 magic, u32 info)
{
	boot_magic_number = magic;
	boot_info_address = info;
	cpu_identify();
	cpu_init(0, &boot_threads[0]);
	sched_prepare_cpu(0, 0, boot_stack);
	cpu_count = 1;
	trap_init();
	trap_init_cpu();
	kernel_main();
}

void boot_secondary_main(u32 id)
{
	cpu_init(id, &boot_threads[id]);
	trap_init_cpu();
	irq_init_cpu();
	smp_answer(); /* what was asked when no interrupt could tell */
	clock_init_cpu();
	__atomic_fetch_or(&started, 1u << id, __ATOMIC_RELEASE);
	sched_start();
}

/* Start the CPU with this APIC id as CPU cpu_count and wait until it runs. */
static void start_cpu(u8 apic)
{
	u32 id = cpu_count;
	char *stack = kva_stack_alloc();
	u64 deadline = clock_now() + START_TIMEOUT;

	if (!stack) {
		log_warn("CPU with APIC id %u stays off: no memory for its stack\n", apic);
		return;
	}
	sched_prepare_cpu(id, apic, stack);
	boot_secondary_start = (struct secondary_start){
		(u32)page_paddr(kernel_pmap.root), (u32)stack + KSTACK_SIZE, id};
	cpu_count = id + 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	apic_start_cpu(apic, AP_PAGE);
	while (!(__atomic_load_n(&started, __ATOMIC_ACQUIRE) & 1u << id)) {
		if (clock_now() >= deadline)
			panic("the CPU with APIC id %u was started, but does not come", apic);
		cpu_relax();
	}
}

void machine_start_cpus(void)
{
	cpus[0].hwid = apic_id();
	if (!irq_have_apic())
		return;
	memcpy(phys_to_virt((paddr_t)AP_PAGE << PAGE_SHIFT), ap_begin, (size_t)(ap_end - ap_begin));
	for (unsigned i = 0; i < acpi.ncpus; i++)
		if (acpi.cpu[i] != cpus[0].hwid)
			start_cpu(acpi.cpu[i]);
	if (acpi.ncpus_left_out)
		log_warn("more than %u CPUs: the others stay off\n", MAX_CPUS);
}
