/*
 * The ACPI tables, damaged in any way: nothing outside a table is read, and what is accepted keeps
 * within the limits that the rest of the kernel counts on. The first byte of the input says which
 * table the others are.
 */
#include "fuzz.h"

#include "../../kernel/arch/i386/acpi_tables.c"

static void check_madt(const u8 *t, u32 len)
{
	struct acpi a;
	bool boot_cpu = false;

	if (acpi_parse_madt(t, len, 0, &a))
		return;
	CHECK(a.found && a.lapic != 0 && a.ncpus >= 1 && a.ncpus <= ACPI_MAX_CPUS);
	CHECK(a.nioapics <= ACPI_MAX_IOAPICS && a.noverrides <= ACPI_MAX_OVERRIDES);
	for (unsigned i = 0; i < a.ncpus; i++)
		boot_cpu |= a.cpu[i] == 0;
	CHECK(boot_cpu);
	for (unsigned i = 0; i < a.noverrides; i++)
		CHECK(a.override[i].irq < ACPI_ISA_IRQS);
}

static void check_s5(const u8 *t, u32 len)
{
	u8 a, b;

	if (acpi_find_s5(t, len, &a, &b))
		CHECK(a <= SLP_TYP_MAX && b <= SLP_TYP_MAX);
}

static void check_root(const u8 *t, u32 len)
{
	struct acpi_root root;
	u64 addr;

	if (acpi_parse_rsdp(t, len, &root))
		CHECK(root.rsdt || root.xsdt);
	for (unsigned size = 4; size <= 8; size += 4)
		for (unsigned i = 0; acpi_root_entry(t, len, size, i, &addr); i++)
			CHECK(ACPI_HEADER_SIZE + (i + 1) * size <= len);
	if (len >= ACPI_HEADER_SIZE && acpi_table_length(t, "APIC"))
		CHECK(acpi_table_length(t, "APIC") >= ACPI_HEADER_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acpi_fadt fadt;
	u8 *copy;
	u32 len;

	if (size < 2 || size > 1 << 16)
		return 0;
	len = (u32)size - 1;
	copy = malloc(len);
	memcpy(copy, data + 1, len);
	switch (data[0] % 4) {
	case 0:
		check_madt(copy, len);
		break;
	case 1:
		check_s5(copy, len);
		break;
	case 2:
		check_root(copy, len);
		break;
	default:
		if (acpi_parse_fadt(copy, len, &fadt))
			CHECK(fadt.pm1a_control < UINT16_MAX && fadt.pm1b_control < UINT16_MAX);
	}
	free(copy);
	return 0;
}
