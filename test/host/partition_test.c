/*
 * Boot records: which partition holds the root, what its requests become, and tables that lie.
 */
#include "unit.h"

#include "../../kernel/dev/block.c"
#include "../../kernel/dev/partition.c"

#define SECTORS 4096

static u8 record[SECTOR_SIZE];
static u64 last_sector;
static unsigned flushes;
static int status; /* that requests end with */

static void disk_submit(struct block_device *dev, struct block_request *rq)
{
	assert_ptr_equal(rq->dev, dev);
	last_sector = rq->sector;
	if (rq->sector == 0 && !rq->write)
		memcpy((u8 *)page_addr(rq->seg[0].page) + rq->seg[0].offset, record, SECTOR_SIZE);
	block_done(rq, status);
}

static int disk_flush(struct block_device *dev UNUSED)
{
	flushes++;
	return 0;
}

static struct block_device disk = {
	.name = "hda", .sectors = SECTORS, .submit = disk_submit, .flush = disk_flush};

static void entry(unsigned i, u8 boot, u8 type, u32 start, u32 sectors)
{
	u8 *e = record + 446 + 16 * i;

	e[0] = boot;
	e[4] = type;
	for (unsigned k = 0; k < 4; k++) {
		e[8 + k] = (u8)(start >> 8 * k);
		e[12 + k] = (u8)(sectors >> 8 * k);
	}
}

static int clean(void **state UNUSED)
{
	memset(record, 0, sizeof(record));
	record[510] = 0x55;
	record[511] = 0xaa;
	status = 0;
	disk.name = "hda";
	host_log_clear();
	return 0;
}

static struct block_device *root_of_disk(void)
{
	struct block_device *root = NULL;

	assert_int_equal(partition_root(&disk, &root), 0);
	return root;
}

static void the_first_linux_partition(void **state UNUSED)
{
	struct block_device *root;

	entry(0, 0, 0x0c, 8, 16);
	entry(1, 0x80, 0x83, 2048, 1000);
	entry(2, 0, 0x83, 3048, 1000);
	root = root_of_disk();
	assert_string_equal(root->name, "hda2");
	assert_int_equal(root->sectors, 1000);
	assert_false(root->read_only);
	disk.name = "ram0";
	assert_string_equal(root_of_disk()->name, "ram0p2");
	entry(1, 0, 0x83, 1, SECTORS - 1);
	assert_int_equal(root_of_disk()->sectors, SECTORS - 1);
}

static void its_requests_are_the_disks(void **state UNUSED)
{
	struct block_device *root;
	struct page *page = page_alloc(0, 0);
	struct block_segment segment = {.page = page, .len = 2 * SECTOR_SIZE};
	struct block_request rq = {.write = true, .seg = &segment, .nseg = 1, .sector = 998};

	entry(3, 0, 0x83, 2048, 1000);
	root = root_of_disk();
	assert_int_equal(block_io(root, &rq), 0);
	assert_int_equal(last_sector, 2048 + 998);
	assert_int_equal(root->flush(root), 0);
	assert_int_equal(flushes, 1);
	status = -EIO;
	rq.sector = 0;
	assert_int_equal(block_io(root, &rq), -EIO);
	assert_int_equal(last_sector, 2048);
	last_sector = 1;
	rq.sector = 999; /* the second of its sectors is not the partition's */
	assert_int_equal(block_io(root, &rq), -EIO);
	assert_int_equal(last_sector, 1);
	page_free(page, 0);
}

static void disks_without_a_table(void **state UNUSED)
{
	assert_ptr_equal(root_of_disk(), &disk); /* no entries */
	entry(0, 0, 0x0c, 8, 16);
	assert_ptr_equal(root_of_disk(), &disk); /* nothing of Linux's */
	entry(0, 0x80, 0x83, 2048, 1000);
	record[510] = 0;
	assert_ptr_equal(root_of_disk(), &disk); /* no signature */
	record[510] = 0x55;
	entry(3, 0x41, 0x20, 0, 0);
	assert_ptr_equal(root_of_disk(), &disk); /* text in place of a table */
	entry(3, 0, 0, 0, 0);
	assert_int_equal(host_log_count(), 0);
	status = -EIO;
	assert_ptr_equal(root_of_disk(), &disk);
	assert_int_equal(host_log_count(), 1);
}

static void entries_that_lie(void **state UNUSED)
{
	entry(0, 0, 0x83, 2048, SECTORS);
	entry(1, 0, 0x83, 0xffffffff, 0xffffffff);
	entry(2, 0, 0x83, 0, 8);
	entry(3, 0, 0x83, 8, 0);
	assert_ptr_equal(root_of_disk(), &disk);
	assert_int_equal(host_log_count(), 4);
	entry(3, 0, 0x83, 8, 8);
	assert_string_equal(root_of_disk()->name, "hda4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_linux_partition, clean),
		cmocka_unit_test_setup(its_requests_are_the_disks, clean),
		cmocka_unit_test_setup(disks_without_a_table, clean),
		cmocka_unit_test_setup(entries_that_lie, clean),
	};

	host_log_quiet(true);
	host_boot(64);
	block_register(&disk);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
