/*
 * /proc: the texts that procfs.c hangs into its tree.
 */
#pragma once

#include "fs/inode.h"
#include "fs/seq.h"

struct proc;

/* A file of text: of the whole system (subject unused) or of a process (subject is it). */
struct text_entry {
	const char *name;
	u32 mode; /* permission bits */
	seq_maker *make;
	/* NULL, or what a write of these n bytes does: 0 or -errno; they end with a NUL */
	int (*write)(void *subject, const char *text);
};
#define TEXT_WRITE_MAX 31 /* more than that is not taken in one write: -EINVAL */

extern const struct text_entry process_texts[]; /* proctext.c: /proc/PID */
size_t process_text_count(void);
extern const struct text_entry system_texts[]; /* systext.c: /proc */
extern const size_t system_text_count;
/* /proc/sys: "vm", "kernel", "fs". */
extern const struct text_entry sysctl_vm_texts[], sysctl_kernel_texts[], sysctl_fs_texts[];
extern const size_t sysctl_vm_count, sysctl_kernel_count, sysctl_fs_count;
seq_maker make_mounts; /* for /proc/PID/mounts too */
seq_maker make_slabinfo, make_buddyinfo, make_kmalloc; /* kmemtext.c */
/* The load averages over 1, 5 and 15 minutes in units of 1/65536, as sysinfo(2) has them. */
void system_loads(ulong loads[3]);
/* Begin to measure the load. */
void systext_init(void);
