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

#define SATP_SV39 (8ul << 60)

static inline unsigned pt_shift(unsigned level)
{
	return PAGE_SHIFT + PT_BITS * level;
}

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

/* The table that *entry points at, made if there is none. Boot only. */
static pte_t *kernel_table(pte_t *entry)
{
	if (!pte_valid(*entry)) {
		struct page *p = page_alloc(0, ALLOC_ZERO);

		if (!p)
			panic("no memory for the kernel's page tables");
		page_set_kind(p, PAGE_PTABLE);
		p->entries = 0;
		*entry = pte_mktable(page_paddr(p));
		page_of(virt_to_phys(entry))->entries++;
	}
	return phys_to_virt(pte_paddr(*entry));
}

/* Map [va, end) to pa onwards, in the biggest blocks that fit. */
static void map_range(struct page *root, ulong va, ulong end, paddr_t pa, unsigned prot)
{
	while (va < end) {
		unsigned level = PT_LEVELS - 1;
		pte_t *table = page_addr(root), *e;

		while (level > 0 && (((va | pa) & ((1ul << pt_shift(level)) - 1)) ||
					    end - va < 1ul << pt_shift(level)))
			level--;
		for (unsigned l = PT_LEVELS - 1;; l--) {
			e = &table[(va >> pt_shift(l)) & (PT_ENTRIES - 1)];
			if (l == level)
				break;
			table = kernel_table(e);
		}
		*e = pte_mkpage(pa, prot, false);
		page_of(virt_to_phys(e))->entries++;
		va += 1ul << pt_shift(level);
		pa += 1ul << pt_shift(level);
	}
}

/* A piece of the image, at the address it is linked for. */
static void map_image(struct page *root, const u8 *from, const u8 *to, unsigned prot)
{
	map_range(root, (ulong)from, (ulong)to, virt_to_phys(from), prot);
}

static void map_direct(struct page *root, paddr_t from, paddr_t to, unsigned prot)
{
	if (from < to)
		map_range(root, PHYS_BASE + from, PHYS_BASE + to, from, prot);
}

void mmu_build_kernel_map(struct page *root)
{
	paddr_t text = virt_to_phys(kernel_start), data = virt_to_phys(kernel_rodata_end);
	struct phys_range ram[MACHINE_MAX_RANGES], reserved[MACHINE_MAX_RANGES];
	unsigned nram, nreserved;
	pte_t *top = page_addr(root);

	map_image(root, kernel_start, kernel_text_end, PROT_READ | PROT_EXEC);
	map_image(root, kernel_text_end, kernel_rodata_end, PROT_READ);
	map_image(root, kernel_rodata_end, boot_stack_guard, PROT_READ | PROT_WRITE);
	map_image(root, boot_stack, kernel_data_end, PROT_READ | PROT_WRITE);
	map_image(root, kernel_data_end, kernel_end, PROT_READ);

	/* What the image holds read-only is read-only through the direct map too. */
	machine_ram(ram, &nram, reserved, &nreserved);
	for (unsigned i = 0; i < nram; i++) {
		paddr_t start = ram[i].start, end = ram[i].end;

		map_direct(root, start, MIN(end, text), PROT_READ | PROT_WRITE);
		map_direct(root, MAX(start, text), MIN(end, data), PROT_READ);
		map_direct(root, MAX(start, data), end, PROT_READ | PROT_WRITE);
	}
	kernel_table(&top[(KVA_START >> pt_shift(PT_LEVELS - 1)) & (PT_ENTRIES - 1)]);
}
