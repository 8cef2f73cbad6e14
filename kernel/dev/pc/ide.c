/*
 * ATA disks on the PC's two IDE channels, at the ports and interrupts that IBM's AT gave them,
 * with or without a PCI function that moves the data by itself.
 *
 * Sources: ATA/ATAPI-6 (T13/1410D); PCI IDE Controller Specification 1.0; Programming Interface
 * for Bus Master IDE Controller 1.0 (Intel, 1994).
 *
 * A channel does one request at a time, whichever of its two drives it is for; the others wait in
 * a list. Requests are started by whoever submits or by the interrupt that ends the one before.
 * Data goes by bus-master DMA, or else a sector an interrupt. Transfer modes and timings are the
 * firmware's.
 *
 * A timer runs while there is a request under way. A drive that exceeds its time fails the request
 * and is reset; until it is ready again, which the timer looks after, nothing is started. One that
 * never gets ready fails everything from then on.
 *
 * Letter: (l) the channel's lock, RANK_DEV; interrupts take it.
 */
#include "dev/pc/ide.h"

#include "arch.h"
#include "arch/irq.h"
#include "arch/mmu.h"
#include "dev/block.h"
#include "dev/pc/pci.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "lib/printf.h"
#include "machine/io.h"
#include "proc/timer.h"
#include "vm/kmalloc.h"
#include "vm/page.h"

/* The command block, from its first port (ATA/ATAPI-6, section 7). */
#define R_DATA 0
#define R_ERROR 1
#define R_COUNT 2
#define R_LBA_LOW 3
#define R_LBA_MID 4
#define R_LBA_HIGH 5
#define R_DEVICE 6
#define R_STATUS 7
#define R_COMMAND 7

#define STATUS_ERR 0x01
#define STATUS_DRQ 0x08
#define STATUS_DF 0x20
#define STATUS_BSY 0x80
#define STATUS_NOTHING 0xff /* what a bus reads as that has no device */
#define DEVICE_FIXED 0xa0 /* bits that old drives want to be set */
#define DEVICE_LBA 0x40
#define DEVICE_UNIT 4 /* shift */
#define CONTROL_NO_INTERRUPT 0x02
#define CONTROL_RESET 0x04

#define IDENTIFY_DEVICE 0xec
#define READ_SECTORS 0x20
#define READ_SECTORS_EXT 0x24
#define WRITE_SECTORS 0x30
#define WRITE_SECTORS_EXT 0x34
#define READ_DMA 0xc8
#define READ_DMA_EXT 0x25
#define WRITE_DMA 0xca
#define WRITE_DMA_EXT 0x35
#define FLUSH_CACHE 0xe7
#define FLUSH_CACHE_EXT 0xea

#define LBA28_SECTORS (1ull << 28)

/* The bus-master registers of a channel. */
#define BM_COMMAND 0
#define BM_STATUS 2
#define BM_TABLE 4
#define BM_CHANNEL 8 /* bytes of registers */
#define BM_START 0x01
#define BM_TO_MEMORY 0x08
#define BM_ERROR 0x02
#define BM_INTERRUPT 0x04
#define BM_SIMPLEX 0x80
#define BM_BAR 4
#define PRD_LAST 0x8000

#define PCI_CLASS_STORAGE 1
#define PCI_SUBCLASS_IDE 1
#define INTERFACE_NATIVE(channel) (0x01 << 2 * (channel))
#define INTERFACE_MASTER 0x80

#define TRANSFER_TIME (10 * NSEC)
#define FLUSH_TIME (60 * NSEC) /* a full cache, sector by sector */
#define RESET_TIME (31 * NSEC) /* 9.2: a drive may take that long to be ready */
#define RESET_POLL (NSEC / 50)
#define RESET_PULSE 5 /* microseconds, as all of these: 9.2 */
#define SELECT_WAIT 1000 /* for a drive that has nothing to do */
#define FIRST_SECTOR_WAIT 20000 /* for a drive to take the first data of a write */
#define PROBE_WAIT 2000000
#define COMPLAINTS_MAX 20u

