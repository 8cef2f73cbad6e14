/*
 * The local APICs, through which interrupts reach a CPU and CPUs interrupt each other, and the I/O
 * APICs, where those of devices come in.
 *
 * Registers: Intel SDM volume 3, chapter "Advanced Programmable Interrupt Controller (APIC)";
 * 82093AA I/O APIC data sheet (1996), section 3. All inputs lead to the boot CPU alone, so one
 * input's handlers never run twice at once.
 *
 * Local APIC registers are each CPU's own behind one address; nobody touches another's. Those of
 * the I/O APICs are touched during boot only. So there is no lock; what takes two writes to a local
 * APIC is done with interrupts off.
 */
#include "apic.h"

#include "arch.h"
#include "lib/printf.h"
#include "machine/io.h"
#include "vm/kva.h"

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_X2APIC (1u << 10)
#define APIC_BASE_ENABLE (1u << 11)
#define MSR_TSC_DEADLINE 0x6e0

/* Local APIC registers */
#define LAPIC_SIZE 0x1000
#define L_ID 0x20
#define L_VERSION 0x30
#define L_TASK_PRIORITY 0x80
#define L_EOI 0xb0
#define L_SPURIOUS 0xf0
#define L_ERROR_STATUS 0x280
#define L_COMMAND_LOW 0x300
#define L_COMMAND_HIGH 0x310
#define L_LVT_TIMER 0x320
#define L_LVT_LINT0 0x350
#define L_LVT_LINT1 0x360
#define L_LVT_ERROR 0x370
#define L_TIMER_INITIAL 0x380
#define L_TIMER_CURRENT 0x390
#define L_TIMER_DIVIDE 0x3e0

#define ID_SHIFT 24 /* also of the destination in L_COMMAND_HIGH and in redirections */
#define VERSION_INTEGRATED 0x10 /* 1xh: what is in the CPU itself */
#define SPURIOUS_ENABLE 0x100
#define LVT_MASKED (1u << 16)
#define LVT_NMI (4u << 8)
#define LVT_TIMER_DEADLINE (2u << 17)
#define DIVIDE_BY_1 0x0b
#define COMMAND_INIT (5u << 8)
#define COMMAND_STARTUP (6u << 8)
#define COMMAND_ASSERT (1u << 14)
#define COMMAND_PENDING (1u << 12)
#define COMMAND_TRIES 100000u /* a message takes microseconds */

/* Times between the messages that start a CPU (SDM, "MP Initialization Protocol Algorithm"), us. */
#define INIT_WAIT 10000u
#define STARTUP_WAIT 200u

/* I/O APIC: a register is chosen by writing its number to one place, and accessed at another. */
#define IOAPIC_SIZE 0x20
#define IO_SELECT 0x00
#define IO_WINDOW 0x10
#define IO_VERSION 1
#define IO_REDIRECTION(input) (0x10 + 2 * (input)) /* low half; + 1: high half */
#define VERSION_LAST_INPUT(v) ((v) >> 16 & 0xff)
#define REDIRECT_LOW (1u << 13)
#define REDIRECT_LEVEL (1u << 15)
#define REDIRECT_MASKED (1u << 16)
#define IO_NOTHING 0xffffffffu /* what is read where nothing is */

struct ioapic {
	ulong regs;
	u32 gsi_base, inputs;
};

static ulong lapic; /* window on the registers; 0: not in use */
static struct ioapic ioapics[ACPI_MAX_IOAPICS];
static unsigned nioapics;

static inline u32 lapic_read(unsigned reg)
{
	return io_read32(lapic + reg);
}

static inline void lapic_write(unsigned reg, u32 v)
{
	io_write32(lapic + reg, v);
}

/* --- local APIC --- */

u8 apic_id(void)
{
	return lapic ? (u8)(lapic_read(L_ID) >> ID_SHIFT) : 0;
}

void apic_end(void)
{
	lapic_write(L_EOI, 0);
}

/*
 * On first: as long as it is off all its inputs stay masked, whatever is written. LINT0 is where
 * the 8259s are wired to, which are not used any more; LINT1 is the NMI button's, as on every PC.
 */
