/*
 * The address space's invariants, recomputed from scratch.
 */
#pragma once

struct mm;

/*
 * Panic if an invariant of mm is broken: vmas sorted, disjoint, aligned, gaps right; each entry of
 * the page table inside a vma, with rights that the vma and the state of its page allow, mapping
 * the page that the anon table or the object names; no private page beyond the end of its file;
 * pages of the objects that are mapped their own and at their index; counts as recounted. Takes mm->lock (write); costs time linear in mappings and entries.
 */
void mm_check(struct mm *mm);
