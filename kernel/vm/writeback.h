/*
 * Which objects are dirty, and when they are written back. Between obj.c and writeback.c only;
 * everybody else uses obj.h.
 */
#pragma once

struct obj;

/* o lives (and is considered by reclaim) from add to remove. */
void writeback_add_obj(struct obj *o);
void writeback_remove_obj(struct obj *o);
/* o has a marked page: put it on the dirty list, which holds a reference. obj->lock held. */
void writeback_note(struct obj *o);
/*
 * o has no marked page: take it off. obj->lock held; the list's reference goes later, without
 * locks.
 */
void writeback_forget(struct obj *o);
/* Count dirty pages, and pages of objects with a store. */
void writeback_count(long n);
void writeback_count_cached(long n);

/*
 * Before more is made dirty: if too much is, write it back first. May sleep; no lock of rank
 * WRITEBACK or above held.
 */
void writeback_throttle(void);

/* obj.c: write all dirty pages of o and wait. An error stays with o for the next sync of it. */
void obj_write_back(struct obj *o);
/* obj.c: drop up to `want` clean, idle pages of o; 0 if somebody works on it. */
unsigned long obj_reclaim_from(struct obj *o, unsigned long want);
