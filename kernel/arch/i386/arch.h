/*
 * What the files of this folder share with each other alone.
 */
#pragma once

#include "lib/types.h"
#include "machine/cpu.h"
#include "machine/param.h"
#include "machine/segment.h"

struct trapframe;

/* kernel.ld: the image and where its sections begin and end */
extern const u8 kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_data_end[],
	kernel_end[];

/* --- cpu.c: what a CPU has for itself --- */

struct percpu {
	/* machine/cpu.h and the assembly know the order of these */
	struct thread *thread;
	struct cpu *cpu;
	u32 id;
	u32 request;	      /* (a) other CPUs want something: smp.c */
	struct tss tss;
	u64 gdt[GDT_ENTRIES];
} ALIGNED(64);
extern struct percpu percpus[MAX_CPUS];

/* Of the boot CPU; the others must have as much. */
extern u32 cpu_features;	/* CPUID 1, EDX */
extern u32 cpu_features_ecx;	/* CPUID 1, ECX */
#define FEATURE_TSC (1u << 4)
#define FEATURE_PAE (1u << 6)
#define FEATURE_APIC (1u << 9)
#define FEATURE_PGE (1u << 13)
#define FEATURE_FXSR (1u << 24)
#define FEATURE_SSE (1u << 25)
#define ECX_XSAVE (1u << 26)

static inline void cpuid(u32 leaf, u32 subleaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	__asm__ volatile("cpuid"
			 : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(*edx)
			 : "a"(leaf), "c"(subleaf));
}

static inline u64 msr_read(u32 msr)
{
	u64 v;

	__asm__ volatile("rdmsr" : "=A"(v) : "c"(msr));
	return v;
}

static inline void msr_write(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr" : : "A"(v), "c"(msr));
}

/* --- acpi.c: the tables of the firmware --- */

struct acpi_cpu {
	u8 apic_id;
};
struct acpi_ioapic {
	u8 id;
	u32 addr;     /* physical */
	u32 gsi_base; /* the global number of its first input */
};
/* An ISA interrupt that is wired to another input, or in another way, than by default. */
struct acpi_override {
	u8 irq;
	u32 gsi;
	bool level, low;
};
#define ACPI_MAX_IOAPICS 4
#define ACPI_MAX_OVERRIDES 16
extern struct acpi {
	bool found;	  /* there are tables, and an MADT among them */
	u32 lapic;	  /* physical address of the local APICs' registers */
	unsigned ncpus;	  /* usable CPUs, the boot CPU among them; at most MAX_CPUS */
	u8 cpu[MAX_CPUS]; /* APIC ids */
	unsigned ncpus_left_out;
	unsigned nioapics, noverrides;
	struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
	struct acpi_override override[ACPI_MAX_OVERRIDES];
	bool has_pic;	  /* the two 8259 are there as well */
} acpi;

/* Finds and reads the tables; needs kernel windows. Without tables, or with damaged ones, acpi.found
 * stays false. */
void acpi_init(void);
/* Ask the firmware's registers to end the machine (S5) or restart it; return if they cannot. */
void acpi_poweroff(void);
void acpi_reset(void);

/* --- irq.c, apic.c, pic.c: interrupt controllers --- */

/*
 * Vectors: 0..31 exceptions; 32..VECTOR_LAST_IRQ devices; then the local APIC's own. int 0x80 is
 * in the midst of them and never a device's.
 */
#define VECTOR_FIRST_IRQ 32
#define VECTOR_SYSCALL 0x80
#define VECTOR_TIMER 0xf0
#define VECTOR_IPI 0xf1
#define VECTOR_SPURIOUS 0xff

/*
 * The boot CPU: choose between APICs (acpi.found, FEATURE_APIC) and the PIC, mask everything, and
 * set this CPU's local APIC up. Before any irq_attach.
 */
void irq_init(void);
void irq_init_cpu(void); /* another CPU: its local APIC */
bool irq_have_apic(void);
/* From trap.c: a vector from 32 on, but VECTOR_SYSCALL, came. Interrupts off. */
void irq_dispatch(unsigned vector);
/* The number of this CPU's local APIC; 0 without one. */
u8 apic_id(void);
/* Send VECTOR_IPI to the CPU with this APIC id. Any context. */
void apic_send_ipi(u8 apic_id);
/* Start an application processor at physical page `page` (below 1 MiB): INIT, then STARTUP twice. */
void apic_start_cpu(u8 apic_id, u8 page);

/* --- clock.c --- */

/* After irq_init: measures the counter and the local APIC's timer against the 8254, reads the RTC. */
void clock_init(void);
void clock_init_cpu(void); /* another CPU's timer */
/* Spin for at least this long; before clock_init too (by the 8254). */
void clock_delay(u32 microseconds);

/* --- smp.c --- */

void smp_interrupt(void); /* VECTOR_IPI came */
void smp_stop_if_told(void);
