/*
 * The kernel's map, and what translation caches must forget.
 *
 * Loading a map forgets all translations but those of global pages, which are the kernel's. The
 * other CPUs are asked to forget by an interrupt: smp.c.
 */
#include "arch/mmu.h"

#include "arch.h"
#include "vm/page.h"
#include "vm/pmap.h"
#include "vm/ram.h"

void mmu_load(paddr_t root)
{
	__asm__ volatile("movl %0, %%cr3" : : "r"((u32)root) : "memory");
}

void tlb_flush_local(ulong start, ulong end)
{
	for (ulong va = start; va < end; va += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void tlb_flush_local_all(void)
{
	u32 root;

	__asm__ volatile("movl %%cr3, %0\n\tmovl %0, %%cr3" : "=r"(root) : : "memory");
}

/* Fetches see what was stored, on every CPU (Intel SDM volume 3, "Self-Modifying Code"). */
void icache_sync(const void *kva UNUSED, size_t n UNUSED)
{
}

/* A piece of the direct map. */
static void map(const void *from, const void *to, unsigned prot)
{
	pmap_boot_map((ulong)from, (ulong)to, virt_to_phys(from), prot);
}

/* All of RAM can be written, except for the kernel's text and constants. */
void mmu_build_kernel_map(void)
{
	/* What lies below the image: the trampoline of other CPUs, the screen, firmware's tables. */
	map((void *)KERNEL_BASE, kernel_start, PROT_READ | PROT_WRITE);
	map(kernel_start, kernel_text_end, PROT_READ | PROT_EXEC);
	map(kernel_text_end, kernel_rodata_end, PROT_READ);
	map(kernel_rodata_end, boot_stack_guard, PROT_READ | PROT_WRITE);
	map(boot_stack, kernel_data_end, PROT_READ | PROT_WRITE);
	map(kernel_data_end, kernel_end, PROT_READ);
	for (unsigned i = 0; i < ram_usable.n; i++) {
		const struct phys_range *r = &ram_usable.range[i];
		paddr_t start = MAX(r->start, virt_to_phys(kernel_end));

		if (start < r->end)
			map(phys_to_virt(start), phys_to_virt(r->end), PROT_READ | PROT_WRITE);
	}
}
