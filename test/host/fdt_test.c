/*
 * The device tree walker: cells, bus translation, paths, and trees that are cut off.
 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "../../kernel/arch/riscv64/fdt.c"

/* A tree is written token by token; names of properties are collected at the end. */
static u8 tree[4096], names[512];
static u32 at, names_end;

static void put32(u32 v)
{
	tree[at++] = (u8)(v >> 24);
	tree[at++] = (u8)(v >> 16);
	tree[at++] = (u8)(v >> 8);
	tree[at++] = (u8)v;
}

static void begin(const char *name)
{
	put32(FDT_BEGIN_NODE);
	strcpy((char *)tree + at, name);
	at = ALIGN_UP(at + (u32)strlen(name) + 1, 4);
}

static void end(void)
{
	put32(FDT_END_NODE);
}

static void prop(const char *name, const void *value, u32 len)
{
	put32(FDT_PROP);
	put32(len);
	put32(names_end);
	strcpy((char *)names + names_end, name);
	names_end += (u32)strlen(name) + 1;
	memcpy(tree + at, value, len);
	at = ALIGN_UP(at + len, 4);
}

static void prop_string(const char *name, const char *value)
{
	prop(name, value, (u32)strlen(value) + 1);
}

static void prop_cells(const char *name, unsigned n, const u32 *cells)
{
	u8 bytes[64];

	for (unsigned i = 0; i < 4 * n; i++)
		bytes[i] = (u8)(cells[i / 4] >> (24 - i % 4 * 8));
	prop(name, bytes, 4 * n);
}
#define CELLS(name, ...) \
	prop_cells(name, sizeof((u32[]){ __VA_ARGS__ }) / 4, (u32[]){ __VA_ARGS__ })

static void set32(u32 off, u32 v)
{
	u32 saved = at;

	at = off;
	put32(v);
	at = saved;
}

static void finish(void)
{
	u32 struct_end;

	put32(FDT_END);
	struct_end = at;
	memcpy(tree + at, names, names_end);
	set32(H_MAGIC, FDT_MAGIC);
	set32(H_TOTALSIZE, at + names_end);
	set32(H_OFF_DT_STRUCT, 72);
	set32(H_OFF_DT_STRINGS, struct_end);
	set32(H_OFF_MEM_RSVMAP, 40);
	set32(H_VERSION, 17);
	set32(H_LAST_COMP_VERSION, 16);
	set32(H_SIZE_DT_STRINGS, names_end);
	set32(H_SIZE_DT_STRUCT, struct_end - 72);
}

/* One reservation, CPUs, and a bus that shifts addresses by 0x10000000. */
static int make_tree(void **state UNUSED)
{
	memset(tree, 0, sizeof(tree));
	names_end = 0;
	at = 40;
	put32(0), put32(0x80000000), put32(0), put32(0x40000);
	put32(0), put32(0), put32(0), put32(0);

	begin("");
	CELLS("#address-cells", 2);
	CELLS("#size-cells", 2);
	begin("chosen");
	prop_string("bootargs", "init=/bin/sh quiet");
	end();
	begin("cpus");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 0);
	begin("cpu@3");
	CELLS("reg", 3);
	end();
	end();
	begin("memory@80000000");
	prop_string("device_type", "memory");
	CELLS("reg", 0, 0x80000000, 0, 0x10000000, 1, 0, 0, 0x1000);
	end();
	begin("soc");
	CELLS("#address-cells", 1);
	CELLS("#size-cells", 1);
	CELLS("ranges", 0, 0, 0x10000000, 0x100000);
	begin("serial@2000");
	prop("compatible", "vendor,uart\0ns16550a", 21);
	prop_string("status", "disabled");
	CELLS("reg", 0x2000, 0x100);
	CELLS("interrupts", 10);
	CELLS("phandle", 7);
	end();
	begin("serial@200000");
	CELLS("reg", 0x200000, 0x100);
	end();
	end();
	end();
	finish();
	return 0;
}

static void use(void)
{
	assert_true(fdt_init(tree));
}

static void test_nodes_in_order(void **state UNUSED)
{
	static const char *const expected[] = { "", "chosen", "cpus", "cpu@3", "memory@80000000", "soc",
		"serial@2000", "serial@200000" };
	static const int depths[] = { 0, 1, 1, 2, 1, 1, 2, 2 };
	struct fdt_walk w;
	unsigned n = 0;

	use();
	FDT_EACH (&w) {
		assert_true(n < ARRAY_SIZE(expected));
		assert_string_equal(w.level[w.depth].name, expected[n]);
		assert_int_equal(w.depth, depths[n]);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(expected));
}

