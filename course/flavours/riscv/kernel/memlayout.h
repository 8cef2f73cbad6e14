/*
 * Where xv6 has its memory and devices. For programs here: nothing of theirs lies at KERNBASE (on machines
 * with 32-bit addresses), and the heap ends at TRAPFRAME at the latest.
 */
#define UART0 0x10000000L
#define UART0_IRQ 10
#define VIRTIO0 0x10001000
#define VIRTIO0_IRQ 1
#define PLIC 0x0c000000L

#define KERNBASE 0x80000000UL
#define PHYSTOP (KERNBASE + 128 * 1024 * 1024)

#define TRAMPOLINE (MAXVA - PGSIZE)
#define TRAPFRAME (TRAMPOLINE - PGSIZE)
#define KSTACK(p) (TRAMPOLINE - ((p) + 1) * 2 * PGSIZE)