/* An entry of the table that the bus master follows: a piece of memory within 64 KiB. */
struct prd {
	u32 addr;
	u16 len, flags;
};

enum channel_state {
	WORKING,
	RESETTING, /* nothing can be started */
	DEAD, /* nothing ever again */
};

struct channel {
	ulong command, control; /* the first ports of the two blocks */
	ulong master; /* of the bus-master registers; 0 if there are none */
	unsigned irq;
	struct spinlock lock;
	enum channel_state state; /* (l) */
	struct block_request *current; /* (l) under way */
	struct block_request *waiting, **last; /* (l) by `next` */
	bool dma; /* (l) current goes by DMA; if not: */
	unsigned seg, offset, left; /* (l) where its next sector is; sectors to go */
	struct prd *table; /* (l) BLOCK_MAX_SEGMENTS of them */
	u64 deadline; /* (l) of current, or of the reset */
	struct timer timer; /* armed by the lock's holder only */
	u64 timer_at; /* (l) when it fires; WAIT_FOREVER: not armed */
	unsigned complaints; /* (l) */
};

struct drive {
	struct block_device block;
	char name[8];
	struct channel *channel;
	u8 unit; /* 0: master, 1: slave */
	bool dma;
	bool lba48;
	u8 flush; /* the command; 0: it has none */
};

/* --- registers --- */

static u8 read_status(const struct channel *ch)
{
	return io_read8(ch->command + R_STATUS);
}

/* The status without acknowledging the interrupt. */
static u8 peek_status(const struct channel *ch)
{
	return io_read8(ch->control);
}

/* 400 ns, after which the status is that of the drive just selected or commanded (section 9). */
static void settle(const struct channel *ch)
{
	for (unsigned i = 0; i < 4; i++)
		peek_status(ch);
}

/* Wait for at most so many microseconds until the drive is not busy. Its status. */
static u8 wait_idle(const struct channel *ch, u32 microseconds)
{
	u8 status = peek_status(ch);

	while ((status & STATUS_BSY) && microseconds-- > 0) {
		clock_delay(1);
		status = peek_status(ch);
	}
	return status;
}

static void select(const struct channel *ch, u8 unit)
{
	io_write8(ch->command + R_DEVICE, (u8)(DEVICE_FIXED | DEVICE_LBA | unit << DEVICE_UNIT));
	settle(ch);
}

/*
 * Registers that hold 48-bit addresses take the upper half first (6.20). Without it the count is of
 * 8 bits, and 0 of it means 256.
 */
_Static_assert(BLOCK_MAX_SEGMENTS *PAGE_SIZE <= 256 * SECTOR_SIZE, "a request is one command");
static void write_address(const struct channel *ch, u64 sector, u32 count)
{
	io_write8(ch->command + R_COUNT, (u8)count);
	io_write8(ch->command + R_LBA_LOW, (u8)sector);
	io_write8(ch->command + R_LBA_MID, (u8)(sector >> 8));
	io_write8(ch->command + R_LBA_HIGH, (u8)(sector >> 16));
}

static void read_sector(const struct channel *ch, u16 *to)
{
	for (unsigned i = 0; i < SECTOR_SIZE / 2; i++)
		to[i] = io_read16(ch->command + R_DATA);
}

static void write_sector(const struct channel *ch, const u16 *from)
{
	for (unsigned i = 0; i < SECTOR_SIZE / 2; i++)
		io_write16(ch->command + R_DATA, from[i]);
}

/* --- one request --- */

static struct drive *drive_of(const struct block_request *rq)
{
	return rq->dev->private;
}

static u32 count_sectors(const struct block_request *rq)
{
	u32 bytes = 0;

	for (unsigned i = 0; i < rq->nseg; i++)
		bytes += rq->seg[i].len;
	return bytes / SECTOR_SIZE;
}

