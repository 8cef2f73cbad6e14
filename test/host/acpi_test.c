/*
 * What the kernel reads in ACPI tables, and what it refuses to read there.
 */
#include "unit.h"

#include "../../kernel/arch/i386/acpi_tables.c"

#define BOOT_CPU 0

/* A table is written byte by byte; finish() fills in its length and checksum. */
static u8 table[4096];
static u32 at;

static void put8(u8 v)
{
	table[at++] = v;
}

static void put16(u16 v)
{
	put8((u8)v);
	put8((u8)(v >> 8));
}

static void put32(u32 v)
{
	put16((u16)v);
	put16((u16)(v >> 16));
}

static void set32(u32 off, u32 v)
{
	for (unsigned i = 0; i < 4; i++)
		table[off + i] = (u8)(v >> 8 * i);
}

static void begin(const char *signature, u32 size)
{
	memset(table, 0, sizeof(table));
	memcpy(table, signature, 4);
	at = size;
}

static void finish(void)
{
	set32(HEADER_LENGTH, at);
	table[9] = 0;
	for (u32 i = 0; i < at; i++)
		if (i != 9)
			table[9] = (u8)(table[9] - table[i]);
}

/* --- RSDP, headers, root --- */

static void sum_at(u32 off, u32 len)
{
	table[off] = 0;
	for (u32 i = 0; i < len; i++)
		if (i != off)
			table[off] = (u8)(table[off] - table[i]);
}

static void test_rsdp(void **state UNUSED)
{
	struct acpi_root root;

	memset(table, 0, sizeof(table));
	memcpy(table, "RSD PTR ", 8);
	set32(RSDP_RSDT, 0x12345678);
	sum_at(8, 20);
	assert_true(acpi_parse_rsdp(table, 20, &root));
	assert_true(root.rsdt == 0x12345678 && root.xsdt == 0);
	assert_false(acpi_parse_rsdp(table, 19, &root));

	table[RSDP_REVISION] = 2;
	set32(RSDP_LENGTH, 36);
	set32(RSDP_XSDT, 0x9abcdef0);
	sum_at(8, 20);
	sum_at(32, 36);
	assert_true(acpi_parse_rsdp(table, 36, &root));
	assert_true(root.rsdt == 0x12345678 && root.xsdt == 0x9abcdef0);
	/* Of a damaged extension the old part is used; so it is of one that is cut off. */
	table[33]++;
	assert_true(acpi_parse_rsdp(table, 36, &root));
	assert_true(root.rsdt == 0x12345678 && root.xsdt == 0);
	assert_true(acpi_parse_rsdp(table, 35, &root));
	assert_true(root.xsdt == 0);

	table[3]++;
	assert_false(acpi_parse_rsdp(table, 36, &root));
}

static void test_header(void **state UNUSED)
{
	begin("XSDT", 100);
	finish();
	assert_int_equal(acpi_table_length(table, "XSDT"), 100);
	assert_int_equal(acpi_table_length(table, "RSDT"), 0);
	assert_true(acpi_checksum_ok(table, 100));
	table[50]++;
	assert_false(acpi_checksum_ok(table, 100));
	set32(HEADER_LENGTH, 35);
	assert_int_equal(acpi_table_length(table, "XSDT"), 0);
	set32(HEADER_LENGTH, 0xffffffff);
	assert_int_equal(acpi_table_length(table, "XSDT"), 0);
}

static void test_root_entries(void **state UNUSED)
{
	u64 addr;

	begin("XSDT", ACPI_HEADER_SIZE);
	put32(0x1000), put32(1);
	put32(0x2000), put32(0);
	assert_true(acpi_root_entry(table, at, 8, 0, &addr) && addr == 0x100001000ull);
	assert_true(acpi_root_entry(table, at, 8, 1, &addr) && addr == 0x2000);
	assert_false(acpi_root_entry(table, at, 8, 2, &addr));
	assert_true(acpi_root_entry(table, at, 4, 2, &addr) && addr == 0x2000);
	assert_false(acpi_root_entry(table, at - 1, 8, 1, &addr));
	assert_false(acpi_root_entry(table, 0, 8, 0, &addr));
}

