/*
 * vmas: what is mapped where. A vma says attributes only: range, rights, and which part of which
 * object; pages hang off the anon table and the objects. A vma can be split and joined freely.
 *
 * An address space keeps its vmas in a balanced tree ordered by address, augmented with the largest
 * gap in each subtree, so that find, insert, remove and the search for room are O(log n).
 *
 * Letters: (m) mm->lock for writing, (o) the object's lock as well when obj is set.
 */
#pragma once

#include "lib/list.h"
#include "lib/tree.h"
#include "lib/types.h"
#include "machine/param.h"

struct file;
struct mm;
struct obj;

enum vma_flags {
	VMA_SHARED = 1 << 0,
	VMA_GROWSDOWN = 1 << 1,
	VMA_STACK = 1 << 2,	/* the program's first stack: shown as [stack] */
	VMA_NORESERVE = 1 << 3,
	VMA_SIGPAGE = 1 << 4,	/* the kernel's page of user code: shown as [vdso] */
	VMA_DONTFORK = 1 << 5,	/* a child has a hole there */
	VMA_WIPEONFORK = 1 << 6, /* a child has zeros there; private anonymous memory only */
	VMA_LOCKED = 1 << 8,	/* pages stay in memory (mlock); counted in mm->nr_locked */
	VMA_LOCKONFAULT = 1 << 9, /* with VMA_LOCKED: they come when they are touched */
};

#define VMA_LOCK_FLAGS (VMA_LOCKED | VMA_LOCKONFAULT)

struct vma {
	struct tree_node node;	/* (m) in mm->vmas */
	ulong start, end;	/* (m, o) page-aligned, start < end */
	ulong gap, max_gap;	/* (m) free bytes below start; the largest in the subtree */
	u8 prot, max_prot;	/* (m) rights now; rights mprotect may give */
	u16 flags;		/* (m, o) enum vma_flags */
	struct mm *mm;		/* (c) */
	struct obj *obj;	/* (c) NULL: private anonymous memory */
	struct file *file;	/* (c) the open file that it was mapped from, or NULL */
	u64 pgoff;		/* (m, o) page of obj at start */
	struct tree_node obj_node; /* (o) in obj->vmas, by pgoff */
	u64 obj_max;		/* (o) largest end page in the obj subtree */
	struct list link;	/* in a list of detached vmas */
};

/*
 * The calls through which vmas keep open files and msync writes them; fs/file.c defines them. Both
 * file_drop and file_sync_mapped may sleep and take RANK_DIR locks; the latter brings all of a
 * file's changes to the disk, with what is needed to find them, and returns 0 or -errno.
 * file_zero_mapped makes the pages [first, end) of a file zeros, as far as it goes, and keeps its
 * size; it may sleep and takes RANK_INODE locks: 0 or -errno, and then some may be zeros.
 */
void file_hold(struct file *f);
void file_drop(struct file *f);
int file_sync_mapped(struct file *f);
int file_zero_mapped(struct file *f, ulong first, ulong end);

void vma_module_init(void);
bool vma_augment(struct tree_node *n); /* the callback of mm->vmas */

/*
 * A new vma, in no tree yet; takes its own references to obj or file. NULL if there is no memory.
 */
struct vma *vma_new(struct mm *mm, ulong start, ulong end, unsigned prot, unsigned max_prot,
	unsigned flags, struct obj *obj, struct file *file, u64 pgoff);
/*
 * Drop the references and free; the vma is in no tree. May sleep: no lock of rank MM or above held.
 */
void vma_free(struct vma *v);
/* vma_free for a list chained by v->link. */
void vma_free_list(struct list *dead);

/* A reference to what v maps, outliving v; and its end (not under a lock of rank MM or above). */
void vma_hold_backing(const struct vma *v);
void vma_drop_backing(struct obj *obj, struct file *file);

static inline u64 vma_pgoff(const struct vma *v, ulong va)
{
	return v->pgoff + ((va - v->start) >> PAGE_SHIFT);
}

/* The vma that holds va, or NULL. mm->lock held (read). */
struct vma *vma_find(struct mm *mm, ulong va);
/* The first vma that ends above va. */
struct vma *vma_find_from(struct mm *mm, ulong va);
struct vma *vma_next(const struct vma *v);
struct vma *vma_prev(const struct vma *v);
struct vma *vma_last(struct mm *mm);

/* For writing from here on. */
/* Put v into mm's tree (nothing overlaps it) and on its object's list. */
void vma_link(struct mm *mm, struct vma *v);
/*
 * Give child, which has none, a copy of each vma of parent, not locked in memory. -ENOMEM leaves
 * some, in order but not balanced: good for the end of the child only.
 */
int vma_fork(struct mm *child, const struct mm *parent);
/*
 * Take v out of mm's tree; it stays on its object's list until vma_unlink_obj, which must come
 * after the flush.
 */
void vma_unlink(struct mm *mm, struct vma *v);
void vma_unlink_obj(struct vma *v);
/*
 * If a vma straddles va, stock *spare with what will be its upper part; otherwise *spare is NULL.
 * -ENOMEM.
 */
int vma_clip_prepare(struct mm *mm, ulong va, struct vma **spare);
/* Split at va by means of *spare, if it is set, and clear it. Cannot fail. */
void vma_clip(struct mm *mm, ulong va, struct vma **spare);
/* Change v's flags. */
void vma_set_flags(struct vma *v, unsigned flags);
/* Move v's end up, within the room there is; with an object too. */
void vma_extend(struct vma *v, ulong end);
/* Move v's start or end, within the room there is. Not for a vma with an object. */
void vma_move_start(struct vma *v, ulong start);
void vma_move_end(struct vma *v, ulong end);
/*
 * Take [start, end) out of v, which has no object and reaches beyond it on one side or both; for
 * both, *spare is the part above (from vma_clip_prepare at end), and is used up.
 */
void vma_punch(struct mm *mm, struct vma *v, ulong start, ulong end, struct vma **spare);
/* Join the vmas that meet at va if they are alike; the one that goes is put on `dead`. */
void vma_merge(struct mm *mm, ulong va, struct list *dead);
/*
 * The lowest gap of len bytes in [lo, hi) that starts at a multiple of PAGE_SIZE, keeping clear of
 * the room below growing stacks. 0 if there is none. O(log n).
 */
ulong vma_gap(struct mm *mm, ulong len, ulong lo, ulong hi);
/* Is [start, end) free, the room below growing stacks included? */
bool vma_range_free(struct mm *mm, ulong start, ulong end);

#define STACK_GUARD_PAGES 256ul /* kept free below a growing stack */
