/*
 * External interrupts: the platform-level interrupt controller.
 *
 * Registers and the claim-complete protocol: RISC-V Platform-Level Interrupt Controller
 * Specification 1.0. A source is let through to the boot CPU alone, so one source's handler never
 * runs twice at once; all sources have the same priority.
 */
#include "arch/irq.h"

#include "arch.h"
#include "fdt.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/cpu.h"
#include "machine/io.h"
#include "vm/kmalloc.h"
#include "vm/kva.h"

#define PLIC_PRIORITY(irq) (4ul * (irq))
#define PLIC_ENABLE(context) (0x2000ul + 0x80ul * (context)) /* a bit for each source */
#define PLIC_CONTEXT(context) (0x200000ul + 0x1000ul * (context))
#define PLIC_SOURCES_SIZE 0x1000ul
#define PLIC_ENABLE_SIZE 0x80ul
#define PLIC_CONTEXT_SIZE 0x1000ul
#define THRESHOLD 0 /* in a context's registers */
#define CLAIM 4
#define PLIC_MAX_SOURCES 1023
#define INTERRUPT_S_EXTERNAL 9 /* of a CPU's local controller: the cause of the S-mode trap */

struct irq_handler {
	void (*fn)(void *arg);
	void *arg;
};

/* Windows on the registers of all sources, and on the boot CPU's. 0: there is no controller. */
static ulong priorities, enables, control;
static u32 sources;		   /* valid: 1..sources */
static struct irq_handler *handlers;

/* The phandle of the local interrupt controller of this hart; 0 if it has none. */
static u32 local_controller(u32 hart)
{
	struct fdt_walk w;
	int cpu_depth = -1;
	u64 addr, size;
	u32 phandle;

	FDT_EACH (&w) {
		if (fdt_name_is(&w, "cpu") && fdt_reg_on_bus(&w, 0, &addr, &size))
			cpu_depth = addr == hart ? w.depth : -1;
		else if (cpu_depth >= 0 && w.depth == cpu_depth + 1 &&
			fdt_compatible(&w, "riscv,cpu-intc") &&
			fdt_cell(&w, "phandle", 0, &phandle))
			return phandle;
	}
	return 0;
}

/* Contexts are numbered in the order of interrupts-extended: pairs of controller and interrupt. */
static bool find_context(const struct fdt_walk *w, u32 hart, u32 *context)
{
	u32 local = local_controller(hart), phandle, irq;

	for (u32 i = 0; local && fdt_cell(w, "interrupts-extended", 2 * i, &phandle) &&
		fdt_cell(w, "interrupts-extended", 2 * i + 1, &irq); i++) {
		if (phandle == local && irq == INTERRUPT_S_EXTERNAL) {
			*context = i;
			return true;
		}
	}
	return false;
}

void plic_init(void)
{
	struct fdt_walk w;
	u64 addr, size;
	u32 context;

	FDT_EACH (&w) {
		if (!fdt_compatible(&w, "riscv,plic0") && !fdt_compatible(&w, "sifive,plic-1.0.0"))
			continue;
		if (!fdt_cell(&w, "riscv,ndev", 0, &sources) || sources > PLIC_MAX_SOURCES ||
			!fdt_reg(&w, 0, &addr, &size) || !find_context(&w, smp_hart(0), &context))
			continue;
		handlers = kcalloc(sources + 1, sizeof(*handlers), 0);
		priorities = (ulong)kva_map_device(addr, PLIC_SOURCES_SIZE);
		enables = (ulong)kva_map_device(addr + PLIC_ENABLE(context), PLIC_ENABLE_SIZE);
		control = (ulong)kva_map_device(addr + PLIC_CONTEXT(context), PLIC_CONTEXT_SIZE);
		if (!handlers || !priorities || !enables || !control)
			panic("no memory for the interrupt controller");
		io_write32(control + THRESHOLD, 0);
		return;
	}
	log_warn("no interrupt controller\n");
}

int irq_attach(unsigned irq, void (*fn)(void *arg), void *arg)
{
	ulong enable = enables + irq / 32 * 4;

	if (!control)
		return -ENODEV;
	if (irq == 0 || irq > sources)
		return -EINVAL;
	if (handlers[irq].fn)
		return -EBUSY;
	handlers[irq] = (struct irq_handler){ fn, arg };
	io_write32(enable, io_read32(enable) | 1u << irq % 32);
	io_write32(priorities + PLIC_PRIORITY(irq), 1);
	return 0;
}

void plic_interrupt(void)
{
	u32 irq;

	while ((irq = io_read32(control + CLAIM)) != 0) {
		if (irq <= sources && handlers[irq].fn)
			handlers[irq].fn(handlers[irq].arg);
		io_write32(control + CLAIM, irq);
	}
}
