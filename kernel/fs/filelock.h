/*
 * Advisory locks on files: fcntl's by process (POSIX), fcntl's by open file (OFD), flock(2).
 *
 * A lock is a range of bytes with an owner: a process's descriptor table, or an open file. Locks
 * of one owner replace each other; those of two conflict where they overlap and one of them is
 * exclusive. flock's locks are of all bytes, and a world of their own: they conflict with each
 * other only.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

struct file;
struct inode;
struct seq;

#define LOCK_END ((u64)1 << 63) /* the end of a range without end */

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };
enum lock_type { LOCK_READ, LOCK_WRITE, LOCK_NONE }; /* F_RDLCK, F_WRLCK, F_UNLCK */

/* What a descriptor table is as an owner of POSIX locks; for filelock.c alone. */
struct lock_owner {
	struct list waits; /* its threads' requests that wait */
	struct list found; /* in the search for a deadlock */
	u64 search; /* the last one that found it */
};

/* What is asked for, and what is there. */
struct lock_claim {
	enum lock_kind kind;
	enum lock_type type;
	void *owner; /* LOCK_POSIX: a struct lock_owner; else the open file */
	int pid; /* shown to others; -1 for LOCK_OFD */
	u64 start, end; /* [start, end), at most LOCK_END, not empty */
};

void lock_owner_init(struct lock_owner *o);
/*
 * Make the claim's range of the file (which has an inode) what the claim says. May sleep. 0;
 * -EAGAIN: another owner's lock conflicts, and `wait` is false; -EDEADLK: to wait would never end
 * (LOCK_POSIX); -EINTR: a signal came; -ENOLCK: no memory. If it fails nothing has changed, but
 * that flock, which gives up an old lock of the other type first, has lost that.
 */
int lock_set(struct file *f, const struct lock_claim *c, bool wait);
/*
 * Replace the claim by the first lock that conflicts with it, or set its type to LOCK_NONE. A claim
 * of LOCK_NONE is replaced by the first lock of its own owner in its range. May sleep.
 */
void lock_test(struct file *f, struct lock_claim *c);
/* A descriptor of `owner` for f is closed: its locks on that inode are gone. May sleep. */
void lock_close(struct file *f, struct lock_owner *owner);
/* The open file itself goes. May sleep. */
void lock_drop_file(struct file *f);
/* A maker (fs/seq.h) of /proc/locks. */
int lock_text(struct seq *s, void *subject, u64 *cookie);
