/*
 * What the ACPI tables say about CPUs and interrupt controllers.
 */
#pragma once

#include "lib/types.h"

struct acpi_ioapic {
	u8 id;
	u32 addr; /* physical */
	u32 gsi_base; /* the global number of its first input */
};
/* An ISA interrupt that is wired to another input, or in another way, than by default. */
struct acpi_override {
	u8 irq;
	u32 gsi;
	bool level, low;
};
#define ACPI_ISA_IRQS 16
#define ACPI_MAX_CPUS 8 /* MAX_CPUS, which is another one where the parser is tested */
#define ACPI_MAX_IOAPICS 4
#define ACPI_MAX_OVERRIDES ACPI_ISA_IRQS

struct acpi {
	bool found; /* there are tables, and an MADT among them */
	u32 lapic; /* physical address of the local APICs' registers */
	unsigned ncpus; /* usable CPUs, the boot CPU among them; at most ACPI_MAX_CPUS */
	u8 cpu[ACPI_MAX_CPUS]; /* APIC ids */
	unsigned ncpus_left_out;
	unsigned nioapics, noverrides;
	struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
	struct acpi_override override[ACPI_MAX_OVERRIDES]; /* at most one for each irq */
	unsigned nioapics_left_out;
};
extern struct acpi acpi;

/*
 * Finds and reads the tables. Boot CPU, once, after kva_init. Without tables, or with damaged ones,
 * acpi.found stays false; the log says why.
 */
void acpi_init(void);
/*
 * Ask the firmware's registers to end the machine (S5), or to restart it: by ACPI's reset register,
 * the chip set's, the keyboard controller's, in this order. Return if they cannot. Any context.
 */
void acpi_poweroff(void);
void acpi_reset(void);
