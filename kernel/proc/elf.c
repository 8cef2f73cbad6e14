/*
 * ELF program files (System V ABI, "Object Files" and "Program Loading"): static ones, at fixed
 * addresses (ET_EXEC) or anywhere (ET_DYN, static-PIE).
 *
 * The headers are judged completely before anything is mapped. Nothing in them is believed: sizes
 * are checked against the file and user space, sums against overflow, segments for order, so that
 * mapping can only fail for want of memory.
 */
#include "fs/file.h"
#include "fs/path.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/elf.h"
#include "machine/param.h"
#include "proc/exec.h"
#include "vm/kmalloc.h"
#include "vm/mm.h"
#include "vm/page.h"
#include "vm/uaccess.h"

#define PIE_BASE 0x10000000ul /* where programs that run anywhere are loaded */

#define EI_CLASS 4
#define EI_DATA 5
#define EI_VERSION 6
#define DATA_LITTLE 1
#define ET_EXEC 2
#define ET_DYN 3
#define PT_LOAD 1
#define PT_INTERP 3
#define PT_GNU_STACK 0x6474e551
#define PF_X 1
#define PF_W 2
#define PF_R 4
#define CLASS_64 2

/* Both classes have these fields in this order, with addresses of the machine's size. */
struct elf_header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	ulong entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf32_phdr {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
struct elf64_phdr {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

#define PHDR_SIZE (ELF_CLASS == CLASS_64 ? sizeof(struct elf64_phdr) : sizeof(struct elf32_phdr))
#define PHDRS_MAX 65536u /* bytes of program headers, as Linux has it */

/* The n-th program header, in the form of the larger class. */
static struct elf64_phdr phdr_get(const void *table, unsigned n)
{
	const struct elf32_phdr *p = (const struct elf32_phdr *)table + n;

	if (ELF_CLASS == CLASS_64)
		return ((const struct elf64_phdr *)table)[n];
	return (struct elf64_phdr){ .type = p->type, .flags = p->flags, .offset = p->offset,
				    .vaddr = p->vaddr, .filesz = p->filesz, .memsz = p->memsz };
}

static int read_whole(struct file *f, void *buf, size_t n, u64 off)
{
	ssize_t got;

	if (off > (u64)INT64_MAX - n)
		return -ENOEXEC;
	got = file_pread(f, buf, n, (off_t)off);
	if (got < 0)
		return (int)got;
	return (size_t)got == n ? 0 : -ENOEXEC;
}

static int read_header(struct file *f, struct elf_header *eh)
{
	static const u8 magic[4] = { 0x7f, 'E', 'L', 'F' };
	int err = read_whole(f, eh, sizeof(*eh), 0);

	if (err)
		return err;
	if (memcmp(eh->ident, magic, sizeof(magic)) || eh->ident[EI_CLASS] != ELF_CLASS ||
	    eh->ident[EI_DATA] != DATA_LITTLE || eh->ident[EI_VERSION] != 1)
		return -ENOEXEC;
	if ((eh->type != ET_EXEC && eh->type != ET_DYN) || eh->machine != ELF_MACHINE)
		return -ENOEXEC;
	if (eh->phentsize != PHDR_SIZE || !eh->phnum || eh->phnum * PHDR_SIZE > PHDRS_MAX)
		return -ENOEXEC;
	return 0;
}

/*
 * There is no dynamic linking: a program that names a loader is none of ours. But say what is wrong
 * with the name first, since "not found" is what people look for.
 */
static int judge_interpreter(struct file *f, const struct elf64_phdr *ph)
{
	struct file *interp;
	char *name;
	int err;

	if (ph->filesz < 2 || ph->filesz > PATH_MAX)
		return -ENOEXEC;
	name = kmalloc(ph->filesz, ALLOC_WAIT);
	if (!name)
		return -ENOMEM;
	err = read_whole(f, name, ph->filesz, ph->offset);
	if (!err && name[ph->filesz - 1])
		err = -ENOEXEC;
	if (!err)
		err = fs_open_exec(AT_FDCWD, name, &interp);
	if (!err) {
		file_drop(interp);
		err = -ENOEXEC;
	}
	kmfree(name);
	return err;
}

static unsigned segment_prot(u32 flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) |
	       (flags & PF_X ? PROT_EXEC : 0);
}

/* Append a PT_LOAD header, moved by bias, to the image. */
static int add_segment(struct elf_image *image, const struct elf64_phdr *ph, ulong bias,
		       u64 file_size)
{
	struct elf_segment *s = &image->segment[image->nsegments];
	u64 start = ph->vaddr + bias, end = start + ph->memsz;

	if (!ph->memsz)
		return ph->filesz ? -ENOEXEC : 0;
	if (image->nsegments == ELF_SEGMENTS_MAX || ph->filesz > ph->memsz)
		return -ENOEXEC;
	if (start < ph->vaddr || end < start || end > STACK_TOP || start < MMAP_MIN)
		return -ENOEXEC;
	if (ph->offset > file_size || ph->filesz > file_size - ph->offset)
		return -ENOEXEC;
	if (ph->filesz && ((ph->vaddr ^ ph->offset) & PAGE_MASK))
		return -ENOEXEC;
	/* Ascending, and no page in two segments. */
	if (image->nsegments && ALIGN_DOWN(start, PAGE_SIZE) < ALIGN_UP(image->end, PAGE_SIZE))
		return -ENOEXEC;
	*s = (struct elf_segment){ (ulong)start, (ulong)ph->filesz, (ulong)ph->memsz, ph->offset,
				   segment_prot(ph->flags) };
	image->nsegments++;
	image->end = (ulong)end;
	return 0;
}

/* What the segments together must fulfil; the addresses the program is told. */
static int finish_image(struct elf_image *image, const struct elf_header *eh, ulong bias)
{
	bool runnable = false;

	image->entry = eh->entry + bias;
	image->phnum = eh->phnum;
	image->phentsize = PHDR_SIZE;
	for (unsigned i = 0; i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segment[i];

		if ((s->prot & PROT_EXEC) && image->entry >= s->vaddr &&
		    image->entry - s->vaddr < s->memsz)
			runnable = true;
		if (eh->phoff >= s->offset && eh->phoff - s->offset < s->filesz)
			image->phdr = s->vaddr + (ulong)(eh->phoff - s->offset);
	}
	return runnable ? 0 : -ENOEXEC;
}

static int judge_phdrs(struct file *f, const struct elf_header *eh, const void *table,
		       struct elf_image *image)
{
	ulong bias = eh->type == ET_DYN ? PIE_BASE : 0;
	struct kstat st;
	int err = file_stat(f, &st);