/* Segments are parts of pages, so none crosses 64 KiB; all RAM we use lies below 4 GiB. */
static void dma_prepare(struct channel *ch, const struct block_request *rq)
{
	u8 status = io_read8(ch->master + BM_STATUS);

	for (unsigned i = 0; i < rq->nseg; i++) {
		const struct block_segment *s = &rq->seg[i];

		ch->table[i] = (struct prd){
			.addr = (u32)(page_paddr(s->page) + s->offset),
			.len = (u16)s->len,
			.flags = i + 1 == rq->nseg ? PRD_LAST : 0,
		};
	}
	io_memory_barrier();
	io_write32(ch->master + BM_TABLE, (u32)virt_to_phys(ch->table));
	io_write8(ch->master + BM_COMMAND, rq->write ? 0 : BM_TO_MEMORY);
	/* Both are cleared by writing 1. */
	io_write8(ch->master + BM_STATUS, status | BM_ERROR | BM_INTERRUPT);
}

static void dma_start(const struct channel *ch, bool write)
{
	io_write8(ch->master + BM_COMMAND, (write ? 0 : BM_TO_MEMORY) | BM_START);
}

static void dma_stop(const struct channel *ch)
{
	io_write8(ch->master + BM_COMMAND, 0);
}

/* Move the next sector through the data port. */
static void pio_move(struct channel *ch)
{
	const struct block_segment *s = &ch->current->seg[ch->seg];
	u16 *at = (u16 *)((char *)page_addr(s->page) + s->offset + ch->offset);

	if (ch->current->write)
		write_sector(ch, at);
	else
		read_sector(ch, at);
	ch->left--;
	ch->offset += SECTOR_SIZE;
	if (ch->offset == s->len) {
		ch->offset = 0;
		ch->seg++;
	}
}

static u8 transfer_command(bool write, bool dma, bool ext)
{
	static const u8 command[2][2][2] = {
		{{READ_SECTORS, READ_SECTORS_EXT}, {READ_DMA, READ_DMA_EXT}},
		{{WRITE_SECTORS, WRITE_SECTORS_EXT}, {WRITE_DMA, WRITE_DMA_EXT}},
	};

	return command[write][dma][ext];
}

/* Write the current request's command to the selected drive. */
static void issue(struct channel *ch)
{
	const struct block_request *rq = ch->current;
	const struct drive *d = drive_of(rq);
	u32 count = count_sectors(rq);
	bool ext = d->lba48 && rq->sector + count > LBA28_SECTORS;

	ch->dma = d->dma;
	ch->seg = ch->offset = 0;
	ch->left = count;
	if (ch->dma)
		dma_prepare(ch, rq);
	if (ext)
		write_address(ch, rq->sector >> 24, count >> 8);
	else
		io_write8(ch->command + R_DEVICE,
			(u8)(DEVICE_FIXED | DEVICE_LBA | d->unit << DEVICE_UNIT |
				(rq->sector >> 24 & 0xf)));
	write_address(ch, rq->sector, count);
	io_write8(ch->command + R_COMMAND, transfer_command(rq->write, ch->dma, ext));
	if (ch->dma)
		dma_start(ch, rq->write);
	settle(ch);
}

static void arm(struct channel *ch, u64 when)
{
	ch->timer_at = when;
	timer_arm(&ch->timer, when);
}

/*
 * Give current this long. A timer that fires earlier is not moved: it looks at the deadline then.
 * So it is never cancelled, which could not be done under the lock.
 */
static void set_deadline(struct channel *ch, u64 time)
{
	ch->deadline = clock_now() + time;
	if (ch->deadline < ch->timer_at)
		arm(ch, ch->deadline);
}

static void finish(struct channel *ch, int status)
{
	struct block_request *rq = ch->current;

	ch->current = NULL;
	block_done(rq, status);
}

