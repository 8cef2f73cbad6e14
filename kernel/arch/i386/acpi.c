/*
 * The ACPI tables: where they lie, and the registers they name for ending and restarting the
 * machine. acpi_tables.c knows what their bytes mean; sections are those of the ACPI Specification
 * 6.5.
 *
 * The tables are read once, at boot; nothing here changes afterwards, so there are no locks.
 */
#include "acpi.h"

#include "acpi_tables.h"
#include "arch.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "arch/mmu.h"
#include "machine/io.h"
#include "vm/kmalloc.h"
#include "vm/kva.h"

/* Where an RSDP may be on a PC (5.2.5.1). */
#define EBDA_SEGMENT 0x40e /* BIOS data area: the extended one's paragraph */
#define EBDA_SEARCH 1024u
#define LOW_MEMORY_START 0x500u
#define LOW_MEMORY_END 0xa0000u
#define BIOS_START 0xe0000u
#define BIOS_END 0x100000u

#define WINDOW_GRAIN 0x10000ull /* tables lie close together: ends of windows are its multiples */
#define ADDRESS_END (1ull << 32) /* firmware's tables lie below */

/* PM1 control register (4.8.3.2.1) */
#define SCI_EN 1u
#define SLP_TYP_SHIFT 10
#define SLP_TYP_MASK (7u << SLP_TYP_SHIFT)
#define SLP_EN (1u << 13)
#define ENABLE_TRIES 3000u /* of a millisecond */

/* Other ways to restart: the reset control register of Intel's chip sets, the 8042. */
#define RESET_CONTROL 0xcf9
#define RESET_HARD 0x02
#define RESET_NOW 0x04
#define I8042_COMMAND 0x64
#define I8042_BUSY 0x02
#define I8042_PULSE_RESET 0xfe
#define I8042_TRIES 10000u
#define RESET_WAIT 50000u /* us */
#define POWEROFF_WAIT 5000000u /* us; one that only comes late is no failure to tell of */

_Static_assert(ACPI_MAX_CPUS == MAX_CPUS, "acpi.h");

struct acpi acpi;

static struct acpi_fadt fadt;
static ulong reset_register; /* an io address; 0: there is none */
static bool can_poweroff;
static u8 s5_type_a, s5_type_b;

/* The window on physical memory that was made last. */
static struct {
	u64 start, end;
	const u8 *va;
} window;

/* [pa, pa + n) of a table; NULL if it cannot be reached. */
static const u8 *look(u64 pa, u32 n)
{
	u64 start = ALIGN_DOWN(pa, WINDOW_GRAIN), end = ALIGN_UP(pa + n, WINDOW_GRAIN);

	if (pa == 0 || pa >= ADDRESS_END || end > ADDRESS_END)
		return NULL;
	if (pa + n <= BIOS_END)
		return phys_to_virt(pa);
	if (pa < window.start || pa + n > window.end) {
		const void *va = kva_map_device(start, (size_t)(end - start));

		if (!va)
			return NULL;
		window.start = start;
		window.end = end;
		window.va = va;
	}
	return window.va + (size_t)(pa - window.start);
}

/* The table at pa if it has this signature; its length. NULL if it has not, or cannot be used. */
static const u8 *table(u64 pa, const char *signature, u32 *len)
{
	const u8 *t = look(pa, ACPI_HEADER_SIZE);

	if (!t)
		return NULL;
	*len = acpi_table_length(t, signature);
	t = *len ? look(pa, *len) : NULL;
	if (t && !acpi_checksum_ok(t, *len)) {
		log_warn("ACPI: %s at 0x%llx is damaged\n", signature, pa);
		return NULL;
	}
	return t;
}

/* --- finding the tables --- */

static bool find_rsdp_in(u32 start, u32 end, struct acpi_root *root)
{
	for (u32 pa = start; pa < end; pa += ACPI_RSDP_STEP)
		if (acpi_parse_rsdp(phys_to_virt(pa), MIN((u32)ACPI_RSDP_SIZE, end - pa), root))
			return true;
	return false;
}

static bool find_rsdp(struct acpi_root *root)
{
	u32 ebda = (u32) * (const volatile u16 *)phys_to_virt(EBDA_SEGMENT) << 4;

	if (ebda >= LOW_MEMORY_START && ebda <= LOW_MEMORY_END - EBDA_SEARCH &&
		find_rsdp_in(ebda, ebda + EBDA_SEARCH, root))
		return true;
	return find_rsdp_in(BIOS_START, BIOS_END, root);
}

/* A copy of the table of tables; to read the others moves the window. */
struct root_copy {
	u8 *bytes;
	u32 len;
	unsigned entry_size;
};