/* --- MADT --- */

static void madt_cpu(u8 id, u32 flags)
{
	put8(ENTRY_LAPIC), put8(8), put8(0), put8(id), put32(flags);
}

static void madt_override(u8 bus, u8 irq, u32 gsi, u16 flags)
{
	put8(ENTRY_OVERRIDE), put8(10), put8(bus), put8(irq), put32(gsi), put16(flags);
}

static int begin_madt(void **state UNUSED)
{
	begin("APIC", MADT_ENTRIES);
	set32(MADT_LAPIC, 0xfee00000);
	madt_cpu(BOOT_CPU, 1);
	return 0;
}

static void expect_damaged(const char *why)
{
	struct acpi a = { .ncpus = 77 };
	const char *wrong = acpi_parse_madt(table, at, BOOT_CPU, &a);

	assert_non_null(wrong);
	assert_string_equal(wrong, why);
	assert_true(a.ncpus == 77 && !a.found);
}

static struct acpi expect_madt(void)
{
	struct acpi a;

	assert_null(acpi_parse_madt(table, at, BOOT_CPU, &a));
	assert_true(a.found);
	return a;
}

static void test_madt(void **state UNUSED)
{
	struct acpi a;

	madt_cpu(1, 0);	 /* not there */
	madt_cpu(2, 2);	 /* could be plugged in */
	madt_cpu(4, 1);
	madt_cpu(4, 1);
	madt_cpu(0xff, 1);
	put8(ENTRY_IOAPIC), put8(12), put8(9), put8(0), put32(0xfec00000), put32(24);
	madt_override(0, 0, 2, 0);
	madt_override(0, 9, 9, 0xd);
	madt_override(0, 10, 10, 0xf);
	put8(9), put8(16), at += 14; /* a local x2APIC */
	a = expect_madt();
	assert_int_equal(a.lapic, 0xfee00000);
	assert_int_equal(a.ncpus, 2);
	assert_true(a.cpu[0] == BOOT_CPU && a.cpu[1] == 4);
	assert_int_equal(a.nioapics, 1);
	assert_true(a.ioapic[0].id == 9 && a.ioapic[0].addr == 0xfec00000 &&
		a.ioapic[0].gsi_base == 24);
	assert_int_equal(a.noverrides, 3);
	assert_true(a.override[0].irq == 0 && a.override[0].gsi == 2);
	assert_true(!a.override[0].level && !a.override[0].low);
	assert_true(a.override[1].level && !a.override[1].low);
	assert_true(a.override[2].level && a.override[2].low);
}

static void test_madt_address_override(void **state UNUSED)
{
	put8(ENTRY_LAPIC_ADDRESS), put8(12), put16(0), put32(0xfed00000), put32(0);
	assert_int_equal(expect_madt().lapic, 0xfed00000);
	set32(at - 4, 1);
	expect_damaged("local APICs above 4 GiB");
}

static void test_madt_many_cpus(void **state UNUSED)
{
	struct acpi a;

	begin("APIC", MADT_ENTRIES);
	set32(MADT_LAPIC, 0xfee00000);
	for (u8 i = 1; i <= ACPI_MAX_CPUS + 3; i++)
		madt_cpu(i, 1);
	expect_damaged("the CPU that runs is not in it");
	madt_cpu(BOOT_CPU, 1);
	a = expect_madt();
	assert_int_equal(a.ncpus, ACPI_MAX_CPUS);
	assert_int_equal(a.ncpus_left_out, 4);
	assert_int_equal(a.cpu[ACPI_MAX_CPUS - 1], BOOT_CPU);
}

static void test_madt_many_ioapics(void **state UNUSED)
{
	struct acpi a;

	for (u32 i = 0; i < ACPI_MAX_IOAPICS + 2; i++)
		put8(ENTRY_IOAPIC), put8(12), put16(0), put32(0xfec00000 + i * 4096),
			put32(24 * i);
	a = expect_madt();
	assert_true(a.nioapics == ACPI_MAX_IOAPICS && a.nioapics_left_out == 2);
}