/* A line about current, unless there have been many. */
static void complain(struct channel *ch, const char *what, u8 status)
{
	const struct block_request *rq = ch->current;
	char kind[40] = "flush";

	if (ch->complaints++ >= COMPLAINTS_MAX)
		return;
	if (rq->nseg > 0)
		fmt(kind, sizeof(kind), "%s at sector %llu", rq->write ? "write" : "read",
			(unsigned long long)rq->sector);
	log_warn("%s: a %s %s (status %#x, error %#x)%s", rq->dev->name, kind, what, status,
		io_read8(ch->command + R_ERROR),
		ch->complaints == COMPLAINTS_MAX ? "; more of this is not shown" : "");
}

/* Fail current and reset both drives (9.2); the timer goes on from here. */
static void reset(struct channel *ch, const char *why)
{
	complain(ch, why, peek_status(ch));
	if (ch->dma)
		dma_stop(ch);
	io_write8(ch->control, CONTROL_RESET);
	clock_delay(RESET_PULSE);
	io_write8(ch->control, 0);
	ch->state = RESETTING;
	ch->deadline = clock_now() + RESET_TIME;
	arm(ch, clock_now() + RESET_POLL);
	finish(ch, -EIO);
}

/*
 * The first sector of a write without DMA: the protocol has no interrupt for it (9.6), so it is
 * waited for, which a drive that works ends at once.
 */
static void start_pio_write(struct channel *ch)
{
	u8 status = wait_idle(ch, FIRST_SECTOR_WAIT);

	if (status & (STATUS_ERR | STATUS_DF)) {
		complain(ch, "failed", read_status(ch));
		finish(ch, -EIO);
	} else if ((status & STATUS_BSY) || !(status & STATUS_DRQ)) {
		reset(ch, "was not accepted");
	} else {
		pio_move(ch);
	}
}

/* Start current. It may have ended when this returns, and the channel be in a reset. */
static void start(struct channel *ch)
{
	const struct block_request *rq = ch->current;
	const struct drive *d = drive_of(rq);

	ch->dma = false;
	select(ch, d->unit);
	if (wait_idle(ch, SELECT_WAIT) & (STATUS_BSY | STATUS_DRQ)) {
		reset(ch, "found the drive busy");
	} else if (rq->nseg == 0) {
		set_deadline(ch, FLUSH_TIME);
		io_write8(ch->command + R_COMMAND, d->flush);
		settle(ch);
	} else {
		set_deadline(ch, TRANSFER_TIME);
		issue(ch);
		if (rq->write && !ch->dma)
			start_pio_write(ch);
	}
}

/* Start what waits, if nothing is under way. */
static void run(struct channel *ch)
{
	while (ch->state != RESETTING && !ch->current && ch->waiting) {
		struct block_request *rq = ch->waiting;

		ch->waiting = rq->next;
		if (!ch->waiting)
			ch->last = &ch->waiting;
		ch->current = rq;
		if (ch->state == WORKING)
			start(ch);
		else
			finish(ch, -EIO);
	}
}

/* --- interrupts --- */

/* The end of a transfer by DMA. */
static void dma_interrupt(struct channel *ch)
{
	u8 master = io_read8(ch->master + BM_STATUS), status;

	if (!(master & BM_INTERRUPT) || (peek_status(ch) & STATUS_BSY))
		return;
	dma_stop(ch);
	status = read_status(ch);
	io_write8(ch->master + BM_STATUS, master | BM_ERROR | BM_INTERRUPT);
	if ((master & BM_ERROR) || (status & (STATUS_ERR | STATUS_DF | STATUS_DRQ))) {
		complain(ch, "failed", status);
		finish(ch, -EIO);
	} else {
		finish(ch, 0);
	}
}

