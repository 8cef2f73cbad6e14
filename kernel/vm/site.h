/*
 * Places in the source from which memory is allocated and freed, and what each place has.
 *
 * kmalloc, page_alloc and their kin are macros: each use of one makes a static record of its file
 * and line and passes its address on, which costs two instructions. The records of places that
 * allocate stand beside each other in a section of their own, so that they can be listed, those
 * that were never reached too. Their figures are kept in checked kernels only (CHECKED,
 * vm/inject.h).
 */
#pragma once

#include "lib/types.h"

struct code_site {
	const char *file;
	int line;
};

enum site_kind { SITE_KMALLOC, SITE_CACHE, SITE_PAGE };

/* The figures: (a). Bytes are those of the blocks as the caches count them, not as requested. */
struct alloc_site {
	struct code_site at; /* (c) */
	u32 kind;            /* (c) enum site_kind */
	u32 forced;          /* calls that failed on purpose (vm/inject.h), among the failed ones */
	ulong live, bytes;   /* blocks not given back; 0 of a SITE_PAGE */
	ulong calls, failed; /* all calls; those answered NULL */
	ulong mark;          /* live when sites_mark was called last */
} ALIGNED(64);

/* The place where this stands, as one that frees or that allocates. */
#define FREE_SITE                                                                            \
	({                                                                                   \
		static const struct code_site site_here_ = { __FILE__, __LINE__ };           \
		&site_here_;                                                                 \
	})
#define ALLOC_SITE(kind)                                                                     \
	({                                                                                   \
		static struct alloc_site site_here_                                          \
			__attribute__((section("alloc_sites"), aligned(64), used)) = {       \
				{ __FILE__, __LINE__ }, (kind), 0, 0, 0, 0, 0, 0,             \
			};                                                                   \
		&site_here_;                                                                 \
	})

/* All of them: kernel.ld and the host's linker set these. */
extern struct alloc_site __start_alloc_sites[], __stop_alloc_sites[];

/* A block of so many bytes was handed out or given back; a call failed. Any context. */
void site_allocated(struct alloc_site *site, size_t bytes);
void site_freed(struct alloc_site *site, size_t bytes);
void site_failed(struct alloc_site *site, bool on_purpose);
/* Note what is live now; call fn for every place that has more now. One caller at a time. */
void sites_mark(void);
void sites_grown(void (*fn)(const struct alloc_site *site, ulong blocks));
/* p, which may be anything, as a site; `elsewhere`, which stands for none, if it is not one. */
struct alloc_site *site_checked(struct alloc_site *p);
