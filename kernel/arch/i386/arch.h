/*
 * What the files of this folder share with each other alone.
 */
#pragma once

#include "acpi.h"
#include "lib/types.h"
#include "machine/cpu.h"
#include "machine/param.h"
#include "machine/segment.h"

struct thread;
struct trapframe;
struct user_state;

#define EMERGENCY_STACK_SIZE 8192

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
extern u32 cpu_features;     /* CPUID 1, EDX */
extern u32 cpu_features_ecx; /* CPUID 1, ECX */
extern u32 cpu_xstate;	     /* what XSAVE keeps of a program's registers (XCR0); 0: no XSAVE */
#define FEATURE_TSC (1u << 4)
#define FEATURE_APIC (1u << 9)
#define FEATURE_PGE (1u << 13)
#define FEATURE_SSE (1u << 25)
#define ECX_TSC_DEADLINE (1u << 24)
#define ECX_XSAVE (1u << 26)
#define ECX_AVX (1u << 28)
#define ECX_RDRAND (1u << 30)

/*
 * Set this CPU up as number `id` of the kernel's: segments, TSS, control registers. `stack` is the
 * kernel stack it is on. From here on current_thread() answers `t`. Interrupts off.
 */
void cpu_init(u32 id, struct thread *t);
/* The boot CPU, before cpu_init: what kind of CPU this is. */
void cpu_identify(void);
/* The boot CPU, once the kernel's map is loaded: its double faults are to be told under it. */
void cpu_use_kernel_map(void);

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
/*
 * Start an application processor at physical page `page` (below 1 MiB): INIT, then STARTUP twice.
 */
void apic_start_cpu(u8 apic_id, u8 page);

/* --- clock.c --- */

/*
 * After irq_init: measures the counter and the local APIC's timer against the 8254, reads the RTC.
 */
void clock_init(void);
void clock_init_cpu(void); /* another CPU's timer */
/* Spin for at least this long; before clock_init too (by the 8254). */
void clock_delay(u32 microseconds);

/* --- smp.c --- */

void smp_interrupt(void); /* VECTOR_IPI came */

/* boot.S hands over: the boot CPU, with what the loader left in eax and ebx. */
void boot_start(u32 magic, u32 info) NORETURN;
/* Another CPU, number `id`, on its stack. */
void boot_secondary_main(u32 id) NORETURN;
extern u8 boot_stack_guard[], boot_stack[];
/* The code that another CPU begins with: copied to a page below 1 MiB. */
extern const u8 ap_begin[], ap_end[];
/* What it needs, one CPU at a time; boot.S knows the order. */
struct secondary_start {
	u32 root, esp, id;
};
extern struct secondary_start boot_secondary_start;
#define AP_PAGE 8 /* physical page that the code is copied to; reserved by boot.c */

/* --- boot.c --- */

extern u32 boot_magic_number, boot_info_address; /* what the loader left */

/* --- trap.S, trap.c --- */

void trap_from_user(struct trapframe *tf);
void trap_from_kernel(struct trapframe *tf);
void trap_from_virtual(struct trapframe *tf) NORETURN;
void trap_init(void); /* the boot CPU: fill the IDT */
void trap_double_fault(void) NORETURN;
extern u8 emergency_stacks[][EMERGENCY_STACK_SIZE]; /* one a CPU: where a double fault is told */

/* --- user_state.c --- */

/* Write u's thread-local descriptors into this CPU's GDT. Interrupts off, or no sleep since. */
void tls_load(const struct user_state *u);
void gs_load(u32 selector); /* uaccess.S: one that cannot be loaded becomes the null selector */
/* The current thread t used floating point for the first time. Interrupts off. */
void user_state_use_fp(struct thread *t);