/* A sector of a read is there, the drive wants the next of a write, or a command has ended. */
static void pio_interrupt(struct channel *ch)
{
	u8 status = read_status(ch);

	if (status & STATUS_BSY)
		return;
	if (status & (STATUS_ERR | STATUS_DF)) {
		complain(ch, "failed", status);
		finish(ch, -EIO);
	} else if (ch->current->nseg == 0) {
		finish(ch, 0);
	} else if (status & STATUS_DRQ) {
		if (ch->left == 0) {
			reset(ch, "wants too much data");
			return;
		}
		pio_move(ch);
		if (ch->left == 0 && !ch->current->write)
			finish(ch, 0);
	} else if (ch->left == 0) {
		finish(ch, 0);
	}
}

static void channel_interrupt(void *arg)
{
	struct channel *ch = arg;
	ulong flags = spin_lock_irq(&ch->lock);

	if (!ch->current) {
		/* Nobody waits for it: what makes the drive raise it is taken away. */
		read_status(ch);
	} else {
		if (ch->dma)
			dma_interrupt(ch);
		else
			pio_interrupt(ch);
		run(ch);
	}
	spin_unlock_irq(&ch->lock, flags);
}

/* Look after a reset: over, too long, or to be looked after again. */
static void check_reset(struct channel *ch)
{
	if (!(peek_status(ch) & STATUS_BSY)) {
		ch->state = WORKING;
	} else if (clock_now() >= ch->deadline) {
		log_warn("ide at port %#lx: the drives do not end their reset; given up",
			ch->command);
		ch->state = DEAD;
	} else {
		arm(ch, clock_now() + RESET_POLL);
		return;
	}
	run(ch);
}

static void channel_timer(struct timer *t)
{
	struct channel *ch = CONTAINER_OF(t, struct channel, timer);
	ulong flags = spin_lock_irq(&ch->lock);

	ch->timer_at = WAIT_FOREVER;
	if (ch->state == RESETTING)
		check_reset(ch);
	else if (ch->current && clock_now() >= ch->deadline)
		reset(ch, "took too long");
	else if (ch->current)
		arm(ch, ch->deadline);
	spin_unlock_irq(&ch->lock, flags);
}

/* --- as a block device --- */

static void drive_submit(struct block_device *dev, struct block_request *rq)
{
	struct drive *d = dev->private;
	struct channel *ch = d->channel;
	ulong flags = spin_lock_irq(&ch->lock);

	*ch->last = rq;
	ch->last = &rq->next;
	run(ch);
	spin_unlock_irq(&ch->lock, flags);
}

static int drive_flush(struct block_device *dev)
{
	struct drive *d = dev->private;
	struct block_request rq = {.dev = dev};

	if (!d->flush)
		return 0;
	drive_submit(dev, &rq);
	return block_wait(&rq);
}

/* --- finding drives --- */

/* Are there registers that keep what is written to them? */
static bool registers_there(const struct channel *ch, u8 unit)
{
	select(ch, unit);
	if (peek_status(ch) == STATUS_NOTHING || (wait_idle(ch, PROBE_WAIT) & STATUS_BSY))
		return false;
	io_write8(ch->command + R_COUNT, 0x55);
	io_write8(ch->command + R_LBA_LOW, 0xaa);
	return io_read8(ch->command + R_COUNT) == 0x55 && io_read8(ch->command + R_LBA_LOW) == 0xaa;
}

/*
 * Ask a drive what it is (8.15). False if there is none, or it is not a disk: packet devices
 * refuse the command and leave a signature instead of zeros.
 */
