/*
 * Operations of the comparison with Linux, and what carries them out. A program is an array of
 * operations; run_program performs it in a process of its own and leaves a line of result for each in
 * a log. Any part of a program is a program too: operations name pages and slots, never results.
 *
 * FORK, VMCHILD, VFORK, THREAD and their PAIR kinds stand before the `n` operations that the child performs;
 * the parent waits for its end. In a pair two children run at a time, one performs the operations of
 * `side` 1, in the left half of the window, the other those of side 2, in the right half.
 *
 * Addresses that a kernel chooses are not looked at: such a mapping is tried and unmapped again.
 */
#pragma once

#include "shadow.h"

#define MAX_OPS 4096
#define FILE_PAGES 24 /* how long a file may get */
#define HEAP_PAGES 48
#define STRETCH 0x68000000UL /* where GROW works, far from the window */

/* name, group: what --calls switches */
#define OP_KINDS(x) \
	x(MMAP, mmap) x(MUNMAP, munmap) x(MPROTECT, mprotect) x(MREMAP, mremap) x(MSYNC, msync) \
	x(MADVISE, madvise) x(MINCORE, mincore) x(MLOCK, mlock) x(MLOCK2, mlock) x(MUNLOCK, mlock) \
	x(MLOCKALL, mlock) x(MUNLOCKALL, mlock) x(BRK, brk) x(HEAP_LOAD, brk) x(HEAP_STORE, brk) \
	x(MEMFD, memfd) x(SEAL, memfd) x(FALLOCATE, memfd) x(FTRUNCATE, ftruncate) x(TRUNCATE, ftruncate) x(PREAD, pread) x(PWRITE, pwrite) \
	x(READ, read) x(WRITE, write) x(READV, read) x(WRITEV, write) x(LSEEK, lseek) x(OPEN, open) x(CLOSE, open) x(LOAD, access) x(STORE, access) \
	x(FILL, access) x(DIE, die) x(GROW, grow) x(RLIMIT, rlimit) x(FORK, fork) x(VMCHILD, vmchild) \
	x(VFORK, vfork) 	x(THREAD, thread) x(VMPAIR, vmchild) x(PAIR, thread) x(MAPS, maps) \
	x(SMAPS, maps) x(DIGEST, digest)

#define OP_ENUM(name, group) OP_##name,
enum op_kind { OP_KINDS(OP_ENUM) OP_COUNT };

struct op {
	enum op_kind kind;
	int page;  /* of the window; NULL_PAGE and below: see address_of */
	int shift; /* bytes added to the page's address */
	long len, len2;
	int prot, page2;
	long flags; /* of the call, width of an access, advice, kind of limit */
	int slot;
	long off;	/* in pages for MMAP, else in bytes */
	uint32_t value; /* what is stored */
	int n, side;
	int id; /* what the log calls it */
};

#define NULL_PAGE (-1)
#define KERNEL_PAGE (-2)

static unsigned long heap; /* first page of the heap that is the program's */

DIFF_FN unsigned long address_of(const struct op *op)
{
	switch (op->page) {
	case NULL_PAGE: return (unsigned long)op->shift;
	case KERNEL_PAGE: return (unsigned long)(-2 * PS + op->shift);
	default: return WINDOW + (unsigned long)(op->page * PS + op->shift);
	}
}

DIFF_FN bool in_window(unsigned long addr)
{
	return addr >= WINDOW && addr < WINDOW + PAGES * PS;
}

DIFF_FN int slot_fd(int slot)
{
	return slot < 0 ? -1 : SLOT_FD + slot;
}

DIFF_FN int slot_file(const struct op *op)
{
	return op->slot < 0 ? -1 : slots[op->slot].file;
}

/* In a pair each side has the files of its own number. */
DIFF_FN bool others_file(const struct op *op)
{
	int file = slot_file(op);

	return paired && has_size(file) && file % 2 != lane_number() % 2;
}

/* An address a call answered: a place in the window, or some other. */
DIFF_FN void emit_place(long r)
{
	if (is_error(r))
		emit_result(r);
	else if (in_window((unsigned long)r))
		emit(" page %ld%s", (long)((unsigned long)r - WINDOW) / PS, r % PS ? " unaligned" : "");
	else
		emit(" elsewhere%s", r % PS ? " unaligned" : "");
}

/* Loads the first and the last byte of a mapping that is not in the window. */
DIFF_FN void emit_ends(unsigned long addr, long len)
{
	unsigned long at[2] = {addr, addr + (unsigned long)len - 1};
	uint32_t value;

	for (int i = 0; i < 2; i++)
		if (load(at[i], 1, &value))
			emit(" %u", value);
		else
			emit_fault(at[i]);
}

/* --- mappings --- */

/* Linux's shared memory begins at the file's page 0, and may end before the offset, and what cannot be stored to is private;
   how large the offset may be depends on the machine. */
DIFF_FN bool zero_defined(const struct op *op)
{
	if ((op->flags & MAP_TYPE) == MAP_PRIVATE)
		return op->off < 1 << 20;
	return !op->off && (slots[op->slot].mode & O_ACCMODE) != O_RDONLY;
}

DIFF_FN void do_mmap(const struct op *op)
{
	bool anonymous = op->flags & MAP_ANONYMOUS;
	long r, pages = (op->len + PS - 1) / PS;

	if (!anonymous && others_file(op)) {
		emit(" skipped");
		return;
	}
	if (!anonymous && slot_file(op) == ZERO && !zero_defined(op)) {
		emit(" skipped");
		return;
	}
	r = call_mmap(address_of(op), (unsigned long)op->len, op->prot, (int)op->flags, slot_fd(op->slot), op->off);
	emit_place(r);
	if (is_error(r)) {
		shadow_cut(span_of(op->page, pages * PS));
		return;
	}
	if (in_window((unsigned long)r)) {
		struct span s = span_of((long)((unsigned long)r - WINDOW) / PS, pages * PS);

		if (op->flags & MAP_LOCKED)
			any_locks = true;
		shadow_map(s, op->prot, (int)op->flags, op->slot, op->off);
		return;
	}
	if (anonymous || (op->slot >= 0 && !paired))
		emit_ends((unsigned long)r, op->len);
	emit_result(call(SYS_munmap, r, op->len));
}

