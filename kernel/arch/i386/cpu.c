/*
 * A CPU for itself: what it can do, its segments, its control registers.
 *
 * Each CPU has a struct percpu, to which segment FS leads while it is in the kernel. Its GDT is its
 * own, since thread-local storage and the TSS are. All segments that C code uses are flat
 * (Intel SDM volume 3, "Basic Flat Model"); pages do the protecting.
 */
#include "arch.h"
#include "arch/mmu.h"
#include "arch/trap.h"
#include "lib/printf.h"
#include "machine/pte.h"
#include "proc/thread.h"

#define LEAF_FEATURES 1
#define LEAF_STRUCTURED 7
#define LEAF_EXTENDED 0x80000000u
#define LEAF_EXTENDED_FEATURES 0x80000001u
#define EBX_SMEP (1u << 7) /* of LEAF_STRUCTURED */
#define EBX_SMAP (1u << 20)
#define EDX_NX (1u << 20) /* of LEAF_EXTENDED_FEATURES */

#define CR4_PGE 0x80ul
#define CR4_OSFXSR 0x200ul
#define CR4_OSXMMEXCPT 0x400ul
#define CR4_OSXSAVE 0x40000ul
#define CR4_SMEP 0x100000ul
#define CR4_SMAP 0x200000ul
#define CR0_TS 8ul
#define MSR_EFER 0xc0000080u
#define EFER_NXE 0x800u
#define XSTATE_AVX 7u /* x87, SSE, AVX */

/* Segment descriptors (SDM volume 3, "Segment Descriptors"). */
#define DESC_FLAT 0x00cf00000000ffffull
#define DESC_KERNEL_CODE (DESC_FLAT | 0x9bull << 40)
#define DESC_KERNEL_DATA (DESC_FLAT | 0x93ull << 40)
#define DESC_USER_CODE (DESC_FLAT | 0xfbull << 40)
#define DESC_USER_DATA (DESC_FLAT | 0xf3ull << 40)
#define TYPE_DATA 0x93u
#define TYPE_TSS 0x89u
#define GRANULARITY_BYTE_32 0x4u /* limit in bytes, a 32-bit segment */

_Static_assert(offsetof(struct percpu, thread) == PERCPU_THREAD, "machine/offsets.h");
_Static_assert(offsetof(struct percpu, cpu) == PERCPU_CPU, "machine/offsets.h");
_Static_assert(offsetof(struct percpu, id) == PERCPU_ID, "machine/offsets.h");
_Static_assert(offsetof(struct percpu, request) == PERCPU_REQUEST, "machine/offsets.h");

struct percpu percpus[MAX_CPUS];
u32 cpu_features, cpu_features_ecx, cpu_xstate;
pte_t pte_no_exec;

static ulong cr4_wanted;
/* Where double faults go on: one a CPU. */
static struct tss double_fault_tss[MAX_CPUS];
u8 emergency_stacks[MAX_CPUS][EMERGENCY_STACK_SIZE] ALIGNED(16);

/* kernel.ld: where user_access_begin and _end stand (uaccess.S) */
extern const u32 smap_sites_start[], smap_sites_end[];

/* Put stac and clac where no-operations stand. The kernel's text can still be written. */
static void smap_enable(void)
{
	for (const u32 *site = smap_sites_start; site < smap_sites_end; site++) {
		u8 *code = (u8 *)(*site & ~1u);

		code[0] = 0x0f;
		code[1] = 0x01;
		code[2] = *site & 1 ? 0xcb : 0xca;
	}
}

static void identify_protection(u32 highest_leaf)
{
	u32 eax, ebx, ecx, edx;

	cpuid(LEAF_EXTENDED, 0, &eax, &ebx, &ecx, &edx);
	if (eax >= LEAF_EXTENDED_FEATURES) {
		cpuid(LEAF_EXTENDED_FEATURES, 0, &eax, &ebx, &ecx, &edx);
		if (edx & EDX_NX)
			pte_no_exec = 1ull << 63;
	}
	if (highest_leaf < LEAF_STRUCTURED)
		return;
	cpuid(LEAF_STRUCTURED, 0, &eax, &ebx, &ecx, &edx);
	if (ebx & EBX_SMEP)
		cr4_wanted |= CR4_SMEP;
	if (ebx & EBX_SMAP) {
		cr4_wanted |= CR4_SMAP;
		smap_enable();
	}
}

