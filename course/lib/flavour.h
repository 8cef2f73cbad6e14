/*
 * What the files of the flavour library share. The library stands between programs that are written
 * to another system's user interface (a flavour: course/flavours/NAME) and mv6's own calls.
 *
 * A function that programs may call is called xv6_NAME here and NAME in the finished library; all
 * other names, those of the C library underneath included, are hidden from programs. Most of the
 * library sees only the C library's headers; shape.c alone sees the flavour's, and turns one into the
 * other. Each flavour adds what differs: its exit, wait, printf and mmap.
 *
 * A program has one thread. Failure is -1, as its interface wants it; errno is the library's own.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ul
#define DOWN(x) ((uintptr_t)(x) & ~(PAGE - 1))
#define UP(x) (((uintptr_t)(x) + PAGE - 1) & ~(PAGE - 1))

/* What the flavour's headers say (shape.c). */
struct shape {
	int files, processes, arguments; /* a process's descriptors; all processes; of one exec */
	size_t name, path; /* bytes of a name and of a path, its end included */
	uint64_t file_size;
	size_t stack; /* bytes */
	uintptr_t heap_end; /* no byte of the heap lies there or above */
	uintptr_t clear_from, clear_to; /* addresses a program finds empty; equal: nothing to do */
	bool can_truncate; /* open knows how to empty a file */
	bool lazy_heap; /* sbrk and malloc promise memory */
};
extern const struct shape shape;

/* start.c: the program itself, called on a stack of its own (MACHINE/stack.S). */
int program_main(int argc, char **argv);
_Noreturn void run_on_stack(uintptr_t top, void (*fn)(void));
/* Ends the process with any number for its parent's wait. */
_Noreturn void leave(int status);
/* Signals that mean nothing to a flavour: ignored, or as they are for others. */
void ignore_signals(bool ignore);

/* proc.c: a child's number, and what it ended with (-1: killed) in *status, or -1. */
int wait_child(int *status);

/* path.c: a name as the flavour understands it, in one of two buffers; NULL if it can be none. */
const char *path_get(const char *name, int buffer);
/* May the bytes be touched? */
bool is_mapped(const void *p, size_t n);

/* file.c */
int file_open(const char *name, int linux_flags);
int file_read(int fd, void *buf, int n);
int file_write(int fd, const void *buf, int n);

enum file_kind { FILE_PLAIN, FILE_DIRECTORY, FILE_DEVICE, FILE_LINK };
struct file_facts {
	enum file_kind kind;
	unsigned ino, nlink;
	uint64_t size;
};
/* -1 for what has no such facts: pipes. */
int file_facts(int fd, struct file_facts *out);
int file_mknod(const char *name, bool console, int number);
/* Calls of the interface that the library itself uses. */
int xv6_close(int fd);
int xv6_dup(int fd);
int xv6_sleep(int ticks);

/* shape.c: one record of a directory, record_size bytes. */
extern const size_t record_size;
void record_fill(void *record, unsigned ino, const char *name);

/* heap.c: sets the heap's start, moves its end: the old end, or -1. */
void heap_begin(uintptr_t start);
void *heap_move(long delta, bool lazy);

/* print.c */
enum print_style { PRINT_NARROW, PRINT_WIDE };
void print(int fd, enum print_style style, const char *format, va_list ap);
/* Writes a line of the library's own to descriptor 2. */
void complain(const char *text);