DIFF_FN void do_munmap(const struct op *op)
{
	long r = call(SYS_munmap, address_of(op), op->len);

	emit_result(r);
	if (r == 0)
		shadow_unmap(span_of(op->page, op->len));
}

DIFF_FN void do_mprotect(const struct op *op)
{
	struct span s = span_of(op->page, op->len);
	long r;

	/* Which of several mappings the limit stops is open: it counts mappings. */
	if (data_limited && op->page >= 0 && mappings_in(s) != 1) {
		emit(" skipped");
		return;
	}
	r = call(SYS_mprotect, address_of(op), op->len, op->prot);
	emit_result(r);
	if (r != -EINVAL && op->page >= 0 && !(data_limited && r))
		shadow_protect(s, op->prot, r);
	else
		shadow_cut(s);
}

/* Whether the contract says what mremap answers. */
DIFF_FN bool mremap_defined(const struct op *op, struct span old, int pages)
{
	int count = mappings_in(old);
	bool fixed = op->flags & MREMAP_FIXED;

	/* Some kernels look at the limit when they have unmapped the place. */
	if (limited && fixed && (pages > old.to - old.from || op->flags & MREMAP_DONTUNMAP))
		return false;
	/* How much is locked then: Linux counts both. */
	if (op->flags & MREMAP_DONTUNMAP && locks_possible())
		return false;
	/* A second view in the place of the first: Linux unmaps it, and then finds nothing to show again. */
	if (op->len == 0 && fixed && op->page == op->page2)
		return false;
	/* It then fails, but older kernels have unmapped the place. */
	if (op->len == 0)
		return shadow[old.from].content != PRIVATE || !fixed;
	if (pages <= old.to - old.from && !fixed && !(op->flags & MREMAP_DONTUNMAP))
		return true;
	if (count == 1 || (count == 0 && old.from < old.to))
		return true;
	return count == 2 && !fixed;
}

/* A mapping that mremap has moved out of the window: back, to page2. */
DIFF_FN long bring_back(const struct op *op, long at)
{
	long r;

	emit_ends((unsigned long)at, op->len2);
	r = call(SYS_mremap, at, op->len2, op->len2, MREMAP_MAYMOVE | MREMAP_FIXED, WINDOW + op->page2 * PS);
	emit_place(r);
	if (is_error(r))
		emit_result(call(SYS_munmap, at, op->len2));
	return r;
}

DIFF_FN void do_mremap(const struct op *op)
{
	struct span old = span_of(op->page, op->len);
	int pages = (int)((op->len2 + PS - 1) / PS);
	bool copies = op->len == 0, stays = copies || op->flags & MREMAP_DONTUNMAP, tried = false;
	long r;

	if (copies)
		old.to = old.from + 1;
	if (!mremap_defined(op, old, pages) || any_contended(old)) {
		emit(" skipped");
		return;
	}
	r = call(SYS_mremap, address_of(op), op->len, op->len2, op->flags, WINDOW + op->page2 * PS);
	emit_place(r);
	if (is_error(r)) {
		shadow_cut(old);
		shadow_cut(span_of(op->page2, op->len2));
		return;
	}
	if (!in_window((unsigned long)r)) {
		r = bring_back(op, r);
		tried = true;
		if (is_error(r)) {
			if (!stays)
				shadow_unmap(old);
			else if (!copies)
				shadow_empty(old);
			return;
		}
	}
	if ((unsigned long)r != address_of(op)) {
		shadow_move(old, (int)((unsigned long)r - WINDOW) / PS, pages, copies, stays);
	} else if (pages < old.to - old.from) {
		shadow_unmap((struct span){old.from + pages, old.to});
	} else if (pages > old.to - old.from) {
		struct shade last = shadow[old.to - 1];

		for (int i = old.to; i < old.from + pages && i < PAGES; i++) {
			last.index += last.content != PRIVATE;
			last.resident = last.content == PRIVATE && !locks_possible() ? NO : ANY;
			shadow[i] = last;
		}
	}
	if (tried) /* the loads in between count as those of a page that was moved */
		shadow_maybe_resident(span_of((long)((unsigned long)r - WINDOW) / PS, pages * PS));
}

DIFF_FN void do_msync(const struct op *op)
{
	emit_result(call(SYS_msync, address_of(op), op->len, op->flags));
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* All of the private memory in it. */
DIFF_FN void overwrite(struct span s)
{
	for (int i = s.from; i < s.to; i++) {
		unsigned long from = WINDOW + (unsigned long)(i * PS);

		if (shadow[i].content != PRIVATE)
			continue;
		for (unsigned long at = from; at < from + PS; at += 4)
			if (!store(at, 4, (uint32_t)at))
				emit_fault(at);
		shadow_touch((struct span){i, i + 1}, true);
	}
}

DIFF_FN void shadow_advise(struct span s, long advice, long r)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		shadow_resident(s, r ? ANY : NO);
		break;
	case MADV_FREE:
		overwrite(s);
		break;
	case MADV_REMOVE:
		/* Other views too; of nothing, nothing: what the other lane maps meanwhile is its own. */
		for (int i = 0; s.from < s.to && i < PAGES; i++)
			if (shadow[i].content == SHARED)
				shadow[i].resident = ANY;
		break;
	case MADV_PAGEOUT:
		for (int i = s.from; i < s.to; i++)
			shadow[i].resident = ANY;
		break;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		if (r)
			shadow_maybe_resident(s);
		else
			shadow_touch(s, advice == MADV_POPULATE_WRITE);
		break;
	}
	for (int i = s.from; i < s.to; i++) {
		if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
			shadow[i].dontfork = advice == MADV_DONTFORK && shadow[i].content;
		if ((advice == MADV_WIPEONFORK && shadow[i].content == PRIVATE) || advice == MADV_KEEPONFORK)
			shadow[i].wipe = advice == MADV_WIPEONFORK;
	}
}

