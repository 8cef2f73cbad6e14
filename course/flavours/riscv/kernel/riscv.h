/* Pages and page-table entries of RISC-V (Sv39), and the stack pointer. */
typedef uint64 pte_t;
typedef uint64 *pagetable_t;

#define PGSIZE 4096
#define PGSHIFT 12

#define PGROUNDUP(sz) (((sz) + PGSIZE - 1) & ~(PGSIZE - 1))
#define PGROUNDDOWN(a) ((a) & ~(PGSIZE - 1))

#define PTE_V (1L << 0)
#define PTE_R (1L << 1)
#define PTE_W (1L << 2)
#define PTE_X (1L << 3)
#define PTE_U (1L << 4)
#define PTE_A (1L << 6)
#define PTE_D (1L << 7)

#define PA2PTE(pa) (((uint64)(pa) >> 12) << 10)
#define PTE2PA(pte) (((pte) >> 10) << 12)
#define PTE_FLAGS(pte) ((pte) & 0x3FF)

#define PXMASK 0x1FF
#define PXSHIFT(level) (PGSHIFT + 9 * (level))
#define PX(level, va) (((uint64)(va) >> PXSHIFT(level)) & PXMASK)

/* One beyond the highest address that a program can have. */
#if __SIZEOF_POINTER__ == 8
#define MAXVA (1L << (9 + 9 + 9 + 12 - 1))
#else
#define MAXVA 0x80000000UL
#endif

uint64 r_sp(void);
