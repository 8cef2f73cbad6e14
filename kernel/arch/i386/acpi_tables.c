/*
 * What the bytes of ACPI tables mean: see acpi_tables.h. Sections are those of the ACPI
 * Specification 6.5.
 */
#include "acpi_tables.h"

#include "lib/string.h"

#define TABLE_LIMIT (4u << 20) /* a table that claims to be longer is none */

#define RSDP_SIZE_1 20 /* of ACPI 1.0 */
#define RSDP_REVISION 15
#define RSDP_RSDT 16
#define RSDP_LENGTH 20
#define RSDP_XSDT 24

#define HEADER_LENGTH 4

/* MADT (5.2.12) and its entries */
#define MADT_LAPIC 36
#define MADT_ENTRIES 44
#define ENTRY_LAPIC 0
#define ENTRY_IOAPIC 1
#define ENTRY_OVERRIDE 2
#define ENTRY_LAPIC_ADDRESS 5
#define LAPIC_ENABLED 1u
#define APIC_ID_ALL 0xff /* names no single CPU */
#define BUS_ISA 0
/* MPS INTI flags (table 5.26) */
#define POLARITY(flags) ((flags)&3)
#define TRIGGER(flags) ((flags) >> 2 & 3)
#define INTI_RESERVED 2
#define INTI_LOW_LEVEL 3

/* FADT (5.2.9) */
#define FADT_DSDT 40
#define FADT_SMI_CMD 48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT 64
#define FADT_PM1B_CNT 68
#define FADT_PM1_CNT_LEN 89
#define FADT_FLAGS 112
#define FADT_SIZE_1 116 /* of ACPI 1.0 */
#define FADT_RESET_REG 116
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT 140
#define FADT_X_PM1A_CNT 172
#define FADT_X_PM1B_CNT 184
#define FADT_RESET_REG_SUP (1u << 10)
#define GAS_SIZE 12
#define GAS_ADDRESS 4

/* AML (20.2) */
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_WORD 0x0b
#define AML_DWORD 0x0c
#define AML_PACKAGE 0x12
#define AML_ROOT '\\'
#define SLP_TYP_MAX 7

static u16 read16(const u8 *p)
{
	return (u16)(p[0] | p[1] << 8);
}

static u32 read32(const u8 *p)
{
	return (u32)read16(p + 2) << 16 | read16(p);
}

static u64 read64(const u8 *p)
{
	return (u64)read32(p + 4) << 32 | read32(p);
}

bool acpi_checksum_ok(const u8 *t, u32 len)
{
	u8 sum = 0;

	for (u32 i = 0; i < len; i++)
		sum = (u8)(sum + t[i]);
	return sum == 0;
}

bool acpi_parse_rsdp(const u8 *t, u32 len, struct acpi_root *root)
{
	u32 length;

	if (len < RSDP_SIZE_1 || memcmp(t, "RSD PTR ", 8) != 0 || !acpi_checksum_ok(t, RSDP_SIZE_1))
		return false;
	*root = (struct acpi_root){.rsdt = read32(t + RSDP_RSDT)};
	if (t[RSDP_REVISION] >= 2 && len >= ACPI_RSDP_SIZE) {
		length = read32(t + RSDP_LENGTH);
		if (length >= ACPI_RSDP_SIZE && length <= len && acpi_checksum_ok(t, length))
			root->xsdt = read64(t + RSDP_XSDT);
	}
	return root->rsdt || root->xsdt;
}

u32 acpi_table_length(const u8 *header, const char *signature)
{
	u32 len = read32(header + HEADER_LENGTH);

	return memcmp(header, signature, 4) == 0 && len >= ACPI_HEADER_SIZE && len <= TABLE_LIMIT
		? len
		: 0;
}

bool acpi_root_entry(const u8 *t, u32 len, unsigned size, unsigned i, u64 *addr)
{
	if (len < ACPI_HEADER_SIZE || i >= (len - ACPI_HEADER_SIZE) / size)
		return false;
	t += ACPI_HEADER_SIZE + i * size;
	*addr = size == 8 ? read64(t) : read32(t);
	return true;
}

/* --- MADT --- */

static bool has_cpu(const struct acpi *a, u8 id)
{
	for (unsigned i = 0; i < a->ncpus; i++)
		if (a->cpu[i] == id)
			return true;
	return false;
}