/* Linux takes private memory from /dev/zero for a file there. */
DIFF_FN bool any_zero(struct span s)
{
	for (int i = s.from; i < s.to; i++)
		if (shadow[i].zero)
			return true;
	return false;
}

DIFF_FN bool all_writable(struct span s)
{
	for (int i = s.from; i < s.to; i++)
		if (shadow[i].content == PRIVATE && !(shadow[i].prot & PROT_WRITE))
			return false;
	return true;
}

/* Until they are stored to, freed pages read as before or as zeros: so all of them is stored to at once. Pages
   of a file that another lane cuts can be loaded or not. Marks
   that a failing call may have left on some mappings would decide what a child inherits. */
DIFF_FN bool advice_defined(const struct op *op, struct span s)
{
	if (op->flags == MADV_FREE)
		return all_writable(s);
	if (op->flags == MADV_REMOVE)
		return !paired && !any_zero(s);
	if (op->flags == MADV_POPULATE_READ || op->flags == MADV_POPULATE_WRITE)
		return !any_contended(s);
	if (op->flags == MADV_WIPEONFORK && any_zero(s))
		return false;
	if (op->flags == MADV_WIPEONFORK || op->flags == MADV_DONTFORK)
		return mappings_in(s) == 1;
	return true;
}

DIFF_FN void do_madvise(const struct op *op)
{
	struct span s = span_of(op->page, op->len);
	long r;

	if (op->page >= 0 && op->len && !op->shift && !advice_defined(op, s)) {
		emit(" skipped");
		return;
	}
	r = call(SYS_madvise, address_of(op), op->len, op->flags);
	emit_result(r);
	if (r == -EINVAL && (op->page < 0 || op->shift))
		return;
	shadow_cut(s);
	shadow_advise(s, op->flags, r);
}

DIFF_FN void do_mincore(const struct op *op)
{
	unsigned char vec[PAGES + 1];
	struct span s = span_of(op->page, op->len);
	long r;

	memset(vec, 0xee, sizeof vec);
	r = call(SYS_mincore, address_of(op), op->len, vec);
	emit_result(r);
	if (r || op->page < 0)
		return;
	emit(" ");
	for (int i = s.from; i < s.to; i++) {
		enum resident known = shadow[i].resident;

		if (known == ANY || shadow[i].content == FILED || contended(i))
			emit(".");
		else
			emit("%d", vec[i - s.from] & 1);
	}
	emit("%s", vec[s.to - s.from] == 0xee ? "" : " and a byte too many");
}

/* mlockall also locks the program itself, which is not of one size on all machines. */
DIFF_FN void emit_locked(void)
{
	if (!all_locked)
		emit(" VmLck %ld", status_kb("VmLck"));
}

DIFF_FN void do_mlock(const struct op *op)
{
	struct span s = span_of(op->page, op->len + op->shift);
	long nr = op->kind == OP_MLOCK ? SYS_mlock : op->kind == OP_MLOCK2 ? SYS_mlock2 : SYS_munlock, r;

	any_locks = true;
	r = call(nr, address_of(op), op->len, op->flags);
	emit_result(r);
	shadow_cut(s);
	if (r)
		shadow_maybe_resident(s);
	else if (op->kind == OP_MLOCK || (op->kind == OP_MLOCK2 && !op->flags))
		shadow_load(s);
	emit_locked();
}

DIFF_FN void do_mlockall(const struct op *op)
{
	bool all = op->kind == OP_MLOCKALL;
	long r;

	/* Whether it is enough then depends on the pages that a kernel gives of its own, as the vdso's. */
	if (all && op->flags & MCL_CURRENT && limit_at_all) {
		emit(" skipped");
		return;
	}
	r = all ? call(SYS_mlockall, op->flags) : call(SYS_munlockall);

	emit_result(r);
	if (r)
		return;
	any_locks = true;
	all_locked = all;
	future_locks = all && (op->flags & MCL_FUTURE);
	future_loads = future_locks && !(op->flags & MCL_ONFAULT);
	shadow_cut((struct span){0, PAGES});
	shadow_maybe_resident((struct span){0, PAGES});
}

/* --- the heap --- */

DIFF_FN void do_brk(const struct op *op)
{
	unsigned long r = (unsigned long)call(SYS_brk, heap + (unsigned long)op->off);

	emit(" %ld", (long)(r - heap));
}

DIFF_FN void do_heap_access(const struct op *op)
{
	uint32_t value = 0;
	unsigned long addr = heap + (unsigned long)op->off;
	bool good = op->kind == OP_HEAP_LOAD ? load(addr, 1, &value) : store(addr, 1, op->value);

	if (good)
		emit(" %u", value);
	else
		emit_fault(addr);
}

/* --- files --- */

DIFF_FN void fill_bytes(unsigned char *to, long len, uint32_t seed)
{
	for (long i = 0; i < len; i++) {
		seed = seed * 1664525u + 1013904223u;
		to[i] = (unsigned char)(seed >> 24);
	}
}

DIFF_FN bool is_memfd(const struct op *op)
{
	return slot_file(op) == MEMFD;
}

DIFF_FN void do_ftruncate(const struct op *op)
{
	long size = is_memfd(op) && op->len > 0 ? op->len / PS * PS : op->len;

	if (others_file(op)) {
		emit(" skipped");
		return;
	}
	emit_result(call(SYS_ftruncate64, slot_fd(op->slot), OFFSET(size)));
}

