/*
 * Partitions: a range of a disk's sectors as a block device.
 *
 * The master boot record is the disk's first sector: boot code, four entries from byte 446 on, and
 * a signature (UEFI Specification 2.9, section 5.2.1, tables 5-1 and 5-2). A file system that fills
 * a whole disk may leave the same signature there, and anything in place of entries; so a table
 * counts only if each of its entries can be one, and a disk without a Linux partition is taken as a
 * whole.
 *
 * A partition has no queue: its requests become the disk's, so it needs no lock.
 */
#include "dev/partition.h"

#include "dev/block.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "vm/kmalloc.h"
#include "vm/page.h"

#define MBR_TABLE 446
#define MBR_ENTRIES 4u
#define MBR_ENTRY_SIZE 16
#define MBR_SIGNATURE 510
#define ENTRY_STATUS 0 /* 0x80: boot from it; 0 */
#define ENTRY_TYPE 4
#define ENTRY_START 8
#define ENTRY_SECTORS 12
#define TYPE_LINUX 0x83

struct partition {
	struct block_device block;
	char name[16];
	struct block_device *disk;
	u64 start; /* sector of the disk */
};

static u32 read_le32(const u8 *p)
{
	return p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static bool mbr_valid(const u8 *sector)
{
	if (sector[MBR_SIGNATURE] != 0x55 || sector[MBR_SIGNATURE + 1] != 0xaa)
		return false;
	for (unsigned i = 0; i < MBR_ENTRIES; i++)
		if (sector[MBR_TABLE + i * MBR_ENTRY_SIZE + ENTRY_STATUS] & 0x7f)
			return false;
	return true;
}

/*
 * The number, from 1, of the first Linux partition in the boot record of `disk`; 0: there is none.
 */
static unsigned find_linux(
	const struct block_device *disk, const u8 *sector, u64 *start, u64 *sectors)
{
	if (!mbr_valid(sector))
		return 0;
	for (unsigned i = 0; i < MBR_ENTRIES; i++) {
		const u8 *entry = sector + MBR_TABLE + i * MBR_ENTRY_SIZE;

		if (entry[ENTRY_TYPE] != TYPE_LINUX)
			continue;
		*start = read_le32(entry + ENTRY_START);
		*sectors = read_le32(entry + ENTRY_SECTORS);
		if (*start && *sectors && *start + *sectors <= disk->sectors)
			return i + 1;
		log_warn("%s: partition %u cannot be used: sectors %llu to %llu are not within the "
			 "disk\n",
			disk->name, i + 1, (unsigned long long)*start,
			(unsigned long long)(*start + *sectors));
	}
	return 0;
}

static void partition_submit(struct block_device *dev, struct block_request *rq)
{
	struct partition *p = dev->private;

	rq->sector += p->start;
	block_submit(p->disk, rq);
}

static int partition_flush(struct block_device *dev)
{
	struct partition *p = dev->private;

	return p->disk->flush(p->disk);
}

static int partition_create(struct block_device *disk, unsigned number, u64 start, u64 sectors,
	struct block_device **out)
{
	struct partition *p = kzalloc(sizeof(*p), ALLOC_WAIT);
	char last = disk->name[strlen(disk->name) - 1];

	if (!p)
		return -ENOMEM;
	fmt(p->name, sizeof(p->name), last >= '0' && last <= '9' ? "%sp%u" : "%s%u", disk->name,
		number);
	p->disk = disk;
	p->start = start;
	p->block = (struct block_device){
		.name = p->name,
		.sectors = sectors,
		.read_only = disk->read_only,
		.submit = partition_submit,
		.flush = partition_flush,
		.private = p,
	};
	block_register(&p->block);
	*out = &p->block;
	return 0;
}

int partition_root(struct block_device *disk, struct block_device **root)
{
	struct page *page = page_alloc(0, ALLOC_WAIT);
	struct block_segment segment = {.page = page, .len = SECTOR_SIZE};
	struct block_request rq = {.seg = &segment, .nseg = 1};
	u64 start, sectors;
	unsigned number;
	int err = 0;

	if (!page)
		return -ENOMEM;
	*root = disk;
	if (block_io(disk, &rq)) {
		log_warn("%s: the first sector cannot be read\n", disk->name);
	} else {
		number = find_linux(disk, page_addr(page), &start, &sectors);
		if (number)
			err = partition_create(disk, number, start, sectors, root);
	}
	page_free(page, 0);
	return err;
}