static bool identify(const struct channel *ch, u8 unit, u16 *id)
{
	u8 status;

	if (!registers_there(ch, unit))
		return false;
	io_write8(ch->command + R_LBA_MID, 0);
	io_write8(ch->command + R_LBA_HIGH, 0);
	io_write8(ch->command + R_COMMAND, IDENTIFY_DEVICE);
	settle(ch);
	/* A master that answers for a slave that is not there shows no status (9.16.1). */
	if (peek_status(ch) == 0)
		return false;
	status = wait_idle(ch, PROBE_WAIT);
	if (io_read8(ch->command + R_LBA_MID) || io_read8(ch->command + R_LBA_HIGH) ||
		(status & (STATUS_BSY | STATUS_ERR | STATUS_DF)) || !(status & STATUS_DRQ)) {
		read_status(ch);
		return false;
	}
	read_sector(ch, id);
	read_status(ch);
	return true;
}

/* Words of what a drive says of itself (8.15). */
#define ID_GENERAL 0
#define ID_GENERAL_NOT_ATA 0x8000
#define ID_CAPABILITIES 49
#define ID_CAPABILITIES_DMA 0x0100
#define ID_CAPABILITIES_LBA 0x0200
#define ID_VALID 53
#define ID_VALID_ULTRA 0x0004
#define ID_SECTORS 60
#define ID_MULTIWORD 63
#define ID_COMMANDS 83
#define ID_COMMANDS_LBA48 0x0400
#define ID_COMMANDS_FLUSH 0x1000
#define ID_COMMANDS_FLUSH_EXT 0x2000
#define ID_ULTRA 88
#define ID_MODE_SELECTED 0x7f00 /* of the two words of modes */
#define ID_SECTORS_48 100
#define ID_SECTOR_SIZE 106 /* ATA-7 */
#define ID_SECTOR_SIZE_LARGE 0x1000
#define ID_WORD_VALID(w) (((w)&0xc000) == 0x4000)

static u64 id_number(const u16 *id, unsigned words)
{
	u64 n = 0;

	while (words-- > 0)
		n = n << 16 | id[words];
	return n;
}

/* Without a mode that the firmware selected, drive and bus master need not agree on the timing. */
static bool dma_usable(const u16 *id)
{
	if (!(id[ID_CAPABILITIES] & ID_CAPABILITIES_DMA))
		return false;
	return (id[ID_MULTIWORD] & ID_MODE_SELECTED) ||
		((id[ID_VALID] & ID_VALID_ULTRA) && (id[ID_ULTRA] & ID_MODE_SELECTED));
}

/* Fill the drive in from what it says of itself. False, and a line, if it cannot be used. */
static bool describe(struct drive *d, const u16 *id)
{
	u16 commands = ID_WORD_VALID(id[ID_COMMANDS]) ? id[ID_COMMANDS] : 0;

	if (id[ID_GENERAL] & ID_GENERAL_NOT_ATA)
		return false;
	if (!(id[ID_CAPABILITIES] & ID_CAPABILITIES_LBA)) {
		log_warn("ide: a disk that knows cylinders only is not used");
		return false;
	}
	if (ID_WORD_VALID(id[ID_SECTOR_SIZE]) && (id[ID_SECTOR_SIZE] & ID_SECTOR_SIZE_LARGE)) {
		log_warn("ide: a disk with sectors of more than 512 bytes is not used");
		return false;
	}
	d->dma = d->channel->master && dma_usable(id);
	d->lba48 = commands & ID_COMMANDS_LBA48;
	if (d->lba48 && (commands & ID_COMMANDS_FLUSH_EXT))
		d->flush = FLUSH_CACHE_EXT;
	else if (commands & ID_COMMANDS_FLUSH)
		d->flush = FLUSH_CACHE;
	d->block.sectors = d->lba48 ? id_number(id + ID_SECTORS_48, 4)
				    : MIN(id_number(id + ID_SECTORS, 2), LBA28_SECTORS);
	return d->block.sectors > 0;
}

/* The drive if there is one that can be used. */
static struct drive *probe_drive(struct channel *ch, u8 unit)
{
	u16 *id = kmalloc(SECTOR_SIZE, ALLOC_WAIT);
	struct drive *d = kzalloc(sizeof(*d), ALLOC_WAIT);