/* Where a write at an offset would end, a file keeps what the comparison can judge. */
DIFF_FN bool may_write(const struct op *op, long offset, long len)
{
	int file = slot_file(op);

	if (!has_size(file))
		return true;
	if (slots[op->slot].mode & O_APPEND)
		offset = file_size(file);
	return offset + len <= (file == MEMFD ? file_size(file) : FILE_PAGES * PS);
}

/* Between a file and the window: within one page, and whole blocks of 512 bytes, so that a range never
   overlaps itself. */
DIFF_FN void do_pread(const struct op *op)
{
	struct span s = span_of(op->page, 1);
	long r;

	if (contended(op->page) || others_file(op) || in_tail(op->page, op->shift, op->len)) {
		emit(" skipped");
		return;
	}
	r = call(SYS_pread64, slot_fd(op->slot), address_of(op), op->len, OFFSET(op->off));
	emit_result(r);
	if (r > 0)
		shadow_touch(s, true);
	else
		shadow_maybe_resident(s);
}

DIFF_FN void do_pwrite(const struct op *op)
{
	struct span s = span_of(op->page, 1);
	int file = slot_file(op);
	long off = op->off;

	/* A bad buffer beyond the end: how far the file grows then is open. */
	if (has_size(file) && off > file_size(file))
		off = file_size(file) / 512 * 512;
	if (contended(op->page) || others_file(op) || !may_write(op, off, op->len)) {
		emit(" skipped");
		return;
	}
	emit_result(call(SYS_pwrite64, slot_fd(op->slot), address_of(op), op->len, OFFSET(off)));
	shadow_maybe_resident(s);
}

static unsigned char buffer[FILE_PAGES * PS];

DIFF_FN void do_read(const struct op *op)
{
	long r = answer(read(slot_fd(op->slot), buffer, (size_t)op->len));

	emit_result(r);
	if (r > 0) {
		memset(buffer + r, 0, 4);
		emit(" #%08x", hash_words(1, (uint32_t *)(void *)buffer, (size_t)(r + 3) / 4));
	}
}

DIFF_FN void do_write(const struct op *op)
{
	int fd = slot_fd(op->slot);

	if (!may_write(op, (long)lseek(fd, 0, SEEK_CUR), op->len)) {
		emit(" skipped");
		return;
	}
	fill_bytes(buffer, op->len, op->value);
	emit_result(answer(write(fd, buffer, (size_t)op->len)));
}

/* Two buffers of 512 bytes in the window. None of them shows the file, whose bytes would change meanwhile. */
DIFF_FN void do_vector(const struct op *op)
{
	bool reads = op->kind == OP_READV;
	struct iovec iov[2] = {{(void *)address_of(op), 512}, {(void *)(WINDOW + (unsigned long)(op->page2 * PS)), 512}};
	struct span s[2] = {span_of(op->page, 1), span_of(op->page2, 1)};
	int fd = slot_fd(op->slot), file = slot_file(op);
	long at = (long)lseek(fd, 0, SEEK_CUR), r;

	if (shadow[op->page].content == FILED || shadow[op->page2].content == FILED ||
	    (!reads && (!may_write(op, at, 1024) || (has_size(file) && at > file_size(file))))) {
		emit(" skipped");
		return;
	}
	r = answer(reads ? readv(fd, iov, 2) : writev(fd, iov, 2));
	emit_result(r);
	/* What is written to /dev/zero nobody looks at. */
	for (int i = 0; i < 2; i++)
		if (r > i * 512 && (reads || has_size(file)))
			shadow_touch(s[i], reads);
		else
			shadow_maybe_resident(s[i]);
}

DIFF_FN void do_lseek(const struct op *op)
{
	emit_result(answer((long)lseek(slot_fd(op->slot), op->off, (int)op->flags)));
}

DIFF_FN void file_name(char *name, int file)
{
	strcpy(name, "f0");
	name[1] = (char)('0' + file);
}

/* By name, which the third file does not have. */
DIFF_FN void do_truncate(const struct op *op)
{
	char name[4];

	file_name(name, op->page % MEMFD);
	emit_result(answer(truncate(name, op->len)));
}

/* File `page` into the slot, with the flags of open. */
DIFF_FN void do_open(const struct op *op)
{
	char name[4];
	int fd, file = op->page;

	if (file == MEMFD) {
		fd = fcntl(KEEPER_FD + MEMFD, F_DUPFD, SLOT_FD + SLOTS);
	} else if (file == ZERO) {
		fd = open("/dev/zero", (int)op->flags);
	} else {
		file_name(name, file);
		fd = open(name, (int)op->flags);
	}
	if (fd < 0) {
		emit_result(-errno);
		return;
	}
	emit_result(dup2(fd, slot_fd(op->slot)) < 0 ? -errno : 0);
	close(fd);
	slots[op->slot].file = (int8_t)file;
	slots[op->slot].mode = file == MEMFD ? O_RDWR : (int)op->flags;
}

DIFF_FN void do_close(const struct op *op)
{
	emit_result(answer(close(slot_fd(op->slot))));
	if (op->slot >= 0)
		slots[op->slot].file = -1;
}

/* A new file takes the place of the memfd; descriptors and mappings of the old one stay its. */
DIFF_FN void do_memfd(const struct op *op)
{
	long r = call(SYS_memfd_create, "m", op->flags);

	if (is_error(r)) {
		emit_result(r);
		return;
	}
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].file == MEMFD) {
			close(slot_fd(i));
			slots[i].file = -1;
		}
	for (int i = 0; i < PAGES; i++)
		if (shadow[i].content == FILED && shadow[i].file == MEMFD) {
			call(SYS_munmap, WINDOW + i * PS, PS);
			shadow_unmap((struct span){i, i + 1});
		}
	emit_result(dup2((int)r, KEEPER_FD + MEMFD) < 0 ? -errno : 0);
	close((int)r);
	file_object[MEMFD] = new_number();
}

