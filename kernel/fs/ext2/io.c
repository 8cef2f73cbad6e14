/*
 * Requests to the device, a few in flight at a time.
 *
 * Pieces that follow one another on the device are gathered in one request of up to
 * BLOCK_MAX_SEGMENTS segments. The requests form a ring; the segments are handed out in order and
 * taken back all together when everything has ended.
 */
#include "fs/ext2/ext2.h"

#include "lib/errno.h"

#define SECTOR_SHIFT 9

void io_begin(struct io_batch *io, struct block_device *dev, bool write)
{
	io->dev = dev;
	io->write = write;
	io->error = 0;
	io->first = 0;
	io->count = 0;
	io->nseg = 0;
}

/* The request being filled is the last of the ring. */
static struct block_request *filling(struct io_batch *io)
{
	return &io->rq[(io->first + io->count - 1) % IO_REQUESTS];
}

static void start_last(struct io_batch *io)
{
	block_submit(io->dev, filling(io));
}

static void wait_first(struct io_batch *io)
{
	int err = block_wait(&io->rq[io->first]);

	if (err && !io->error)
		io->error = err;
	io->first = (io->first + 1) % IO_REQUESTS;
	io->count--;
}

/* Everything in flight, but for the one being filled, which was started: wait for it. */
static void drain(struct io_batch *io)
{
	while (io->count)
		wait_first(io);
	io->nseg = 0;
}

static void begin_request(struct io_batch *io, u64 pos)
{
	struct block_request *rq;

	if (io->nseg == IO_SEGMENTS)
		drain(io);
	else if (io->count == IO_REQUESTS)
		wait_first(io);
	io->count++;
	rq = filling(io);
	*rq = (struct block_request){
		.write = io->write, .sector = pos >> SECTOR_SHIFT, .seg = &io->seg[io->nseg]};
	io->next_sector = rq->sector;
}

void io_add(struct io_batch *io, struct page *page, u32 offset, u32 n, u64 pos)
{
	struct block_request *rq = io->count ? filling(io) : NULL;

	if (!rq || rq->nseg == BLOCK_MAX_SEGMENTS || io->nseg == IO_SEGMENTS ||
		io->next_sector != pos >> SECTOR_SHIFT) {
		if (rq)
			start_last(io);
		begin_request(io, pos);
		rq = filling(io);
	}
	rq->seg[rq->nseg++] = (struct block_segment){page, offset, n};
	io->nseg++;
	io->next_sector += n >> SECTOR_SHIFT;
}

int io_end(struct io_batch *io)
{
	if (io->count)
		start_last(io);
	drain(io);
	return io->error;
}
