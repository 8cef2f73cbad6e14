/*
 * What the machine consists of: read from the device tree, nothing else.
 */
#include "arch/boot.h"

#include "arch.h"
#include "dev/console.h"
#include "dev/ns16550.h"
#include "dev/mmio/virtio_mmio.h"
#include "fdt.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "machine/io.h"
#include "arch/mmu.h"
#include "sbi.h"
#include "vm/kva.h"
#include "vm/ram.h"

extern paddr_t boot_fdt; /* smp.c */

const char *boot_cmdline = "";

/*
 * A register whose write ends or restarts the machine (syscon-poweroff, syscon-reboot), if there
 * is one.
 */
struct syscon {
	ulong reg;
	u32 value;
};
static struct syscon syscon_poweroff, syscon_reboot;

void machine_early_putc(char c)
{
	sbi_console_putchar((u8)c);
}

static void read_memory_node(const struct fdt_walk *w)
{
	u64 start, size;

	for (unsigned i = 0; fdt_reg(w, i, &start, &size); i++) {
		u64 end = start + size;

		if (ram_add(start, end < start ? PHYS_LIMIT : end, PHYS_LIMIT))
			log_warn("memory from %llu GiB on is not used\n", PHYS_LIMIT >> 30);
	}
}

/*
 * Children of /reserved-memory (Devicetree Specification 3.5); those without reg are only wishes.
 */
static void read_reserved_node(const struct fdt_walk *w)
{
	u64 start, size;

	for (unsigned i = 0; fdt_reg(w, i, &start, &size); i++)
		ram_reserve(start, size);
}

static void read_memory(void)
{
	struct fdt_walk w;
	u64 start, size;
	bool reserved_memory = false;

	FDT_EACH (&w) {
		const char *type = fdt_string(&w, "device_type");

		if (w.depth == 1 && type && strcmp(type, "memory") == 0 && fdt_usable(&w))
			read_memory_node(&w);
		else if (w.depth == 2 && fdt_usable(&w) &&
			strcmp(w.level[1].name, "reserved-memory") == 0) {
			read_reserved_node(&w);
			reserved_memory = true;
		}
	}
	for (unsigned i = 0; fdt_reservation(i, &start, &size); i++)
		ram_reserve(start, size);
	ram_reserve(virt_to_phys(kernel_start), (u64)(kernel_end - kernel_start));
	ram_reserve(boot_fdt, fdt_size());
	/* A firmware that does not say where it lives lies between the start of RAM and us. */
	if (!reserved_memory)
		ram_reserve(KERNEL_PHYS, virt_to_phys(kernel_start) - KERNEL_PHYS);
}

void machine_early_init(void)
{
	struct fdt_walk w;

	sbi_init();
	if (!fdt_init(phys_to_virt(boot_fdt)))
		panic("no device tree at 0x%llx", (unsigned long long)boot_fdt);
	if (fdt_find_path(&w, "/chosen")) {
		const char *args = fdt_string(&w, "bootargs");

		boot_cmdline = args ? args : "";
	}
	clock_init();
	read_memory();
}

/* The port that /chosen names, or else the first one. */
const void *machine_entropy(u32 *len)
{
	struct fdt_walk w;

	return fdt_find_path(&w, "/chosen") ? fdt_prop(&w, "rng-seed", len) : NULL;
}

static bool find_console(struct fdt_walk *w)
{
	const char *path = fdt_find_path(w, "/chosen") ? fdt_string(w, "stdout-path") : NULL;

	if (path && fdt_find_path(w, path) && fdt_compatible(w, "ns16550a"))
		return true;
	FDT_EACH (w)
		if (fdt_compatible(w, "ns16550a") && fdt_usable(w))
			return true;
	return false;
}

static void init_console(void)
{
	struct fdt_walk w;
	u64 addr, size;
	u32 irq, shift = 0;
	ulong regs;

	if (!find_console(&w) || !fdt_reg(&w, 0, &addr, &size) ||
		!fdt_cell(&w, "interrupts", 0, &irq)) {
		log_warn("no serial port: no console\n");
		return;
	}
	fdt_cell(&w, "reg-shift", 0, &shift);
	regs = (ulong)kva_map_device(addr, size);
	if (!regs || ns16550_attach(regs, shift, irq) != 0)
		log_warn("the serial port cannot be used\n");
}

/* All virtio slots, by address: the order in which QEMU numbers its buses. */
static void init_virtio(void)
{
	struct fdt_walk w;
	u64 addr, size, last = 0, next, next_size;
	u32 irq, next_irq;

	for (;;) {
		next = ~0ull;
		next_size = 0;
		next_irq = 0;
		FDT_EACH (&w) {
			if (!fdt_compatible(&w, "virtio,mmio") || !fdt_usable(&w) ||
				!fdt_reg(&w, 0, &addr, &size) ||
				!fdt_cell(&w, "interrupts", 0, &irq))
				continue;
			if (addr > last && addr < next) {
				next = addr;
				next_size = size;
				next_irq = irq;
			}
		}
		if (next == ~0ull)
			return;
		last = next;
		ulong regs = (ulong)kva_map_device(next, next_size);

		if (regs)
			virtio_mmio_probe(regs, next_irq);
	}
}

static void find_syscon(const char *model, struct syscon *out)
{
	struct fdt_walk w;
	u32 regmap, offset, value;
	u64 addr, size;

	FDT_EACH (&w) {
		if (!fdt_compatible(&w, model) || !fdt_cell(&w, "regmap", 0, &regmap) ||
			!fdt_cell(&w, "offset", 0, &offset) || !fdt_cell(&w, "value", 0, &value))
			continue;
		if (!fdt_find_phandle(&w, regmap) || !fdt_reg(&w, 0, &addr, &size))
			return;
		ulong regs = (ulong)kva_map_device(addr, size);

		if (regs)
			*out = (struct syscon){ regs + offset, value };
		return;
	}
}

void machine_init_devices(void)
{
	plic_init();
	init_console();
	init_virtio();
	clock_init_rtc();
	find_syscon("syscon-poweroff", &syscon_poweroff);
	find_syscon("syscon-reboot", &syscon_reboot);
}

static void stop_forever(const struct syscon *s) NORETURN;
static void stop_forever(const struct syscon *s)
{
	if (s->reg)
		io_write32(s->reg, s->value);
	intr_disable();
	for (;;)
		cpu_idle();
}

void machine_poweroff(void)
{
	sbi_shutdown();
	stop_forever(&syscon_poweroff);
}

void machine_reboot(void)
{
	sbi_reboot();
	stop_forever(&syscon_reboot);
}
