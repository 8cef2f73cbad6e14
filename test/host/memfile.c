/*
 * See memfile.h.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/printf.h"
#include "memfile.h"

static struct memfile *memfile_of(struct obj *o)
{
	return CONTAINER_OF(o, struct memfile, obj);
}

static int memfile_read(struct obj *o, struct page *p)
{
	struct memfile *f = memfile_of(o);

	ASSERT(p->flags & PAGE_BUSY && p->index < MEMFILE_PAGES);
	if (f->on_read)
		f->on_read(f);
	if (f->read_error)
		return f->read_error;
	f->reads++;
	memcpy(page_addr(p), f->disk[p->index], PAGE_SIZE);
	return 0;
}

static int memfile_write(struct obj *o, struct page **pages, unsigned n)
{
	struct memfile *f = memfile_of(o);

	if (f->write_error)
		return f->write_error;
	for (unsigned i = 0; i < n; i++) {
		ASSERT(pages[i]->flags & PAGE_BUSY && f->reserved[pages[i]->index]);
		memcpy(f->disk[pages[i]->index], page_addr(pages[i]), PAGE_SIZE);
		f->writes++;
	}
	if (f->on_write)
		f->on_write(f);
	return 0;
}

static int memfile_reserve(struct obj *o, ulong index)
{
	struct memfile *f = memfile_of(o);

	ASSERT(index < MEMFILE_PAGES);
	if (f->reserve_error)
		return f->reserve_error;
	f->reserved[index] = true;
	return 0;
}

static void memfile_touched(struct obj *o)
{
	memfile_of(o)->touched++;
}

static void memfile_release(struct obj *o)
{
	free(memfile_of(o));
}

static const struct obj_ops ops = {
	.read = memfile_read,
	.write = memfile_write,
	.reserve = memfile_reserve,
	.touched = memfile_touched,
	.release = memfile_release,
};

struct memfile *memfile_new(u64 size)
{
	struct memfile *f = calloc(1, sizeof(*f));

	ASSERT(f);
	for (unsigned i = 0; i * PAGE_SIZE < size; i++)
		memset(f->disk[i], (int)i + 1, MIN(PAGE_SIZE, size - i * PAGE_SIZE));
	obj_init(&f->obj, &ops, size);
	return f;
}
