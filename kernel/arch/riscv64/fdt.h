/*
 * The device tree: a read-only walk over the flattened form (Devicetree Specification 0.4, chapter
 * 5). Every offset in the blob is checked before use: a damaged tree has fewer nodes, no more.
 */
#pragma once

#include "lib/types.h"

#define FDT_MAX_DEPTH 16

struct fdt_level {
	const char *name; /* "serial@10000000" */
	u32 props;	  /* offset of the node's first property */
	u32 address_cells, size_cells; /* for the node's children */
};

/* A place in the tree: all nodes are visited in order, each after its parent. */
struct fdt_walk {
	u32 next;
	int depth; /* of the current node; the root is 0 */
	struct fdt_level level[FDT_MAX_DEPTH];
};

/* Use the tree at blob. False if it is none. */
bool fdt_init(const void *blob);
u32 fdt_size(void); /* bytes of the blob; 0 without a tree */
/* The i-th entry of the memory reservation block; false behind the last. */
bool fdt_reservation(unsigned i, u64 *addr, u64 *size);

void fdt_start(struct fdt_walk *w);
/* Go to the next node; false behind the last one. */
bool fdt_next(struct fdt_walk *w);
#define FDT_EACH(w) for (fdt_start(w); fdt_next(w);)

/* About the current node. Is its name (without what follows the @) this? */
bool fdt_name_is(const struct fdt_walk *w, const char *name);
/* The value of a property and its length; NULL if it has none of that name. */
const void *fdt_prop(const struct fdt_walk *w, const char *name, u32 *len);
/* A property that is one string, NUL-terminated; NULL if there is none. */
const char *fdt_string(const struct fdt_walk *w, const char *name);
/* The i-th 32-bit cell of a property; false if there is none. */
bool fdt_cell(const struct fdt_walk *w, const char *name, unsigned i, u32 *value);
bool fdt_compatible(const struct fdt_walk *w, const char *model);
bool fdt_usable(const struct fdt_walk *w); /* status is missing or "okay" */
/* The i-th entry of "reg" as it stands: a number on the bus that the node hangs off. */
bool fdt_reg_on_bus(const struct fdt_walk *w, unsigned i, u64 *addr, u64 *size);
/* The same, translated to a CPU address through the buses above. */
bool fdt_reg(const struct fdt_walk *w, unsigned i, u64 *addr, u64 *size);
/*
 * Go to the first node that has this path ("/soc/serial@10000000"), or phandle. False if none
 * has.
 */
bool fdt_find_path(struct fdt_walk *w, const char *path);
bool fdt_find_phandle(struct fdt_walk *w, u32 phandle);
