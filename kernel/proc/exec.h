/*
 * execve: the new program's arguments, and the call itself.
 *
 * Strings are gathered in pages of the kernel before the old address space is touched: one run of
 * bytes for the caller's arguments and environment, and a short list of strings that scripts put in
 * front.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

struct file;
struct mm;

#define EXEC_STRING_MAX (32ul << 12) /* one string with its NUL: Linux's MAX_ARG_STRLEN */
#define EXEC_SCRIPT_DEPTH 4	     /* scripts that interpret scripts */
#define EXEC_FRONT_MAX (2 * EXEC_SCRIPT_DEPTH + 2)

struct exec_args {
	struct list pages;   /* the run: argv's strings, then envp's, each with its NUL */
	size_t bytes;	     /* in the run */
	size_t skip;	     /* bytes at its beginning that a script replaced: argv[0] */
	size_t limit;	     /* of bytes, pointers included */
	ulong argc, envc;    /* strings in the run */
	char *front[EXEC_FRONT_MAX]; /* strings before the run's, allocated */
	unsigned nfront;
};

/* Makes the page of user code that signal handlers return to. Boot only. */
void exec_module_init(void);

/* The arguments may take a quarter of the current process's stack limit. */
void exec_args_init(struct exec_args *a);
void exec_args_free(struct exec_args *a);
/*
 * Append the strings of a NULL-terminated user array; NULL is an empty one. Arguments first, then
 * environment. -EFAULT, -E2BIG, -ENOMEM.
 */
int exec_args_user(struct exec_args *a, ulong argv, ulong envp);
/* Append one kernel string as argument or environment. -E2BIG, -ENOMEM. */
int exec_args_add(struct exec_args *a, const char *s, bool env);

/*
 * Replace the current program by the one at path. 0: the trap frame is that of the new program.
 * -errno: nothing has changed. a is used up either way only in content; the caller frees it.
 */
int proc_exec(const char *path, struct exec_args *a);

/* elf.c: what is known of a program once its file is judged. */
#define ELF_SEGMENTS_MAX 32 /* no linker makes that many */
struct elf_segment {
	ulong vaddr, filesz, memsz;
	u64 offset;
	unsigned prot;
};
struct elf_image {
	struct elf_segment segment[ELF_SEGMENTS_MAX];
	unsigned nsegments;
	ulong entry, phdr, phnum, phentsize; /* for the program: addresses after loading */
	ulong end;			     /* of the highest segment */
	bool exec_stack;
};
/*
 * Read and judge the headers. -ENOEXEC for anything that is no program of this machine, -EIO,
 * -ENOMEM; what opening its interpreter says.
 */
int elf_read(struct file *f, struct elf_image *image);
/* Map the segments into mm. -ENOMEM, -ENOEXEC, -ENODEV. */
int elf_map(const struct elf_image *image, struct file *f, struct mm *mm);
/* Zero what lies between a segment's file part and the end of that page; mm is current. -EFAULT. */
int elf_clear_tails(const struct elf_image *image);
