/*
 * The device tree walker on damaged trees: whatever the blob says, nothing outside it is read and
 * every walk ends. The input is a blob; its total size is set to what it really is, since the
 * firmware's word for that is all the kernel has.
 */
#include <stdlib.h>
#include <string.h>

#include "../../kernel/arch/riscv64/fdt.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum; /* of what was read, so that it is */

static void look_at(const struct fdt_walk *w)
{
	u64 addr, length;
	u32 cell, len;
	const u8 *p = fdt_prop(w, "interrupts", &len);
	const char *s = fdt_string(w, "bootargs");

	for (u32 i = 0; p && i < len; i++)
		sum += p[i];
	if (s)
		sum += strlen(s);
	fdt_name_is(w, "cpu");
	fdt_usable(w);
	fdt_compatible(w, "ns16550a");
	for (unsigned i = 0; i < 3; i++) {
		fdt_reg(w, i, &addr, &length);
		fdt_cell(w, "interrupts-extended", i, &cell);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fdt_walk w;
	u64 addr, length;
	u8 *copy;

	if (size < HEADER_SIZE || size > 1 << 16)
		return 0;
	copy = malloc(size);
	memcpy(copy, data, size);
	/* What a mutation would have to guess: the magic number, the versions, the size. */
	memcpy(copy + H_MAGIC, (u8[]){ 0xd0, 0x0d, 0xfe, 0xed }, 4);
	memcpy(copy + H_VERSION, (u8[]){ 0, 0, 0, 17, 0, 0, 0, 16 }, 8);
	memcpy(copy + H_TOTALSIZE, (u8[]){ 0, 0, (u8)(size >> 8), (u8)size }, 4);
	if (fdt_init(copy)) {
		FDT_EACH (&w)
			look_at(&w);
		fdt_find_path(&w, "/soc/serial@10000000");
		fdt_find_phandle(&w, 5);
		for (unsigned i = 0; i < 100 && fdt_reservation(i, &addr, &length); i++)
			;
	}
	free(copy);
	return 0;
}