static void test_madt_damaged(void **state UNUSED)
{
	u32 good = at;

	put8(77), put8(0);
	expect_damaged("an entry of impossible length");
	table[at - 1] = 1;
	expect_damaged("an entry of impossible length");
	table[at - 1] = 3;
	expect_damaged("an entry of impossible length");
	at = good + 1;
	expect_damaged("an entry of impossible length");
	at = good;
	put8(ENTRY_IOAPIC), put8(8), at += 6;
	expect_damaged("an entry that is too short");
	at = good;
	madt_override(1, 0, 2, 0);
	expect_damaged("an override of an interrupt that ISA does not have");
	at = good;
	madt_override(0, 16, 2, 0);
	expect_damaged("an override of an interrupt that ISA does not have");
	at = good;
	madt_override(0, 3, 2, 2);
	expect_damaged("an override with reserved flags");
	at = good;
	madt_override(0, 3, 2, 8);
	expect_damaged("an override with reserved flags");
	at = good;
	madt_override(0, 3, 2, 0);
	madt_override(0, 3, 4, 0);
	expect_damaged("two overrides of one interrupt");
	at = MADT_ENTRIES - 1;
	expect_damaged("too short");
	at = good;
	set32(MADT_LAPIC, 0);
	expect_damaged("no address for the local APICs");
}

/* --- FADT --- */

static void test_fadt_old(void **state UNUSED)
{
	struct acpi_fadt f;

	begin("FACP", FADT_SIZE_1);
	set32(FADT_DSDT, 0x7fe0000);
	set32(FADT_SMI_CMD, 0xb2);
	table[FADT_ACPI_ENABLE] = 0xf1;
	set32(FADT_PM1A_CNT, 0x604);
	table[FADT_PM1_CNT_LEN] = 2;
	set32(FADT_FLAGS, FADT_RESET_REG_SUP); /* of which there is no room to tell */
	assert_true(acpi_parse_fadt(table, at, &f));
	assert_true(f.dsdt == 0x7fe0000 && f.smi_command == 0xb2 && f.acpi_enable == 0xf1);
	assert_true(f.pm1a_control == 0x604 && f.pm1b_control == 0 && !f.has_reset);

	set32(FADT_PM1A_CNT, 0x10604);
	assert_true(acpi_parse_fadt(table, at, &f));
	assert_int_equal(f.pm1a_control, 0);
	assert_false(acpi_parse_fadt(table, at - 1, &f));
}

static void test_fadt_new(void **state UNUSED)
{
	struct acpi_fadt f;

	begin("FACP", 276);
	set32(FADT_DSDT, 0x1000);
	set32(FADT_X_DSDT, 0x2000);
	table[FADT_PM1_CNT_LEN] = 2;
	table[FADT_X_PM1A_CNT] = ACPI_SPACE_IO;
	set32(FADT_X_PM1A_CNT + GAS_ADDRESS, 0x804);
	table[FADT_X_PM1B_CNT] = ACPI_SPACE_MEMORY;
	set32(FADT_X_PM1B_CNT + GAS_ADDRESS, 0x904);
	set32(FADT_FLAGS, FADT_RESET_REG_SUP);
	table[FADT_RESET_REG] = ACPI_SPACE_IO;
	set32(FADT_RESET_REG + GAS_ADDRESS, 0xcf9);
	table[FADT_RESET_VALUE] = 6;
	assert_true(acpi_parse_fadt(table, at, &f));
	assert_true(f.dsdt == 0x2000 && f.pm1a_control == 0x804 && f.pm1b_control == 0);
	assert_true(f.has_reset && f.reset_space == ACPI_SPACE_IO && f.reset_addr == 0xcf9 &&
		f.reset_value == 6);
}

/* --- the sleep type --- */

