/*
 * What a multiboot loader leaves for the kernel (Multiboot Specification 0.6.96, "Boot information
 * format"). All addresses are physical.
 */
#pragma once

#include "lib/types.h"

#define MULTIBOOT_LOADED 0x2badb002u /* in eax */

/* multiboot_info.flags: which fields mean something */
#define MULTIBOOT_HAS_MEMORY (1u << 0)
#define MULTIBOOT_HAS_CMDLINE (1u << 2)
#define MULTIBOOT_HAS_MODULES (1u << 3)
#define MULTIBOOT_HAS_MMAP (1u << 6)

struct multiboot_info {
	u32 flags;
	u32 mem_lower, mem_upper; /* KiB from 0 and from 1 MiB on */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
};

struct multiboot_module {
	u32 start, end, string, reserved;
};

#define MULTIBOOT_RAM 1
struct multiboot_mmap {
	u32 size; /* of what follows: the next entry begins size bytes after it */
	u64 addr, length;
	u32 type;
} __attribute__((packed));
