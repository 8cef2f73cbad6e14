/*
 * The device tree walker: see fdt.h. Names of tokens and fields are the specification's.
 */
#include "fdt.h"

#include "lib/string.h"

#define FDT_MAGIC 0xd00dfeedu
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE 2
#define FDT_PROP 3
#define FDT_NOP 4
#define FDT_END 9

/* Offsets in the header (5.2); all fields are 32-bit big-endian. */
#define H_MAGIC 0
#define H_TOTALSIZE 4
#define H_OFF_DT_STRUCT 8
#define H_OFF_DT_STRINGS 12
#define H_OFF_MEM_RSVMAP 16
#define H_VERSION 20
#define H_LAST_COMP_VERSION 24
#define H_SIZE_DT_STRINGS 32
#define H_SIZE_DT_STRUCT 36
#define HEADER_SIZE 40

#define SIZE_LIMIT (16u << 20) /* a tree that claims to be larger is none */

static const u8 *blob;
static u32 total, structs, structs_end, strings, strings_end, reservations;

static u32 read32(u32 off)
{
	const u8 *p = blob + off;

	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u64 read_cells(const u8 *p, u32 cells)
{
	u64 v = 0;

	for (u32 i = 0; i < cells * 4; i++)
		v = v << 8 | p[i];
	return v;
}

bool fdt_init(const void *at)
{
	blob = at;
	total = 0;
	if (read32(H_MAGIC) != FDT_MAGIC || read32(H_LAST_COMP_VERSION) > 17 ||
		read32(H_VERSION) < 17)
		return false;
	u64 size = read32(H_TOTALSIZE);

	structs = read32(H_OFF_DT_STRUCT);
	strings = read32(H_OFF_DT_STRINGS);
	reservations = read32(H_OFF_MEM_RSVMAP);
	if (size < HEADER_SIZE || size > SIZE_LIMIT || structs % 4 || reservations > size ||
		(u64)structs + read32(H_SIZE_DT_STRUCT) > size ||
		(u64)strings + read32(H_SIZE_DT_STRINGS) > size)
		return false;
	structs_end = structs + read32(H_SIZE_DT_STRUCT);
	strings_end = strings + read32(H_SIZE_DT_STRINGS);
	total = (u32)size;
	return true;
}

u32 fdt_size(void)
{
	return total;
}

bool fdt_reservation(unsigned i, u64 *addr, u64 *size)
{
	u64 off = (u64)reservations + 16ull * i;

	if (!total || off + 16 > total)
		return false;
	*addr = read_cells(blob + off, 2);
	*size = read_cells(blob + off + 8, 2);
	return *addr || *size;
}

/*
 * The token at *off, which moves behind it and what belongs to it. FDT_END if the tree is cut
 * off.
 */
static u32 next_token(u32 *off)
{
	u32 token, at = *off, len;

	if (at > structs_end || structs_end - at < 4)
		return FDT_END;
	token = read32(at);
	at += 4;
	if (token == FDT_BEGIN_NODE) {
		len = (u32)strnlen((const char *)blob + at, structs_end - at);
		if (len == structs_end - at)
			return FDT_END;
		at = ALIGN_UP(at + len + 1, 4);
	} else if (token == FDT_PROP) {
		if (structs_end - at < 8)
			return FDT_END;
		len = read32(at);
		if (len > structs_end - at - 8)
			return FDT_END;
		at = ALIGN_UP(at + 8 + len, 4);
	}
	*off = at;
	return token;
}

/* Look for a property among those that begin at offset `off`. */
static const void *find_prop(u32 off, const char *name, u32 *len)
{
	for (;;) {
		u32 at = off, token = next_token(&off), name_off;

		if (token == FDT_NOP)
			continue;
		if (token != FDT_PROP)
			return NULL;
		name_off = read32(at + 8);
		if (name_off >= strings_end - strings)
			continue;
		if (strncmp((const char *)blob + strings + name_off, name,
			    strings_end - strings - name_off) == 0) {
			*len = read32(at + 4);
			return blob + at + 12;
		}
	}
}

static u32 cells_or(u32 props, const char *name, u32 otherwise)
{
	u32 len;
	const u8 *p = find_prop(props, name, &len);

	return p && len == 4 ? (u32)read_cells(p, 1) : otherwise;
}

void fdt_start(struct fdt_walk *w)
{
	w->next = total ? structs : 0;
	w->depth = -1;
}

bool fdt_next(struct fdt_walk *w)
{
	struct fdt_level *l;

	if (!total)
		return false;
	for (;;) {
		u32 at = w->next, token = next_token(&w->next);

		if (token == FDT_END)
			return false;
		if (token == FDT_END_NODE) {
			if (--w->depth < -1)
				return false;
		} else if (token == FDT_BEGIN_NODE) {
			if (++w->depth == FDT_MAX_DEPTH)
				return false;
			l = &w->level[w->depth];
			l->name = (const char *)blob + at + 4;
			l->props = w->next;
			/* 2.3.5: what a node that says nothing means */
			l->address_cells = cells_or(l->props, "#address-cells", 2);
			l->size_cells = cells_or(l->props, "#size-cells", 1);
			return true;
		}
	}
}

bool fdt_name_is(const struct fdt_walk *w, const char *name)
{
	const char *own = w->level[w->depth].name;
	size_t n = strlen(name);

	return strncmp(own, name, n) == 0 && (own[n] == '\0' || own[n] == '@');
}

const void *fdt_prop(const struct fdt_walk *w, const char *name, u32 *len)
{
	return find_prop(w->level[w->depth].props, name, len);
}

const char *fdt_string(const struct fdt_walk *w, const char *name)
{
	u32 len;
	const char *s = fdt_prop(w, name, &len);

	return s && len > 0 && strnlen(s, len) < len ? s : NULL;
}

bool fdt_cell(const struct fdt_walk *w, const char *name, unsigned i, u32 *value)
{
	u32 len;
	const u8 *p = fdt_prop(w, name, &len);

	if (!p || len / 4 <= i)
		return false;
	*value = (u32)read_cells(p + 4 * i, 1);
	return true;
}

bool fdt_compatible(const struct fdt_walk *w, const char *model)
{
	u32 len;
	const char *s = fdt_prop(w, "compatible", &len);

	while (s && len > 0) {
		u32 n = (u32)strnlen(s, len);

		if (n == len)
			return false;
		if (strcmp(s, model) == 0)
			return true;
		s += n + 1;
		len -= n + 1;
	}
	return false;
}

bool fdt_usable(const struct fdt_walk *w)
{
	const char *s = fdt_string(w, "status");

	return !s || strcmp(s, "okay") == 0 || strcmp(s, "ok") == 0;
}

/* Translate an address on the bus of level[bus] to one on the bus above it (2.3.8, "ranges"). */
static bool translate(const struct fdt_walk *w, int bus, u64 *addr)
{
	const struct fdt_level *b = &w->level[bus], *up = &w->level[bus - 1];
	u32 len, entry = (b->address_cells + up->address_cells + b->size_cells) * 4;
	const u8 *p = find_prop(b->props, "ranges", &len);

	if (!p || b->address_cells > 3 || up->address_cells > 3 || b->size_cells > 2)
		return false;
	if (len == 0)
		return true;
	for (; entry && len >= entry; p += entry, len -= entry) {
		u64 child = read_cells(p, b->address_cells);
		u64 parent = read_cells(p + 4 * b->address_cells, up->address_cells);
		u64 size = read_cells(p + entry - 4 * b->size_cells, b->size_cells);

		if (*addr >= child && *addr - child < size) {
			*addr = parent + (*addr - child);
			return true;
		}
	}
	return false;
}

bool fdt_reg_on_bus(const struct fdt_walk *w, unsigned i, u64 *addr, u64 *size)
{
	u32 len, entry;
	const u8 *p = fdt_prop(w, "reg", &len);
	const struct fdt_level *bus;

	if (!p || w->depth < 1)
		return false;
	bus = &w->level[w->depth - 1];
	entry = (bus->address_cells + bus->size_cells) * 4;
	if (bus->address_cells > 2 || bus->size_cells > 2 || entry == 0 || len / entry <= i)
		return false;
	p += entry * i;
	*addr = read_cells(p, bus->address_cells);
	*size = read_cells(p + 4 * bus->address_cells, bus->size_cells);
	return true;
}

bool fdt_reg(const struct fdt_walk *w, unsigned i, u64 *addr, u64 *size)
{
	if (!fdt_reg_on_bus(w, i, addr, size))
		return false;
	for (int d = w->depth - 1; d >= 1; d--)
		if (!translate(w, d, addr))
			return false;
	return true;
}

/* Does the path from the root to the current node read like this? A colon ends the path (3.6). */
static bool path_is(const struct fdt_walk *w, const char *path)
{
	for (int d = 1; d <= w->depth; d++) {
		const char *name = w->level[d].name;
		size_t n = strlen(name);

		if (*path != '/' || strncmp(path + 1, name, n) != 0)
			return false;
		path += 1 + n;
	}
	return *path == '\0' || *path == ':';
}

bool fdt_find_path(struct fdt_walk *w, const char *path)
{
	FDT_EACH (w)
		if (w->depth > 0 && path_is(w, path))
			return true;
	return false;
}

bool fdt_find_phandle(struct fdt_walk *w, u32 phandle)
{
	u32 v;

	FDT_EACH (w)
		if (fdt_cell(w, "phandle", 0, &v) && v == phandle)
			return true;
	return false;
}