/* The boot CPU has a place also if it comes after ACPI_MAX_CPUS others. */
static const char *add_cpu(struct acpi *a, const u8 *e, u8 boot_cpu)
{
	u8 id = e[3];

	if (!(read32(e + 4) & LAPIC_ENABLED) || id == APIC_ID_ALL || has_cpu(a, id))
		return NULL;
	if (a->ncpus < ACPI_MAX_CPUS) {
		a->cpu[a->ncpus++] = id;
		return NULL;
	}
	a->ncpus_left_out++;
	if (id == boot_cpu)
		a->cpu[ACPI_MAX_CPUS - 1] = id;
	return NULL;
}

static const char *add_ioapic(struct acpi *a, const u8 *e, u8 boot_cpu UNUSED)
{
	if (a->nioapics == ACPI_MAX_IOAPICS)
		a->nioapics_left_out++;
	else
		a->ioapic[a->nioapics++] = (struct acpi_ioapic){e[2], read32(e + 4), read32(e + 8)};
	return NULL;
}

static const char *add_override(struct acpi *a, const u8 *e, u8 boot_cpu UNUSED)
{
	u8 irq = e[3];
	u16 flags = read16(e + 8);

	if (e[2] != BUS_ISA || irq >= ACPI_ISA_IRQS)
		return "an override of an interrupt that ISA does not have";
	if (POLARITY(flags) == INTI_RESERVED || TRIGGER(flags) == INTI_RESERVED)
		return "an override with reserved flags";
	for (unsigned i = 0; i < a->noverrides; i++)
		if (a->override[i].irq == irq)
			return "two overrides of one interrupt";
	/* By the ISA bus's own rules interrupts are edges, active high. */
	a->override[a->noverrides++] = (struct acpi_override){irq, read32(e + 4),
		TRIGGER(flags) == INTI_LOW_LEVEL, POLARITY(flags) == INTI_LOW_LEVEL};
	return NULL;
}

static const char *set_lapic(struct acpi *a, const u8 *e, u8 boot_cpu UNUSED)
{
	u64 addr = read64(e + 4);

	if (addr > UINT32_MAX)
		return "local APICs above 4 GiB";
	a->lapic = (u32)addr;
	return NULL;
}

/* The entries that matter here, and how long they are; others are passed over. */
static const struct {
	u8 type, len;
	const char *(*add)(struct acpi *a, const u8 *entry, u8 boot_cpu);
} madt_entries[] = {
	{ENTRY_LAPIC, 8, add_cpu},
	{ENTRY_IOAPIC, 12, add_ioapic},
	{ENTRY_OVERRIDE, 10, add_override},
	{ENTRY_LAPIC_ADDRESS, 12, set_lapic},
};

static const char *add_entry(struct acpi *a, const u8 *e, u8 boot_cpu)
{
	for (unsigned i = 0; i < ARRAY_SIZE(madt_entries); i++) {
		if (e[0] != madt_entries[i].type)
			continue;
		if (e[1] < madt_entries[i].len)
			return "an entry that is too short";
		return madt_entries[i].add(a, e, boot_cpu);
	}
	return NULL;
}

const char *acpi_parse_madt(const u8 *t, u32 len, u8 boot_cpu, struct acpi *out)
{
	struct acpi a = {0};
	const char *wrong;

	if (len < MADT_ENTRIES)
		return "too short";
	a.lapic = read32(t + MADT_LAPIC);
	for (u32 at = MADT_ENTRIES; at < len; at += t[at + 1]) {
		if (len - at < 2 || t[at + 1] < 2 || t[at + 1] > len - at)
			return "an entry of impossible length";
		wrong = add_entry(&a, t + at, boot_cpu);
		if (wrong)
			return wrong;
	}
	if (a.lapic == 0 || a.lapic % 4096)
		return "no address for the local APICs";
	if (!has_cpu(&a, boot_cpu))
		return "the CPU that runs is not in it";
	a.found = true;
	*out = a;
	return NULL;
}

/* --- FADT --- */

/*
 * The port of a register of 16 bits: by its old 32-bit field, or by its address structure where
 * that one is 0 and the table is long enough for the other.
 */
static u16 control_port(const u8 *t, u32 len, u32 old, u32 gas)
{
	u64 port = read32(t + old);

	if (port == 0 && len >= gas + GAS_SIZE && t[gas] == ACPI_SPACE_IO)
		port = read64(t + gas + GAS_ADDRESS);
	return port < UINT16_MAX ? (u16)port : 0;
}

