/* map.c: mappings for flavours whose mmap is not Linux's. */
#pragma once

#include "flavour.h"

enum map_kind { MAP_ZEROS, MAP_OWN_COPY, MAP_THE_FILE };

struct map_request {
	void *addr; /* a hint */
	bool fixed; /* exactly there, or not at all */
	size_t length;
	bool none, write; /* neither: may be read */
	enum map_kind kind;
	bool shared; /* MAP_ZEROS: with children too */
	int fd; /* else */
	long offset; /* any byte of the file */
	bool extend; /* MAP_THE_FILE: a file that is too short gets as long as it is mapped */
};

/*
 * Maps, at an address that is positive as an int. Returns the address of the first byte asked for, or
 * (void *)-1. Pages wholly beyond the end of the file are zeros, private and not part of the file. With
 * `fixed`, errno is EEXIST if something is there already.
 */
void *map(const struct map_request *rq);
/* Unmaps the pages that hold the range. 0 or -1. */
int unmap(void *addr, size_t length);
/* Writes what was stored in a range of shared mappings. 0 or -1. */
int map_sync(void *addr, size_t length);
