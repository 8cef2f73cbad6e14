/*
 * /proc: the texts that procfs.c hangs into its tree.
 */
#pragma once

#include "fs/inode.h"
#include "fs/seq.h"

struct proc;

/* A thread of a process: the subject of its texts. */
struct task_subject {
	struct proc *proc;
	int tid;
};

/*
 * A file of text: of the whole system (subject unused), of a process (subject is it), or of a
 * thread (subject is a struct task_subject).
 */
struct text_entry {
	const char *name;
	u32 mode; /* permission bits */
	seq_maker *make;
};

extern const struct text_entry process_texts[]; /* proctext.c: /proc/PID */
size_t process_text_count(void);
#define TEXT_WRITE_MAX 31 /* more than that is not taken in one write: -EINVAL */
/* What a write of this text, NUL-terminated, to one of process_texts of p does. 0 or -errno. */
int process_text_write(const struct text_entry *entry, struct proc *p, const char *text);
extern const struct text_entry task_texts[]; /* proctext.c: /proc/PID/task/TID */
extern const size_t task_text_count;
extern const struct text_entry system_texts[]; /* systext.c: /proc */
extern const size_t system_text_count;
/* /proc/sys: "vm", "kernel", "fs". */
extern const struct text_entry sysctl_vm_texts[], sysctl_kernel_texts[], sysctl_fs_texts[];
extern const size_t sysctl_vm_count, sysctl_kernel_count, sysctl_fs_count;
/*
 * pagemap.c: read from *pos, which moves on; 0 at the end of the address space, -EINVAL if position
 * or length are no multiples of 8. May sleep.
 */
ssize_t pagemap_read(struct proc *p, struct uio *u, off_t *pos);
seq_maker make_mounts; /* for /proc/PID/mounts too */
seq_maker make_slabinfo, make_buddyinfo, make_kmalloc; /* kmemtext.c */
/* The load averages over 1, 5 and 15 minutes in units of 1/65536, as sysinfo(2) has them. */
void system_loads(ulong loads[3]);
/* Begin to measure the load. */
void systext_init(void);