DIFF_FN void do_seal(const struct op *op)
{
	emit_result(answer(fcntl(slot_fd(op->slot), F_ADD_SEALS, (int)op->flags)));
	emit_result(answer(fcntl(slot_fd(op->slot), F_GET_SEALS)));
}

/* In a memfd: other file systems differ in what they can. Its size stays a number of whole pages, and nothing is
   taken beyond it. */
DIFF_FN void do_fallocate(const struct op *op)
{
	int file = slot_file(op);

	if ((has_size(file) && file != MEMFD) || (op->flags == FALLOC_FL_KEEP_SIZE && op->off + op->len > file_size(MEMFD))) {
		emit(" skipped");
		return;
	}
	emit_result(answer(fallocate(slot_fd(op->slot), (int)op->flags, op->off, op->len)));
}

/* --- accesses --- */

DIFF_FN void do_access(const struct op *op)
{
	bool stores = op->kind == OP_STORE;
	unsigned long addr = address_of(op);
	struct span s = span_of(op->page, op->shift + op->flags);
	uint32_t value = 0;
	bool good;

	if (contended(op->page) || (s.to - s.from > 1 && contended(op->page + 1)) ||
	    (stores && in_tail(op->page, op->shift, op->flags))) {
		emit(" skipped");
		return;
	}
	good = stores ? store(addr, (int)op->flags, op->value) : load(addr, (int)op->flags, &value);
	if (good)
		emit(" %u", value);
	else
		emit_fault(addr);
	if (good)
		shadow_touch(s, stores);
	else
		shadow_maybe_resident(s);
}

/* A word into each page of a range. */
DIFF_FN void do_fill(const struct op *op)
{
	struct span s = span_of(op->page, op->len);
	int done = 0;

	for (int i = s.from; i < s.to; i++) {
		if (contended(i) || in_tail(i, op->shift, 4))
			continue;
		if (store(WINDOW + (unsigned long)(i * PS + op->shift), 4, op->value + (uint32_t)i)) {
			shadow_touch((struct span){i, i + 1}, true);
			done++;
		} else {
			emit_fault(WINDOW + (unsigned long)(i * PS));
		}
	}
	emit(" %d", done);
}

static char signal_stack[65536] __attribute__((aligned(64)));
#define SIGNAL_STACK_PAGES 8 /* more than any machine's frame takes */

DIFF_FN void on_death(int sig, siginfo_t *info, void *context)
{
	(void)context;
	call(SYS_exit_group, (sig == SIGBUS ? 20 : 10) + info->si_code);
}

/* Whether signals could be taken at op's place in the window: 1, 0, or -1 if that is open. Stores there must not
   be seen by others. */
DIFF_FN int good_stack(const struct op *op)
{
	int good = 0;

	if (op->page2 + SIGNAL_STACK_PAGES > PAGES)
		return -1;
	for (int i = op->page2; i < op->page2 + SIGNAL_STACK_PAGES; i++) {
		if (shadow[i].content == SHARED || shadow[i].content == FILED)
			return -1;
		good += shadow[i].content == PRIVATE && shadow[i].prot & PROT_WRITE;
	}
	return good == SIGNAL_STACK_PAGES ? 1 : good ? -1 : 0;
}

/* How the child takes faults: as they come, not SIGBUS, on a stack of its own, on one in the window. */
DIFF_FN void prepare_death(const struct op *op)
{
	stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
	struct sigaction act;

	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, op->len == 1 ? SIG_IGN : SIG_DFL);
	if (op->len < 2)
		return;
	if (op->len == 3) {
		stack.ss_sp = (void *)(WINDOW + (unsigned long)(op->page2 * PS));
		stack.ss_size = SIGNAL_STACK_PAGES * PS;
	}
	sigaltstack(&stack, NULL);
	memset(&act, 0, sizeof act);
	act.sa_sigaction = on_death;
	act.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