static bool copy_root(const struct acpi_root *root, struct root_copy *copy)
{
	const u8 *t = root->xsdt ? table(root->xsdt, "XSDT", &copy->len) : NULL;

	copy->entry_size = 8;
	if (!t && root->rsdt) {
		t = table(root->rsdt, "RSDT", &copy->len);
		copy->entry_size = 4;
	}
	copy->bytes = t ? kmalloc(copy->len, 0) : NULL;
	if (!copy->bytes) {
		log_warn("ACPI: there are tables, but they cannot be read\n");
		return false;
	}
	memcpy(copy->bytes, t, copy->len);
	return true;
}

/* The first table with this signature. */
static const u8 *find_table(const struct root_copy *root, const char *signature, u32 *len)
{
	u64 addr;

	for (unsigned i = 0; acpi_root_entry(root->bytes, root->len, root->entry_size, i, &addr);
		i++) {
		const u8 *t = table(addr, signature, len);

		if (t)
			return t;
	}
	return NULL;
}

/* --- what they say --- */

static void read_madt(const struct root_copy *root)
{
	u32 len, eax, ebx, ecx, edx;
	const u8 *t = find_table(root, "APIC", &len);
	const char *wrong;

	if (!t) {
		log_warn("ACPI: no table of interrupt controllers\n");
		return;
	}
	cpuid(1, 0, &eax, &ebx, &ecx, &edx); /* EBX 31..24: this CPU's APIC id */
	wrong = acpi_parse_madt(t, len, (u8)(ebx >> 24), &acpi);
	if (wrong)
		log_warn("ACPI: the table of interrupt controllers is not used: %s\n", wrong);
}

static void map_reset_register(void)
{
	if (!fadt.has_reset || fadt.reset_addr == 0)
		return;
	if (fadt.reset_space == ACPI_SPACE_IO && fadt.reset_addr < IO_PORTS)
		reset_register = (ulong)fadt.reset_addr;
	else if (fadt.reset_space == ACPI_SPACE_MEMORY && fadt.reset_addr < ADDRESS_END)
		reset_register = (ulong)kva_map_device(fadt.reset_addr, 1);
}

static void read_fadt(const struct root_copy *root)
{
	u32 len;
	const u8 *t = find_table(root, "FACP", &len);

	if (!t || !acpi_parse_fadt(t, len, &fadt)) {
		log_warn("ACPI: no table of fixed registers\n");
		return;
	}
	map_reset_register();
	t = table(fadt.dsdt, "DSDT", &len);
	can_poweroff = fadt.pm1a_control && t && acpi_find_s5(t, len, &s5_type_a, &s5_type_b);
	if (!can_poweroff)
		log_info("ACPI: no way to switch the machine off\n");
}

void acpi_init(void)
{
	struct acpi_root root;
	struct root_copy copy;

	if (!find_rsdp(&root)) {
		log_info("no ACPI tables\n");
		return;
	}
	if (!copy_root(&root, &copy))
		return;
	read_madt(&copy);
	read_fadt(&copy);
	kmfree(copy.bytes);
}

/* --- the end --- */

static void enter_sleep(u16 port, u8 type)
{
	u16 v = io_read16(port) & (u16)~SLP_TYP_MASK;

	io_write16(port, (u16)(v | type << SLP_TYP_SHIFT | SLP_EN));
}

/*
 * Until the system control interrupt is enabled the firmware owns the registers (4.8.2.5). It keeps
 * them until we need them: meanwhile the power button works as it likes.
 */
static void take_registers(void)
{
	if ((io_read16(fadt.pm1a_control) & SCI_EN) || !fadt.smi_command || !fadt.acpi_enable)
		return;
	io_write8(fadt.smi_command, fadt.acpi_enable);
	for (unsigned i = 0; i < ENABLE_TRIES && !(io_read16(fadt.pm1a_control) & SCI_EN); i++)
		clock_delay(1000);
}

void acpi_poweroff(void)
{
	if (!can_poweroff)
		return;
	take_registers();
	enter_sleep(fadt.pm1a_control, s5_type_a);
	if (fadt.pm1b_control)
		enter_sleep(fadt.pm1b_control, s5_type_b);
	clock_delay(POWEROFF_WAIT);
}

void acpi_reset(void)
{
	if (reset_register) {
		io_write8(reset_register, fadt.reset_value);
		clock_delay(RESET_WAIT);
	}
	io_write8(RESET_CONTROL, RESET_HARD);
	io_write8(RESET_CONTROL, RESET_HARD | RESET_NOW);
	clock_delay(RESET_WAIT);
	for (unsigned i = 0; i < I8042_TRIES && (io_read8(I8042_COMMAND) & I8042_BUSY); i++)
		clock_delay(1);
	io_write8(I8042_COMMAND, I8042_PULSE_RESET);
	clock_delay(RESET_WAIT);
}