static void test_properties(void **state UNUSED)
{
	struct fdt_walk w;
	u64 addr, size;
	u32 v;

	use();
	assert_true(fdt_find_path(&w, "/chosen"));
	assert_string_equal(fdt_string(&w, "bootargs"), "init=/bin/sh quiet");
	assert_null(fdt_string(&w, "bootarg"));

	assert_true(fdt_find_path(&w, "/cpus/cpu@3"));
	assert_true(fdt_name_is(&w, "cpu"));
	assert_false(fdt_name_is(&w, "cp"));
	assert_true(fdt_reg_on_bus(&w, 0, &addr, &size));
	assert_int_equal(addr, 3);
	assert_int_equal(size, 0);
	assert_false(fdt_reg(&w, 0, &addr, &size)); /* no ranges: not an address */

	assert_true(fdt_find_path(&w, "/memory@80000000"));
	assert_true(fdt_reg(&w, 1, &addr, &size));
	assert_true(addr == 0x100000000ull && size == 0x1000);
	assert_false(fdt_reg(&w, 2, &addr, &size));

	assert_true(fdt_find_path(&w, "/soc/serial@2000:115200n8"));
	assert_true(fdt_compatible(&w, "ns16550a"));
	assert_true(fdt_compatible(&w, "vendor,uart"));
	assert_false(fdt_compatible(&w, "ns16550"));
	assert_false(fdt_usable(&w));
	assert_true(fdt_cell(&w, "interrupts", 0, &v));
	assert_int_equal(v, 10);
	assert_false(fdt_cell(&w, "interrupts", 1, &v));
	assert_true(fdt_find_phandle(&w, 7));
	assert_string_equal(w.level[w.depth].name, "serial@2000");
	assert_false(fdt_find_phandle(&w, 8));
	assert_false(fdt_find_path(&w, "/soc/serial"));
	assert_false(fdt_find_path(&w, "/serial@2000"));
}

static void test_bus_translation(void **state UNUSED)
{
	struct fdt_walk w;
	u64 addr, size;

	use();
	assert_true(fdt_find_path(&w, "/soc/serial@2000"));
	assert_true(fdt_reg(&w, 0, &addr, &size));
	assert_true(addr == 0x10002000 && size == 0x100);
	assert_true(fdt_find_path(&w, "/soc/serial@200000"));
	assert_false(fdt_reg(&w, 0, &addr, &size)); /* outside the bus's window */
}

static void test_reservations(void **state UNUSED)
{
	u64 addr, size;

	use();
	assert_true(fdt_reservation(0, &addr, &size));
	assert_true(addr == 0x80000000 && size == 0x40000);
	assert_false(fdt_reservation(1, &addr, &size));
}

static void test_no_tree(void **state UNUSED)
{
	struct fdt_walk w;
	u64 addr, size;

	tree[0] = 0;
	assert_false(fdt_init(tree));
	fdt_start(&w);
	assert_false(fdt_next(&w));
	assert_false(fdt_reservation(0, &addr, &size));
	assert_int_equal(fdt_size(), 0);
}

/* A tree that ends after any token has the nodes before it, and the walk ends. */
static void test_cut_off(void **state UNUSED)
{
	u32 whole = ((u32)tree[H_SIZE_DT_STRUCT + 2] << 8) | tree[H_SIZE_DT_STRUCT + 3], last = 0;
	struct fdt_walk w;

	for (u32 size = 0; size <= whole; size += 4) {
		u32 n = 0;

		set32(H_SIZE_DT_STRUCT, size);
		use();
		FDT_EACH (&w)
			n++;
		assert_true(n >= last && n <= 8);
		last = n;
	}
	assert_int_equal(last, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nodes_in_order, make_tree),
		cmocka_unit_test_setup(test_properties, make_tree),
		cmocka_unit_test_setup(test_bus_translation, make_tree),
		cmocka_unit_test_setup(test_reservations, make_tree),
		cmocka_unit_test_setup(test_no_tree, make_tree),
		cmocka_unit_test_setup(test_cut_off, make_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