	if (!id || !d) {
		log_warn("ide: no memory for a disk");
		goto none;
	}
	d->channel = ch;
	d->unit = unit;
	d->block.submit = drive_submit;
	d->block.flush = drive_flush;
	d->block.private = d;
	if (!identify(ch, unit, id) || !describe(d, id))
		goto none;
	kmfree(id);
	return d;

none:
	kmfree(id);
	kmfree(d);
	return NULL;
}

static void register_drive(struct drive *d)
{
	static unsigned count;

	fmt(d->name, sizeof(d->name), "hd%c", 'a' + (int)count++);
	d->block.name = d->name;
	block_register(&d->block);
}

/* A channel gets ready for interrupts once it has drives; 0 or why not. */
static int channel_start(struct channel *ch)
{
	int err;

	spin_init(&ch->lock, "ide", RANK_DEV);
	timer_init(&ch->timer, channel_timer);
	ch->timer_at = WAIT_FOREVER;
	ch->last = &ch->waiting;
	if (ch->master) {
		ch->table = kcalloc(BLOCK_MAX_SEGMENTS, sizeof(*ch->table), ALLOC_WAIT);
		if (!ch->table)
			return -ENOMEM;
	}
	err = irq_attach(ch->irq, channel_interrupt, ch);
	if (err) {
		kmfree(ch->table);
		return err;
	}
	io_write8(ch->control, 0);
	return 0;
}

static void probe_channel(ulong command, ulong control, unsigned irq, ulong master)
{
	struct channel *ch = kzalloc(sizeof(*ch), ALLOC_WAIT);
	struct drive *drive[2];

	if (!ch) {
		log_warn("ide: no memory for a channel");
		return;
	}
	ch->command = command;
	ch->control = control;
	ch->irq = irq;
	ch->master = master;
	io_write8(control, CONTROL_NO_INTERRUPT);
	for (u8 unit = 0; unit < 2; unit++)
		drive[unit] = probe_drive(ch, unit);
	if ((drive[0] || drive[1]) && channel_start(ch) == 0) {
		for (unsigned unit = 0; unit < 2; unit++)
			if (drive[unit])
				register_drive(drive[unit]);
		return;
	}
	if (drive[0] || drive[1])
		log_warn("ide at port %#lx: no memory or no interrupt", command);
	for (unsigned unit = 0; unit < 2; unit++)
		kmfree(drive[unit]);
	kmfree(ch);
}

/* The bus-master registers of both channels; 0 if the function has none. */
static ulong find_master(const struct pci_function *f)
{
	struct pci_bar bar;

	if (!(f->interface & INTERFACE_MASTER) || pci_bar(f, BM_BAR, &bar) != 0 || !bar.io)
		return 0;
	return pci_map(&bar, 0, 2 * BM_CHANNEL);
}

/* The function that drives the AT's ports, NULL if there is none. */
static const struct pci_function *find_controller(void)
{
	for (const struct pci_function *f = pci_first(); f; f = f->next) {
		if (f->class != PCI_CLASS_STORAGE || f->subclass != PCI_SUBCLASS_IDE)
			continue;
		if (!(f->interface & (INTERFACE_NATIVE(0) | INTERFACE_NATIVE(1))))
			return f;
		log_info("pci %02x:%02x.%u: an IDE controller that is not at the AT's ports is not "
			 "driven",
			f->bus, f->slot, f->number);
	}
	return NULL;
}

void ide_probe_all(void)
{
	const struct pci_function *f = find_controller();
	ulong master = 0, second = 0;

	if (f) {
		master = find_master(f);
		pci_enable(f);
	}
	/* A simplex controller has one engine for both channels: the first gets it. */
	if (master && !(io_read8(master + BM_STATUS) & BM_SIMPLEX))
		second = master + BM_CHANNEL;
	probe_channel(0x1f0, 0x3f6, 14, master);
	probe_channel(0x170, 0x376, 15, second);
}