/* An access whose fault is not survived, in a child. */
DIFF_FN void do_die(const struct op *op)
{
	int status = 0;
	uint32_t value;
	long pid;

	if (contended(op->page) || in_tail(op->page, op->shift, 1) || (op->len == 3 && good_stack(op) < 0)) {
		emit(" skipped");
		return;
	}
	pid = call(SYS_clone, SIGCHLD);
	if (pid == 0) {
		prepare_death(op);
		if (op->flags)
			store(address_of(op), 1, op->value);
		else
			load(address_of(op), 1, &value);
		call(SYS_exit_group, 7);
	}
	shadow_forked(false);
	if (shadow[op->page].content == SHARED)
		shadow[op->page].resident = ANY;
	if (is_error(pid) || call(SYS_wait4, pid, &status, 0, 0) != pid)
		emit_result(pid < 0 ? pid : -ECHILD);
	else
		emit(" %s %d", WIFSIGNALED(status) ? "killed" : "exited", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* --- /proc/self/maps, as kernels agree on it --- */

struct map {
	unsigned long start, end, inode;
	unsigned long long offset;
	char perms[5];
	const char *name;
};

/* The line at *text, which then moves behind it; false at the end. */
DIFF_FN bool next_map(char **text, struct map *m)
{
	char *line = *text, *end = strchr(line, '\n'), *slash;

	if (!end)
		return false;
	*end = 0;
	*text = end + 1;
	m->start = strtoul(line, &line, 16);
	m->end = strtoul(line + 1, &line, 16);
	memcpy(m->perms, line + 1, 4);
	m->perms[4] = 0;
	m->offset = strtoull(line + 6, &line, 16);
	line = strchr(line + 1, ' ');
	m->inode = strtoul(line, &line, 10);
	line += strspn(line, " ");
	slash = strrchr(line, '/');
	m->name = slash ? slash : line;
	/* Private memory from /dev/zero may show where it is from. */
	if (m->perms[3] == 'p' && !strcmp(m->name, "/zero")) {
		m->inode = 0;
		m->name = "";
	}
	return true;
}

DIFF_FN bool joins(const struct map *a, const struct map *b)
{
	return a->end == b->start && !strcmp(a->perms, b->perms) && !strcmp(a->name, b->name) &&
	       a->inode == b->inode && (!a->inode || a->offset + (a->end - a->start) == b->offset);
}

DIFF_FN void emit_map(const struct map *m, unsigned long base)
{
	emit(" %ld-%ld%s", (long)(m->start - base) / PS, (long)(m->end - base) / PS, m->perms);
	if (m->inode)
		emit("+%llx%s", m->offset / PS, m->name);
}

/* The mappings in [from, to), with what kernels may or may not join joined, as pages from `base`. */
DIFF_FN void emit_maps(unsigned long from, unsigned long to, unsigned long base)
{
	char *text = (char *)(uintptr_t)proc_text("/proc/self/maps");
	struct map last = {0}, m;

	while (next_map(&text, &m)) {
		if (m.end <= from || m.start >= to)
			continue;
		if (m.start < from)
			m.start = from; /* only the heap begins before */
		if (last.end && joins(&last, &m)) {
			last.end = m.end;
			continue;
		}
		if (last.end)
			emit_map(&last, base);
		last = m;
	}
	if (last.end)
		emit_map(&last, base);
}

DIFF_FN void do_maps(const struct op *op)
{
	unsigned long top = (unsigned long)call(SYS_brk, 0);

	(void)op;
	emit_maps(WINDOW, WINDOW + PAGES * PS, WINDOW);
	emit(" heap");
	emit_maps(heap, (top + PS - 1) / PS * PS, heap);
}

/* kB of a line of smaps, which the text's mapping has before the next. */
DIFF_FN long smaps_kb(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	return line ? strtol(line + strlen(name), NULL, 10) : -1;
}

/* Mappings that are one, or might be, as smaps has them, in kB. */
struct smap {
	struct map all;
	long size, rss, anonymous;
};

/* Whether it is known of each page in it if it is private memory with a page of its own. */
DIFF_FN bool pages_known(const struct map *m)
{
	for (int i = (int)((m->start - WINDOW) / PS); i < (int)((m->end - WINDOW) / PS); i++)
		if (shadow[i].content != PRIVATE || (shadow[i].resident != YES && shadow[i].resident != NO))
			return false;
	return true;
}

DIFF_FN void emit_smap(const struct smap *s)
{
	emit(" %ld", s->size);
	if (pages_known(&s->all))
		emit("/%ld/%ld", s->rss, s->anonymous);
}

DIFF_FN void do_smaps(const struct op *op)
{
	char *text = (char *)(uintptr_t)proc_text("/proc/self/smaps");
	struct smap sum = {0};
	struct map m;

	(void)op;
	while (*text) {
		if (text[strspn(text, "0123456789abcdef")] != '-') {
			text = strchr(text, '\n') + 1;
			continue;
		}
		if (!next_map(&text, &m) || m.end <= WINDOW || m.start >= WINDOW + PAGES * PS)
			continue;
		if (!sum.all.end || !joins(&sum.all, &m)) {
			if (sum.all.end)
				emit_smap(&sum);
			sum = (struct smap){.all = m};
		}
		sum.all.end = m.end;
		sum.size += smaps_kb(text, "Size:");
		sum.rss += smaps_kb(text, "Rss:");
		sum.anonymous += smaps_kb(text, "Anonymous:");
	}
	if (sum.all.end)
		emit_smap(&sum);
}

/* A mapping that grows down, over a hole, a mapping in its way at `len` pages below (0: none) with
   prot; touched `off` bytes below its start, under a limit of len2 pages for stacks (0: as it is). Then its rights
   may be changed, from where it was mapped down to where it begins now. */
DIFF_FN void do_grow(const struct op *op)
{
	struct rlimit old, less;
	unsigned long below = STRETCH - (unsigned long)(op->len * PS), touched = STRETCH - (unsigned long)op->off;
	uint32_t value = 1;

	/* Whether that is more than may be locked depends on the size of the program itself. */
	if (future_locks) {
		emit(" skipped");
		return;
	}
	emit_result(is_error(call_mmap(STRETCH, PS, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0)));
	if (op->len)
		emit_result(is_error(call_mmap(below, PS, op->prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
	getrlimit(RLIMIT_STACK, &old);
	less = old;
	if (op->len2)
		less.rlim_cur = (rlim_t)(op->len2 * PS);
	emit_result(answer(setrlimit(RLIMIT_STACK, &less)));
	if (op->flags ? store(touched, 1, op->value) : load(touched, 1, &value))
		emit(" %u", value);
	else
		emit_fault(touched);
	setrlimit(RLIMIT_STACK, &old);
	if (op->page2)
		emit_result(call(SYS_mprotect, STRETCH, PS, PROT_READ | op->page2));
	emit_maps(STRETCH - 4096 * PS, STRETCH + PS, STRETCH);
	emit_result(call(SYS_munmap, STRETCH - 4096 * PS, 4097 * PS));
}

/* --- limits --- */

/* As much as nobody may have on both. */
static const struct rlimit lock_limit = {8 << 20, 8 << 20};

/* Limit `flags` to what is in use now and `off` pages more; off < 0 takes all limits away. */
DIFF_FN void do_rlimit(const struct op *op)
{
	static const struct {
		int limit;
		const char *use;
	} kinds[] = {{RLIMIT_AS, "VmSize"}, {RLIMIT_DATA, "VmData"}, {RLIMIT_MEMLOCK, "VmLck"}};
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY}, some = none;

	limited = data_limited = limit_at_all = false;
	for (int i = 0; i < 2; i++)
		emit_result(answer(setrlimit((__rlimit_resource_t)kinds[i].limit, &none)));
	emit_result(answer(setrlimit(RLIMIT_MEMLOCK, &lock_limit)));
	if (op->off < 0)
		return;
	if (kinds[op->flags].limit == RLIMIT_MEMLOCK)
		some = lock_limit;
	some.rlim_cur = (rlim_t)(status_kb(kinds[op->flags].use) * 1024 + op->off * PS);
	if (some.rlim_cur > some.rlim_max)
		some.rlim_cur = some.rlim_max;
	limited = true;
	data_limited = kinds[op->flags].limit == RLIMIT_DATA;
	limit_at_all = kinds[op->flags].limit == RLIMIT_MEMLOCK && all_locked;
	emit_result(answer(setrlimit((__rlimit_resource_t)kinds[op->flags].limit, &some)));
}

/* --- digests --- */

/* A page of the window in a few letters. */
DIFF_FN void page_text(char *text, int page)
{
	unsigned long addr = WINDOW + (unsigned long)(page * PS);
	const volatile uint32_t *word = (const volatile uint32_t *)addr;
	struct lane *lane = lane_now();
	uint32_t value, any = 0;

	if (!load(addr, 1, &value)) {
		sprintf(text, "%s%d", lane->sig == SIGBUS ? "bus" : "segv", lane->code);
		return;
	}
	shadow_touch((struct span){page, page + 1}, false);
	for (int i = 0; i < PS / 4; i++)
		any |= word[i];
	if (any)
		sprintf(text, "%08x", hash_words(1, word, PS / 4));
	else
		strcpy(text, "zero");
}

DIFF_FN void emit_memory(void)
{
	char text[16], last[16] = "";
	int first = 0;

	for (int i = 0; i <= PAGES; i++) {
		if (i < PAGES)
			page_text(text, i);
		if (i < PAGES && !strcmp(text, last))
			continue;
		if (i > first)
			emit(" %d-%d:%s", first, i, last);
		strcpy(last, text);
		first = i;
	}
}

DIFF_FN void emit_heap(void)
{
	unsigned long top = (unsigned long)call(SYS_brk, 0), words = (top - heap) / 4;

	if (top > heap)
		emit(" heap #%08x", hash_words(1, (const volatile uint32_t *)heap, words));
}

DIFF_FN void emit_files(void)
{
	for (int i = 0; i < FILES; i++) {
		long size = file_size(i), got;

		if (size < 0)
			continue;
		memset(buffer, 0, sizeof buffer);
		got = answer(pread(KEEPER_FD + i, buffer, sizeof buffer, 0));
		emit(" f%d %ld %ld #%08x", i, size, got, hash_words(1, (uint32_t *)(void *)buffer, sizeof buffer / 4));
	}
}

DIFF_FN void do_digest(const struct op *op)
{
	emit_files();
	emit_memory();
	emit_heap();
	do_maps(op);
}

/* --- children --- */

struct part {
	const struct op *ops;
	int from, to, side;
	bool vfork; /* the parent sleeps meanwhile */
};

static void run_ops(const struct part *part);

static int lane_main(void *arg)
{
	run_ops(arg);
	return 0;
}

/* Starts `part` in a thread, or in a process with the same memory; its lane, or NULL and an answer. */
DIFF_FN struct lane *start_lane(const struct part *part, bool thread, struct log *log)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, i = 1;

	flags |= part->vfork ? CLONE_VFORK : 0;
	flags |= thread ? CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM : SIGCHLD;
	/* In a pair the lane's number is odd or even as its side is. */
	while (i < LANES && (lanes[i].busy || (part->side && i % 2 != part->side % 2)))
		i++;
	if (i == LANES) {
		emit(" no lane");
		return NULL;
	}
	lanes[i].busy = true;
	lanes[i].log = log;
	lanes[i].word = 1;
	lanes[i].pid = clone(lane_main, lane_stacks[i] + LANE_STACK - 256, flags, (void *)(uintptr_t)part, &lanes[i].word, NULL, &lanes[i].word);
	if (lanes[i].pid > 0)
		return &lanes[i];
	emit_result(-errno);
	lanes[i].busy = false;
	return NULL;
}

DIFF_FN void join_lane(struct lane *lane, bool thread)
{
	int word, status = 0;

	if (!lane)
		return;
	if (thread)
		while ((word = *(volatile int *)&lane->word) != 0)
			call(SYS_futex, &lane->word, FUTEX_WAIT, word, 0);
	else if (call(SYS_wait4, lane->pid, &status, 0, 0) != lane->pid || status)
		emit(" status %x", status);
	lane->busy = false;
}

DIFF_FN void run_lane(struct part part, bool thread)
{
	join_lane(start_lane(&part, thread, lane_now()->log), thread);
	emit("joined\n");
}

/* Both sides at a time, each with a log of its own; under a limit that they share one after the other. */
DIFF_FN void run_pair(struct part part, bool thread)
{
	struct log *logs = lane_now()->log + 1; /* behind the main log: see run_program */
	struct part side[2] = {part, part};
	struct lane *lane[2] = {NULL, NULL};

	shadow_cut((struct span){PAGES / 2, PAGES / 2}); /* neither side renames what is the other's */
	paired = true;
	for (int i = 0; i < 2; i++) {
		side[i].side = i + 1;
		logs[i].len = 0;
		lane[i] = start_lane(&side[i], thread, &logs[i]);
		if (limited)
			join_lane(lane[i], thread);
	}
	for (int i = 0; i < 2; i++) {
		if (!limited)
			join_lane(lane[i], thread);
	}
	paired = false;
	for (int i = 0; i < 2; i++)
		emit_log(&logs[i]);
	emit("joined\n");
}

DIFF_FN void run_forked(const struct part *part)
{
	int status = 0;
	long pid = call(SYS_clone, SIGCHLD);

	if (pid == 0) {
		all_locked = future_locks = future_loads = false;
		shadow_forked(true);
		run_ops(part);
		call(SYS_exit_group, 0);
	}
	shadow_forked(false);
	if (pid < 0 || call(SYS_wait4, pid, &status, 0, 0) != pid)
		emit_result(pid < 0 ? pid : -ECHILD);
	emit("waited %x\n", status);
}

DIFF_FN void run_child(const struct part *part, enum op_kind kind)
{
	switch (kind) {
	case OP_FORK: run_forked(part); break;
	case OP_VMPAIR:
	case OP_PAIR: run_pair(*part, kind == OP_PAIR); break;
	default: run_lane(*part, kind == OP_THREAD);
	}
}

static void (*const performers[OP_COUNT])(const struct op *) = {
	[OP_MMAP] = do_mmap, [OP_MUNMAP] = do_munmap, [OP_MPROTECT] = do_mprotect, [OP_MREMAP] = do_mremap,
	[OP_MSYNC] = do_msync, [OP_MADVISE] = do_madvise, [OP_MINCORE] = do_mincore, [OP_MLOCK] = do_mlock,
	[OP_MLOCK2] = do_mlock, [OP_MUNLOCK] = do_mlock, [OP_MLOCKALL] = do_mlockall, [OP_MUNLOCKALL] = do_mlockall,
	[OP_BRK] = do_brk, [OP_HEAP_LOAD] = do_heap_access, [OP_HEAP_STORE] = do_heap_access, [OP_MEMFD] = do_memfd,
	[OP_FTRUNCATE] = do_ftruncate, [OP_TRUNCATE] = do_truncate, [OP_READV] = do_vector, [OP_WRITEV] = do_vector,
	[OP_PREAD] = do_pread, [OP_PWRITE] = do_pwrite, [OP_READ] = do_read,
	[OP_WRITE] = do_write, [OP_LSEEK] = do_lseek, [OP_OPEN] = do_open, [OP_CLOSE] = do_close, [OP_LOAD] = do_access,
	[OP_STORE] = do_access, [OP_FILL] = do_fill, [OP_DIE] = do_die, [OP_GROW] = do_grow, [OP_RLIMIT] = do_rlimit,
	[OP_MAPS] = do_maps, [OP_SMAPS] = do_smaps, [OP_SEAL] = do_seal, [OP_FALLOCATE] = do_fallocate,
	[OP_DIGEST] = do_digest,
};

#define OP_NAME(name, group) #name,
static const char *const op_names[] = {OP_KINDS(OP_NAME)};

static void run_ops(const struct part *part)
{
	for (int i = part->from; i < part->to; i++) {
		const struct op *op = &part->ops[i];

		if (part->side && op->side != part->side)
			continue;
		emit("%d %s", op->id, op_names[op->kind]);
		if (performers[op->kind])
			performers[op->kind](op);
		emit("\n");
		if (!performers[op->kind]) {
			struct part child = {part->ops, i + 1, i + 1 + op->n, 0, op->kind == OP_VFORK};

			run_child(&child, op->kind);
			i += op->n;
		}
	}
}

/* --- a program --- */

static const struct {
	int file, mode;
} first_slots[] = {{0, O_RDWR}, {0, O_RDONLY}, {1, O_RDWR}, {1, O_WRONLY}, {2, O_RDWR}, {2, O_RDWR | O_APPEND}};
#define FIRST_SLOTS (int)(sizeof first_slots / sizeof first_slots[0])

/* The files: one and a half dozen pages, an empty one, and one without a name. */
DIFF_FN void make_files(void)
{
	static const long sizes[] = {33 * PS / 2, 0, 5 * PS + 10};
	char name[4];

	for (int i = 0; i < MEMFD; i++) {
		file_name(name, i);
		unlink(name);
		if (dup2(open(name, O_RDWR | O_CREAT | O_EXCL, 0666), KEEPER_FD + i) < 0)
			_exit(3);
		close(3);
		fill_bytes(buffer, sizes[i], (uint32_t)i);
		if (pwrite(KEEPER_FD + i, buffer, (size_t)sizes[i], 0) != sizes[i])
			_exit(3);
		file_object[i] = new_number();
	}
	memset(slots, -1, sizeof slots);
	for (int i = 0; i < FIRST_SLOTS; i++) {
		struct op op = {.kind = OP_OPEN, .slot = i, .page = first_slots[i].file, .flags = first_slots[i].mode};

		do_open(&op);
	}
	unlink("f2");
}

/* The program's process. */
DIFF_FN void run_subject(const struct op *ops, int count)
{
	struct part all = {.ops = ops, .to = count};
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	catch_faults();
	heap = ((unsigned long)call(SYS_brk, 0) + PS - 1) & (unsigned long)-PS;
	call(SYS_brk, heap);
	make_files();
	emit("\n");
	run_ops(&all);
}

/* The logs of a program and of the two lanes of a pair, shared by all of its processes. */
DIFF_FN struct log *make_logs(void)
{
	struct log *logs = mmap(NULL, 3 * sizeof *logs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return logs == MAP_FAILED ? NULL : logs;
}

/* Performs a program; its log is then in logs[0]. */
DIFF_FN void run_program(const struct op *ops, int count, struct log *logs)
{
	int status = 0;
	pid_t pid;

	logs->len = 0;
	lanes[0].log = logs;
	pid = fork();
	if (pid == 0) {
		run_subject(ops, count);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		exit(3);
	emit("ended %x\n", status);
}

/* As root, Linux lets programs pass their limits: they run as nobody, who may make files here. */
DIFF_FN void become_nobody(void)
{
	if (setrlimit(RLIMIT_MEMLOCK, &lock_limit))
		exit(3);
	if (geteuid() == 0 && (chown(".", 65534, 65534) || setgid(65534) || setuid(65534)))
		exit(3);
}