void apic_init_cpu(void)
{
	lapic_write(L_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	lapic_write(L_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	lapic_write(L_LVT_LINT0, LVT_MASKED);
	lapic_write(L_LVT_LINT1, LVT_NMI);
	lapic_write(L_LVT_ERROR, LVT_MASKED);
	lapic_write(L_ERROR_STATUS, 0);
	/*
	 * Last: it makes the APIC look again at what is pending. An 8259's request that came before
	 * they were masked is withdrawn; QEMU 7.2 would else deliver it later as vector -1.
	 */
	lapic_write(L_TASK_PRIORITY, 0);
}

static bool find_lapic(void)
{
	u64 base = msr_read(MSR_APIC_BASE);
	u32 version;

	if (!(base & APIC_BASE_ENABLE) || (base & APIC_BASE_X2APIC)) {
		log_warn("the firmware left the local APIC off, or without its registers in "
			 "memory\n");
		return false;
	}
	lapic = (ulong)kva_map_device(acpi.lapic, LAPIC_SIZE);
	if (!lapic)
		return false;
	version = lapic_read(L_VERSION);
	if ((version & 0xf0) != VERSION_INTEGRATED || version == IO_NOTHING) {
		log_warn("no local APIC at 0x%x: its version reads 0x%x\n", acpi.lapic, version);
		lapic = 0;
		return false;
	}
	return true;
}

/* --- messages to other CPUs --- */

/* Wait until the last message has gone out. */
static void await_delivery(void)
{
	for (unsigned i = 0; i < COMMAND_TRIES; i++) {
		if (!(lapic_read(L_COMMAND_LOW) & COMMAND_PENDING))
			return;
		__builtin_ia32_pause();
	}
}

/* A handler that interrupts here may send a message too. */
static void send(u8 to, u32 command)
{
	ulong flags = intr_save();

	await_delivery();
	lapic_write(L_COMMAND_HIGH, (u32)to << ID_SHIFT);
	lapic_write(L_COMMAND_LOW, command);
	intr_restore(flags);
}

void apic_send_ipi(u8 to)
{
	if (lapic)
		send(to, COMMAND_ASSERT | VECTOR_IPI);
}

void apic_start_cpu(u8 id, u8 page)
{
	send(id, COMMAND_ASSERT | COMMAND_INIT);
	clock_delay(INIT_WAIT);
	/* Twice, for those that lose the first; a CPU that runs takes no notice of the second. */
	for (unsigned i = 0; i < 2; i++) {
		send(id, COMMAND_ASSERT | COMMAND_STARTUP | page);
		clock_delay(STARTUP_WAIT);
	}
	await_delivery();
}

/* --- I/O APICs --- */

static u32 ioapic_read(const struct ioapic *io, u32 reg)
{
	io_write32(io->regs + IO_SELECT, reg);
	return io_read32(io->regs + IO_WINDOW);
}

static void ioapic_write(const struct ioapic *io, u32 reg, u32 v)
{
	io_write32(io->regs + IO_SELECT, reg);
	io_write32(io->regs + IO_WINDOW, v);
}

static void add_ioapic(const struct acpi_ioapic *a)
{
	struct ioapic io = {(ulong)kva_map_device(a->addr, IOAPIC_SIZE), a->gsi_base, 0};
	u32 version = io.regs ? ioapic_read(&io, IO_VERSION) : IO_NOTHING;

	if (version == IO_NOTHING || version == 0 || a->gsi_base >= APIC_INPUTS) {
		log_warn("the I/O APIC at 0x%x, inputs from %u on, cannot be used\n", a->addr,
			a->gsi_base);
		return;
	}
	io.inputs = VERSION_LAST_INPUT(version) + 1;
	for (u32 i = 0; i < io.inputs; i++)
		ioapic_write(&io, IO_REDIRECTION(i), REDIRECT_MASKED);
	ioapics[nioapics++] = io;
}

bool apic_unmask(unsigned gsi, bool level, bool low)
{
	u32 how = (level ? REDIRECT_LEVEL : 0) | (low ? REDIRECT_LOW : 0);

	for (const struct ioapic *io = ioapics; gsi < APIC_INPUTS && io < ioapics + nioapics;
		io++) {
		u32 input = gsi - io->gsi_base;

		if (gsi < io->gsi_base || input >= io->inputs)
			continue;
		ioapic_write(io, IO_REDIRECTION(input) + 1, (u32)apic_id() << ID_SHIFT);
		ioapic_write(io, IO_REDIRECTION(input), how | (VECTOR_FIRST_IRQ + gsi));
		return true;
	}
	return false;
}

bool apic_init(void)
{
	if (!acpi.found || !(cpu_features & FEATURE_APIC) || !find_lapic())
		return false;
	for (unsigned i = 0; i < acpi.nioapics; i++)
		add_ioapic(&acpi.ioapic[i]);
	if (acpi.nioapics_left_out)
		log_warn("more than %u I/O APICs: the others' interrupts cannot be used\n",
			ACPI_MAX_IOAPICS);
	if (nioapics == 0) {
		log_warn("no I/O APIC\n");
		lapic = 0;
		return false;
	}
	apic_init_cpu();
	return true;
}

/* --- the timer --- */

void apic_timer_init(bool by_tsc)
{
	lapic_write(L_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(L_LVT_TIMER, VECTOR_TIMER | (by_tsc ? LVT_TIMER_DEADLINE : 0));
	/* The mode counts before the first deadline is written (SDM, "TSC-Deadline Mode"). */
	if (by_tsc)
		__asm__ volatile("mfence" : : : "memory");
	else
		lapic_write(L_TIMER_INITIAL, 0);
}

void apic_timer_start(u32 count)
{
	lapic_write(L_TIMER_INITIAL, count);
}

u32 apic_timer_count(void)
{
	return lapic_read(L_TIMER_CURRENT);
}

void apic_timer_deadline(u64 ticks)
{
	msr_write(MSR_TSC_DEADLINE, ticks);
}