static bool find_s5(const void *code, u32 n, u8 *a, u8 *b)
{
	u8 *exact = malloc(ACPI_HEADER_SIZE + n); /* an access behind it is an error to ASan */
	bool found;

	memset(exact, 0, ACPI_HEADER_SIZE);
	memcpy(exact + ACPI_HEADER_SIZE, code, n);
	*a = *b = 99;
	found = acpi_find_s5(exact, ACPI_HEADER_SIZE + n, a, b);
	free(exact);
	return found;
}
#define FIND_S5(...) find_s5((u8[]){ __VA_ARGS__ }, sizeof((u8[]){ __VA_ARGS__ }), &a, &b)
#define S5 '_', 'S', '5', '_'

static void test_s5(void **state UNUSED)
{
	u8 a, b;

	assert_true(FIND_S5(0x08, S5, 0x12, 6, 4, 0x0a, 5, 0x0a, 6, 0, 0));
	assert_true(a == 5 && b == 6);
	assert_true(FIND_S5(0xaa, 0x08, '\\', S5, 0x12, 0x06, 4, 0, 1, 0, 0));
	assert_true(a == 0 && b == 1);
	/* Constants of all widths, and a length of two bytes. */
	assert_true(FIND_S5(0x08, S5, 0x12, 0x4b, 0, 2, 0x0b, 7, 0, 0x0c, 3, 0, 0, 0));
	assert_true(a == 7 && b == 3);
	/* Elements that are left out. */
	assert_true(FIND_S5(0x08, S5, 0x12, 3, 1, 1));
	assert_true(a == 1 && b == 0);
	assert_true(FIND_S5(0x08, S5, 0x12, 3, 4, 1));
	assert_true(a == 1 && b == 0);
	/* The first is not what it looks like. */
	assert_true(FIND_S5(0x08, S5, 0x0a, 1, 0x08, S5, 0x12, 4, 2, 1, 1));
	assert_true(a == 1 && b == 1);
}

static void test_s5_refused(void **state UNUSED)
{
	u8 a, b;

	assert_false(FIND_S5(S5, 0x12, 4, 2, 1, 1));	   /* not a Name */
	assert_false(FIND_S5(0x08, S5));
	assert_false(FIND_S5(0x08, S5, 0x12));
	assert_false(FIND_S5(0x08, S5, 0x12, 4));
	assert_false(FIND_S5(0x08, S5, 0x12, 9, 2, 1, 1)); /* longer than the table */
	assert_false(FIND_S5(0x08, S5, 0x12, 0, 2, 1, 1));
	assert_false(FIND_S5(0x08, S5, 0x12, 0xc1, 0));
	assert_false(FIND_S5(0x08, S5, 0x12, 3, 0, 1));	   /* no elements */
	assert_false(FIND_S5(0x08, S5, 0x12, 2, 4, 1, 1)); /* none inside the package */
	assert_false(FIND_S5(0x08, S5, 0x12, 5, 2, 0x0a, 8, 1)); /* not three bits */
	assert_false(FIND_S5(0x08, S5, 0x12, 6, 2, 0x0b, 1, 1, 1));
	assert_false(FIND_S5(0x08, S5, 0x12, 4, 2, 'A', 1)); /* not a constant */
	assert_false(FIND_S5(0x08, S5, 0x12, 4, 2, 1, 0x0a)); /* cut off by the package's end */
	assert_false(FIND_S5(0x08));
	assert_false(find_s5("", 0, &a, &b));
	assert_false(acpi_find_s5(table, 5, &a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rsdp),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_root_entries),
		cmocka_unit_test_setup(test_madt, begin_madt),
		cmocka_unit_test_setup(test_madt_address_override, begin_madt),
		cmocka_unit_test(test_madt_many_cpus),
		cmocka_unit_test_setup(test_madt_many_ioapics, begin_madt),
		cmocka_unit_test_setup(test_madt_damaged, begin_madt),
		cmocka_unit_test(test_fadt_old),
		cmocka_unit_test(test_fadt_new),
		cmocka_unit_test(test_s5),
		cmocka_unit_test(test_s5_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
