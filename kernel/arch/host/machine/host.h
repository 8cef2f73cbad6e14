/*
 * What tests need of this machine beyond what the kernel does.
 */
#pragma once

#include <setjmp.h>

#include "lib/types.h"
#include "vm/fault.h"
#include "vm/limit.h"

struct mm;

/* --- start --- */

/*
 * The machine with `mib` MiB of memory; a hole is in it. Then the page allocator, slabs, and
 * whatever of the memory system is linked. Once.
 */
void host_boot(unsigned mib);

/* --- CPUs --- */

/*
 * From now on the calling thread of the process acts as CPU n. What it runs is one kernel thread a
 * CPU.
 */
void host_cpu(unsigned n);
/* Let the current CPU run a program of mm (NULL: none), as the scheduler would. */
void host_run(struct mm *mm);
/*
 * Run fn(arg) as a new kernel thread on a CPU of its own, in parallel; host_join waits for it to
 * end.
 */
void host_start(void (*fn)(void *arg), void *arg);
void host_join(void);

/* --- a program's accesses, on the current CPU, to the address space that runs there --- */

/*
 * Load or store one byte as the hardware would: TLB, then tables, then vm_fault. FAULT_OK, or why
 * the program would get its signal. Aborts if a translation leads to a page that is not allocated.
 */
enum fault_result host_load(ulong va, u8 *value);
enum fault_result host_store(ulong va, u8 value);
enum fault_result host_fetch(ulong va, u8 *value);
/* Forget what this CPU's TLB holds of va, as hardware may at any time. */
void host_tlb_forget(ulong va);
/*
 * Does any TLB hold more than the tables of mm allow in [start, end)? For checks between
 * operations: a missing flush shows.
 */
bool host_tlb_stale(struct mm *mm, ulong start, ulong end);

/* --- limits: those of the process that all CPUs run; none until they are set --- */

void host_set_limit(enum limit which, ulong bytes);

/* --- open files: nothing but a count, which must be what the mappings make it --- */

struct file;
struct obj;
struct file *host_file_new(struct obj *obj);
unsigned host_file_refs(const struct file *f);
void host_file_free(struct file *f);

/* --- the log --- */

/* The last line, and how many there were; cleared by host_log_clear. */
const char *host_log_last(void);
unsigned host_log_count(void);
void host_log_clear(void);
/* Do not copy the log to standard error. */
void host_log_quiet(bool quiet);

/*
 * Does running the statement panic, with this text in the message? The state of what it worked on
 * is not to be used any more, unless the statement only looked at it.
 */
#define host_panics(statement, text) \
	({ \
		bool _panicked = false; \
		if (setjmp(*host_panic_catch()) == 0) { \
			statement; \
			host_panic_uncatch(); \
		} else { \
			_panicked = host_panic_said(text); \
		} \
		_panicked; \
	})
jmp_buf *host_panic_catch(void);
void host_panic_uncatch(void);
bool host_panic_said(const char *text);