	for (unsigned i = 0; !err && i < eh->phnum; i++) {
		struct elf64_phdr ph = phdr_get(table, i);

		if (ph.type == PT_INTERP)
			err = judge_interpreter(f, &ph);
	}
	for (unsigned i = 0; !err && i < eh->phnum; i++) {
		struct elf64_phdr ph = phdr_get(table, i);

		if (ph.type == PT_LOAD)
			err = add_segment(image, &ph, bias, st.size);
		else if (ph.type == PT_GNU_STACK)
			image->exec_stack = ph.flags & PF_X;
	}
	return err ? err : finish_image(image, eh, bias);
}

int elf_read(struct file *f, struct elf_image *image)
{
	struct elf_header eh;
	void *table;
	int err = read_header(f, &eh);

	if (err)
		return err;
	memset(image, 0, sizeof(*image));
	table = kmalloc(eh.phnum * PHDR_SIZE, ALLOC_WAIT);
	if (!table)
		return -ENOMEM;
	err = read_whole(f, table, eh.phnum * PHDR_SIZE, eh.phoff);
	if (!err)
		err = judge_phdrs(f, &eh, table, image);
	kmfree(table);
	return err;
}

/* The file's part of a segment, in whole pages, and after it anonymous memory. */
static int map_segment(const struct elf_segment *s, struct file *f, struct obj *obj, struct mm *mm)
{
	ulong start = ALIGN_DOWN(s->vaddr, PAGE_SIZE),
	      end = ALIGN_UP(s->vaddr + s->memsz, PAGE_SIZE);
	ulong file_end = s->filesz ? ALIGN_UP(s->vaddr + s->filesz, PAGE_SIZE) : start;
	struct map_request rq = {
		.addr = start, .len = file_end - start, .prot = s->prot, .max_prot = PROT_ALL,
		.flags = MAP_PRIVATE | MAP_FIXED, .obj = obj, .file = f,
		.pgoff = s->offset >> PAGE_SHIFT,
	};
	long at = rq.len ? mm_map(mm, &rq) : 0;

	if (at < 0)
		return (int)at;
	if (file_end == end)
		return 0;
	rq = (struct map_request){ .addr = file_end, .len = end - file_end, .prot = s->prot,
				   .max_prot = PROT_ALL,
				   .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };
	at = mm_map(mm, &rq);
	return at < 0 ? (int)at : 0;
}

int elf_map(const struct elf_image *image, struct file *f, struct mm *mm)
{
	struct obj *obj = NULL;
	int err = f->ops->mmap ? f->ops->mmap(f, false, &obj) : -ENODEV;

	if (!err && !obj)
		err = -ENODEV;
	for (unsigned i = 0; !err && i < image->nsegments; i++)
		err = map_segment(&image->segment[i], f, obj, mm);
	return err;
}

/* A tail in a segment that is not writable keeps the file's bytes: it cannot hold variables. */
int elf_clear_tails(const struct elf_image *image)
{
	int err;

	for (unsigned i = 0; i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segment[i];
		ulong from = s->vaddr + s->filesz, to = ALIGN_UP(from, PAGE_SIZE);

		if (!s->filesz || s->filesz == s->memsz || !(s->prot & PROT_WRITE))
			continue;
		err = uaccess_prefault(from, to - from, PROT_WRITE);
		if (err)
			return err;
		if (clearout_some(from, to - from))
			return -EFAULT;
	}
	return 0;
}
