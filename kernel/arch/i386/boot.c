/*
 * What the machine consists of: the loader's word about memory, the firmware's tables, and what
 * answers at the places where a PC has it.
 */
#include "arch/boot.h"

#include "arch.h"
#include "arch/clock.h"
#include "arch/mmu.h"
#include "dev/console.h"
#include "dev/ns16550.h"
#include "dev/pc/ide.h"
#include "dev/pc/pci.h"
#include "dev/pc/ps2.h"
#include "dev/pc/vga.h"
#include "dev/pc/virtio_pci.h"
#include "dev/ramdisk.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "machine/io.h"
#include "multiboot.h"
#include "vm/page.h"
#include "vm/ram.h"

#define COM1 0x3f8
#define COM1_IRQ 4
#define LSR 5 /* line status register */
#define LSR_ROOM 0x20
#define LSR_ABSENT 0xff /* what a port that is not there reads as */
#define LOW_MEMORY_END 0x100000u
#define CMDLINE_MAX 4096
#define SEED_WORDS 8
#define RDRAND_TRIES 10 /* as Intel advises (SDM volume 1, "RDRAND") */

u32 boot_magic_number, boot_info_address;

static char cmdline[CMDLINE_MAX];
const char *boot_cmdline = cmdline;

static struct multiboot_info info;
/* Disk images that the loader handed over. */
static struct multiboot_module modules[RAM_MAX_RANGES];
static unsigned nmodules;

void machine_early_putc(char c)
{
	vga_early_putc(c);
	if (io_read8(COM1 + LSR) == LSR_ABSENT)
		return;
	while (!(io_read8(COM1 + LSR) & LSR_ROOM))
		cpu_relax();
	io_write8(COM1, (u8)c);
}

/* --- what the loader says --- */

/* [pa, pa + n) of what the loader left; NULL if the direct map cannot hold it. */
static const void *loader_data(u32 pa, u64 n)
{
	return pa < PHYS_LIMIT && n <= PHYS_LIMIT - pa ? phys_to_virt(pa) : NULL;
}

static void add_memory(u64 start, u64 length, u64 *lost)
{
	u64 end = start + length;

	*lost += ram_add(start, end < start ? ~0ull : end, PHYS_LIMIT);
}

/* Where entries overlap, memory that is in use counts. */
static void read_memory_map(u64 *lost)
{
	const char *at = loader_data(info.mmap_addr, info.mmap_length);
	u32 left = at ? info.mmap_length : 0;

	while (left >= sizeof(struct multiboot_mmap)) {
		const struct multiboot_mmap *m = (const void *)at;

		if (m->type == MULTIBOOT_RAM)
			add_memory(m->addr, m->length, lost);
		else if (m->addr < PHYS_LIMIT)
			ram_reserve(m->addr, m->length);
		if (m->size > left - sizeof(m->size) || m->size < sizeof(*m) - sizeof(m->size))
			return;
		at += m->size + sizeof(m->size);
		left -= m->size + sizeof(m->size);
	}
}

/*
 * The first MiB is left alone: firmware's data, the screen, and the page where other CPUs begin are
 * there.
 */
static void read_memory(void)
{
	u64 lost = 0;

	ram_reserve(0, LOW_MEMORY_END);
	ram_reserve(virt_to_phys(kernel_start), (u64)(kernel_end - kernel_start));
	for (unsigned i = 0; i < nmodules; i++)
		ram_reserve(modules[i].start, modules[i].end - modules[i].start);
	if (info.flags & MULTIBOOT_HAS_MMAP)
		read_memory_map(&lost);
	else if (info.flags & MULTIBOOT_HAS_MEMORY)
		add_memory(LOW_MEMORY_END, (u64)info.mem_upper << 10, &lost);
	if (lost)
		log_warn("%llu MiB of memory are not used: this machine's kernel reaches %lu MiB\n",
			lost >> 20, PHYS_LIMIT >> 20);
}

static void read_modules(void)
{
	const struct multiboot_module *m =
		loader_data(info.mods_addr, (u64)info.mods_count * sizeof(*m));

	if (!(info.flags & MULTIBOOT_HAS_MODULES) || !m)
		return;
	for (unsigned i = 0; i < info.mods_count; i++) {
		if (nmodules == ARRAY_SIZE(modules))
			log_warn("more than %u modules: the others are not used\n", nmodules);
		else if (m[i].end > m[i].start)
			modules[nmodules++] = m[i];
	}
}

/* The command line's first word is the kernel's name. */
static void read_cmdline(void)
{
	const char *s = loader_data(info.cmdline, CMDLINE_MAX);

	if (!(info.flags & MULTIBOOT_HAS_CMDLINE) || !s)
		return;
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	str_copy(cmdline, s, sizeof(cmdline));
}

void machine_early_init(void)
{
	const struct multiboot_info *m = loader_data(boot_info_address, sizeof(*m));

	if (boot_magic_number != MULTIBOOT_LOADED || !m)
		panic("not loaded by a multiboot loader (0x%x)", boot_magic_number);
	info = *m;
	read_cmdline();
	read_modules();
	read_memory();
}

/* From the CPU's own generator, if it has one. */
const void *machine_entropy(u32 *len)
{
	static u32 seed[SEED_WORDS];

	if (!(cpu_features_ecx & ECX_RDRAND))
		return NULL;
	for (unsigned i = 0; i < SEED_WORDS; i++) {
		bool got = false;

		for (unsigned tries = 0; tries < RDRAND_TRIES && !got; tries++)
			__asm__ volatile("rdrand %0" : "=r"(seed[i]), "=@ccc"(got));
		if (!got)
			return NULL;
	}
	*len = sizeof(seed);
	return seed;
}

/* --- devices --- */

/* The root disk is the first one: on virtio, handed over by the loader, on IDE. */
static void init_disks(void)
{
	pci_init();
	virtio_pci_probe_all();
	for (unsigned i = 0; i < nmodules; i++)
		ramdisk_register(modules[i].start, modules[i].end - modules[i].start);
	ide_probe_all();
}

void machine_init_devices(void)
{
	int err;

	cpu_use_kernel_map();
	acpi_init();
	irq_init();
	clock_init();
	err = ns16550_attach(COM1, 0, COM1_IRQ);
	if (err && err != -ENODEV)
		log_warn("the serial port cannot be used: error %d\n", -err);
	vga_attach();
	ps2_attach();
	init_disks();
}

void machine_poweroff(void)
{
	acpi_poweroff();
	log_warn("this machine cannot switch itself off: it can be switched off now\n");
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

void machine_reboot(void)
{
	acpi_reset();
	for (;;)
		__asm__ volatile("cli\n\thlt");
}
