/*
 * The kernel's map, and what translation caches must forget.
 *
 * No address-space identifiers are used: loading a map forgets all translations of user pages
 * (identifier 0), while the kernel's are global and stay. All maps share the kernel's half.
 */
#include "arch/mmu.h"

#include "arch.h"
#include "lib/printf.h"
#include "arch/boot.h"
#include "proc/thread.h"
#include "sbi.h"
#include "vm/page.h"
#include "vm/pmap.h"
#include "vm/ram.h"

#define SATP_SV39 (8ul << 60)

ulong mmu_satp(paddr_t root)
{
	return SATP_SV39 | root >> PAGE_SHIFT;
}

void mmu_load(paddr_t root)
{
	/*
	 * Privileged ISA, "Supervisor Memory-Management Fence": rs2 other than x0 spares global
	 * entries.
	 */
	__asm__ volatile("csrw satp, %0\n\tsfence.vma zero, %1"
			 :
			 : "r"(mmu_satp(root)), "r"(0ul)
			 : "memory");
}

void tlb_flush_local(ulong start, ulong end)
{
	for (ulong va = start; va < end; va += PAGE_SIZE)
		__asm__ volatile("sfence.vma %0, zero" : : "r"(va) : "memory");
}

void tlb_flush_local_all(void)
{
	__asm__ volatile("sfence.vma" : : : "memory");
}

/*
 * Calls fn for the harts of a set of CPUs, as masks of 64 harts from a base. Hart numbers may be
 * anything; usually one call does.
 */
static void for_each_hart_mask(u32 cpu_mask, void (*fn)(ulong mask, ulong base, void *arg),
	void *arg)
{
	while (cpu_mask) {
		ulong base = smp_hart((unsigned)__builtin_ctz(cpu_mask)) & ~63ul, mask = 0;

		for (unsigned i = 0; i < MAX_CPUS; i++) {
			if ((cpu_mask & 1u << i) && (smp_hart(i) & ~63ul) == base) {
				mask |= 1ul << (smp_hart(i) & 63);
				cpu_mask &= ~(1u << i);
			}
		}
		fn(mask, base, arg);
	}
}

struct flush_range {
	ulong start, size;
};

static void remote_flush(ulong mask, ulong base, void *arg)
{
	const struct flush_range *r = arg;

	sbi_remote_sfence_vma(mask, base, r->start, r->size);
}

void tlb_flush_cpus(u32 cpu_mask, ulong start, ulong end, bool all)
{
	/* SBI 8.2: size -1 stands for the whole address space. */
	struct flush_range r = { all ? 0 : start, all ? ~0ul : end - start };

	for_each_hart_mask(cpu_mask & ~(1u << cpu_id()), remote_flush, &r);
}

static void remote_fence_i(ulong mask, ulong base, void *arg UNUSED)
{
	sbi_remote_fence_i(mask, base);
}

void icache_sync(const void *kva UNUSED, size_t n UNUSED)
{
	/* Zifencei: fence.i orders this hart's stores before its own fetches only. */
	__asm__ volatile("fence rw, rw\n\tfence.i" : : : "memory");
	for_each_hart_mask(((1u << cpu_count) - 1) & ~(1u << cpu_id()), remote_fence_i, NULL);
}

/* A piece of the image, at the address it is linked for. */
static void map_image(const u8 *from, const u8 *to, unsigned prot)
{
	pmap_boot_map((ulong)from, (ulong)to, virt_to_phys(from), prot);
}

static void map_direct(paddr_t from, paddr_t to, unsigned prot)
{
	if (from < to)
		pmap_boot_map(PHYS_BASE + from, PHYS_BASE + to, from, prot);
}

void mmu_build_kernel_map(void)
{
	paddr_t text = virt_to_phys(kernel_start), data = virt_to_phys(kernel_rodata_end);

	map_image(kernel_start, kernel_text_end, PROT_READ | PROT_EXEC);
	map_image(kernel_text_end, kernel_rodata_end, PROT_READ);
	map_image(kernel_rodata_end, boot_stack_guard, PROT_READ | PROT_WRITE);
	map_image(boot_stack, kernel_data_end, PROT_READ | PROT_WRITE);
	map_image(kernel_data_end, kernel_end, PROT_READ);

	/* What the image holds read-only is read-only through the direct map too. */
	for (unsigned i = 0; i < ram_usable.n; i++) {
		paddr_t start = ram_usable.range[i].start, end = ram_usable.range[i].end;

		map_direct(start, MIN(end, text), PROT_READ | PROT_WRITE);
		map_direct(MAX(start, text), MIN(end, data), PROT_READ);
		map_direct(MAX(start, data), end, PROT_READ | PROT_WRITE);
	}
}
