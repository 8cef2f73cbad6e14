/*
 * /proc: the texts that procfs.c hangs into its tree.
 */
#pragma once

#include "fs/inode.h"
#include "fs/seq.h"
#include "fs/textfs.h"

struct proc;

/* A thread of a process: the subject of its texts. */
struct task_subject {
	struct proc *proc;
	int tid;
};

/*
 * Texts of the whole system (subject is NULL), of a process (subject is it), and of a thread
 * (subject is a struct task_subject).
 */
extern const struct text_entry process_texts[]; /* proctext.c: /proc/PID */
size_t process_text_count(void);
extern const struct text_entry task_texts[]; /* proctext.c: /proc/PID/task/TID */
extern const size_t task_text_count;
extern const struct text_entry system_texts[]; /* systext.c: /proc */
extern const size_t system_text_count;
extern struct text_dir sysctl_dir; /* systext.c: /proc/sys */
/*
 * pagemap.c: read from *pos, which moves on; 0 at the end of the address space, -EINVAL if position
 * or length are no multiples of 8. May sleep.
 */
ssize_t pagemap_read(struct proc *p, struct uio *u, off_t *pos);
seq_maker make_mounts; /* for /proc/PID/mounts too */
seq_maker make_slabinfo, make_buddyinfo, make_kmalloc; /* kmemtext.c */
/* The load averages over 1, 5 and 15 minutes in units of 1/65536, as sysinfo(2) has them. */
void system_loads(ulong loads[3]);
/* Begin to measure the load, and name this boot. */
void systext_init(void);