void cpu_identify(void)
{
	u32 highest, eax, ebx, ecx, edx;

	cpuid(0, 0, &highest, &ebx, &ecx, &edx);
	cpuid(LEAF_FEATURES, 0, &eax, &ebx, &cpu_features_ecx, &cpu_features);
	if (cpu_features & FEATURE_PGE)
		cr4_wanted |= CR4_PGE;
	if (cpu_features & FEATURE_SSE)
		cr4_wanted |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	if ((cpu_features_ecx & ECX_XSAVE) && (cpu_features_ecx & ECX_AVX)) {
		cr4_wanted |= CR4_OSXSAVE;
		cpu_xstate = XSTATE_AVX;
	}
	identify_protection(highest);
}

/* A system descriptor, or data of less than 4 GiB. */
static u64 descriptor(const void *base, u32 size, u32 type)
{
	u32 limit = size - 1, at = (u32)base;

	return (u64)(at & 0xff000000u) << 32 | (u64)GRANULARITY_BYTE_32 << 52 |
		(u64)(limit & 0xf0000u) << 32 | (u64)type << 40 | (u64)(at & 0xffffffu) << 16 |
		(limit & 0xffffu);
}

static void fill_double_fault_tss(u32 id)
{
	double_fault_tss[id] = (struct tss){
		.eip = (u32)trap_double_fault,
		.esp = (u32)emergency_stacks[id] + EMERGENCY_STACK_SIZE,
		.eflags = EFLAGS_FIXED,
		.cs = SEL_KERNEL_CODE,
		.ss = SEL_KERNEL_DATA,
		.ds = SEL_USER_DATA,
		.es = SEL_USER_DATA,
		.fs = SEL_PERCPU,
		.iomap = sizeof(struct tss),
	};
	__asm__ volatile("movl %%cr3, %0" : "=r"(double_fault_tss[id].cr3));
}

void cpu_use_kernel_map(void)
{
	fill_double_fault_tss(0);
}

static void load_segments(const struct percpu *p)
{
	struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) gdtr = {sizeof(p->gdt) - 1, (u32)p->gdt};

	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1:\tmovl %2, %%ds\n\t"
			 "movl %2, %%es\n\t"
			 "movl %3, %%ss\n\t"
			 "movl %4, %%fs\n\t"
			 "movl %5, %%gs\n\t"
			 "lldt %w5\n\t"
			 "ltr %w6"
			 :
			 : "m"(gdtr), "i"(SEL_KERNEL_CODE), "r"(SEL_USER_DATA),
			 "r"(SEL_KERNEL_DATA), "r"(SEL_PERCPU), "r"(0), "r"(GDT_TSS * 8)
			 : "memory");
}

static void set_control_registers(void)
{
	ulong cr4, cr0;

	if (pte_no_exec)
		msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
	__asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movl %0, %%cr4" : : "r"(cr4 | cr4_wanted) : "memory");
	if (cpu_xstate)
		__asm__ volatile("xsetbv" : : "c"(0), "a"(cpu_xstate), "d"(0));
	__asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("movl %0, %%cr0" : : "r"(cr0 | CR0_TS));
}

void cpu_init(u32 id, struct thread *t)
{
	struct percpu *p = &percpus[id];

	/* Nothing of `request` may be lost: other CPUs know of this one already. */
	p->thread = t;
	p->cpu = &cpus[id];
	p->id = id;
	p->tss = (struct tss){.ss0 = SEL_KERNEL_DATA, .iomap = sizeof(struct tss)};
	p->gdt[GDT_KERNEL_CODE] = DESC_KERNEL_CODE;
	p->gdt[GDT_KERNEL_DATA] = DESC_KERNEL_DATA;
	p->gdt[GDT_USER_CODE] = DESC_USER_CODE;
	p->gdt[GDT_USER_DATA] = DESC_USER_DATA;
	p->gdt[GDT_TSS] = descriptor(&p->tss, sizeof(p->tss), TYPE_TSS);
	p->gdt[GDT_PERCPU] = descriptor(p, sizeof(*p), TYPE_DATA);
	p->gdt[GDT_DOUBLE_FAULT_TSS] =
		descriptor(&double_fault_tss[id], sizeof(struct tss), TYPE_TSS);
	fill_double_fault_tss(id);
	load_segments(p);
	set_control_registers();
}