bool acpi_parse_fadt(const u8 *t, u32 len, struct acpi_fadt *out)
{
	if (len < FADT_SIZE_1)
		return false;
	*out = (struct acpi_fadt){.dsdt = read32(t + FADT_DSDT)};
	/* 5.2.9: the longer address is the one to use, if it is there. */
	if (len >= FADT_X_DSDT + 8 && read64(t + FADT_X_DSDT))
		out->dsdt = read64(t + FADT_X_DSDT);
	if (read32(t + FADT_SMI_CMD) <= UINT16_MAX) {
		out->smi_command = read16(t + FADT_SMI_CMD);
		out->acpi_enable = t[FADT_ACPI_ENABLE];
	}
	if (t[FADT_PM1_CNT_LEN] >= 2) {
		out->pm1a_control = control_port(t, len, FADT_PM1A_CNT, FADT_X_PM1A_CNT);
		out->pm1b_control = control_port(t, len, FADT_PM1B_CNT, FADT_X_PM1B_CNT);
	}
	if ((read32(t + FADT_FLAGS) & FADT_RESET_REG_SUP) && len > FADT_RESET_VALUE) {
		out->has_reset = true;
		out->reset_space = t[FADT_RESET_REG];
		out->reset_addr = read64(t + FADT_RESET_REG + GAS_ADDRESS);
		out->reset_value = t[FADT_RESET_VALUE];
	}
	return true;
}

/* --- the sleep type in the DSDT's byte code --- */

/* The bytes of AML not read yet. */
struct aml {
	const u8 *at, *end;
};

static bool aml_byte(struct aml *a, u8 *v)
{
	if (a->at == a->end)
		return false;
	*v = *a->at++;
	return true;
}

/* PkgLength (20.2.4), which counts itself: cuts *a off where the package ends. */
static bool aml_enter(struct aml *a)
{
	const u8 *begin = a->at;
	u32 len;
	u8 lead, next;

	if (!aml_byte(a, &lead))
		return false;
	len = lead >> 6 ? lead & 0x0f : lead & 0x3f;
	for (unsigned i = 0; i < lead >> 6; i++) {
		if (!aml_byte(a, &next))
			return false;
		len |= (u32)next << (4 + 8 * i);
	}
	if (len < (u32)(a->at - begin) || len > (u32)(a->end - begin))
		return false;
	a->end = begin + len;
	return true;
}

/* A constant (20.2.3) that can be a sleep type. */
static bool aml_sleep_type(struct aml *a, u8 *v)
{
	u8 op, high;
	unsigned more;

	if (!aml_byte(a, &op))
		return false;
	switch (op) {
	case AML_ZERO:
	case AML_ONE: *v = op; return true;
	case AML_BYTE: more = 0; break;
	case AML_WORD: more = 1; break;
	case AML_DWORD: more = 3; break;
	default: return false;
	}
	if (!aml_byte(a, v) || *v > SLP_TYP_MAX)
		return false;
	while (more-- > 0)
		if (!aml_byte(a, &high) || high != 0)
			return false;
	return true;
}

/* DefPackage (20.2.5.4). Elements that are left out at the end of a package are 0. */
static bool aml_s5_package(struct aml a, u8 *type_a, u8 *type_b)
{
	u8 op, count;

	if (!aml_byte(&a, &op) || op != AML_PACKAGE || !aml_enter(&a) || !aml_byte(&a, &count) ||
		count == 0 || !aml_sleep_type(&a, type_a))
		return false;
	*type_b = 0;
	return count == 1 || a.at == a.end || aml_sleep_type(&a, type_b);
}

bool acpi_find_s5(const u8 *t, u32 len, u8 *type_a, u8 *type_b)
{
	/* Name (20.2.5.1), then the name, which may say that it begins at the root. */
	for (u32 i = ACPI_HEADER_SIZE; len >= 6 && i < len - 5; i++) {
		u32 name = i + 1 + (t[i + 1] == AML_ROOT);

		if (t[i] != AML_NAME || name > len - 4 || memcmp(t + name, "_S5_", 4) != 0)
			continue;
		if (aml_s5_package((struct aml){t + name + 4, t + len}, type_a, type_b))
			return true;
	}
	return false;
}
