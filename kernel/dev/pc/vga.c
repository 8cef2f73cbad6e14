/*
 * The PC's screen.
 *
 * vt.c does what a terminal does, over cells in memory of its own; here the rows that it changed
 * are copied to the VGA, which is never read: its memory is far away and slow. Before vga_attach
 * the log's characters go to the same terminal, so that what the boot said stays on the screen.
 *
 * Registers: IBM "Personal System/2 Hardware Interface Technical Reference" (1992), "Video
 * Subsystem".
 *
 * Nothing is locked: console.c lets one writer in at a time (dev/console.h), and before it there is
 * only one.
 */
#include "dev/pc/vga.h"

#include "arch/mmu.h"
#include "dev/console.h"
#include "dev/pc/vt.h"
#include "lib/printf.h"
#include "machine/io.h"

#define TEXT_MEMORY 0xb8000u
#define MISC_OUTPUT 0x3cc
#define MISC_COLOUR 0x01 /* the CRTC's registers are those of a colour screen */
#define GRAPHICS_INDEX 0x3ce
#define GRAPHICS_DATA 0x3cf
#define GRAPHICS_MISC 0x06
#define GRAPHICS_MODE 0x01
#define CRTC_INDEX 0x3d4
#define CRTC_DATA 0x3d5
#define CRTC_CURSOR_START 0x0a /* its first line within the character; bit 5 hides it */
#define CRTC_CURSOR_END 0x0b
#define CRTC_START_HIGH 0x0c /* the cell shown first */
#define CRTC_START_LOW 0x0d
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f
#define CURSOR_LINES_FIRST 13 /* of 16 */
#define CURSOR_LINES_LAST 14
#define ABSENT 0xff /* what reads as this is not there */

static enum { UNKNOWN, NONE, GRAPHICS, TEXT } mode;
static struct vt vt;

static void crtc_write(u8 index, u8 value)
{
	io_write8(CRTC_INDEX, index);
	io_write8(CRTC_DATA, value);
}

static void find(void)
{
	u8 misc = io_read8(MISC_OUTPUT);

	mode = NONE;
	if (misc == ABSENT)
		return;
	io_write8(GRAPHICS_INDEX, GRAPHICS_MISC);
	mode = GRAPHICS;
	if (!(misc & MISC_COLOUR) || (io_read8(GRAPHICS_DATA) & GRAPHICS_MODE))
		return;
	mode = TEXT;
	vt_reset(&vt);
	crtc_write(CRTC_START_HIGH, 0);
	crtc_write(CRTC_START_LOW, 0);
	crtc_write(CRTC_CURSOR_START, CURSOR_LINES_FIRST);
	crtc_write(CRTC_CURSOR_END, CURSOR_LINES_LAST);
}

/* Two cells at a time: half as many accesses. */
static void copy_row(unsigned row)
{
	volatile u32 *to = (volatile u32 *)phys_to_virt(TEXT_MEMORY) + row * VT_COLUMNS / 2;
	const u16 *from = vt.cells[row];

	for (unsigned i = 0; i < VT_COLUMNS; i += 2)
		to[i / 2] = from[i] | (u32)from[i + 1] << 16;
}

static void show(void)
{
	unsigned cursor = vt.cursor.row * VT_COLUMNS + vt.cursor.column;

	for (unsigned row = vt.changed; row < vt.changed_end; row++)
		copy_row(row);
	vt_shown(&vt);
	crtc_write(CRTC_CURSOR_HIGH, (u8)(cursor >> 8));
	crtc_write(CRTC_CURSOR_LOW, (u8)cursor);
}

static void write(const u8 *bytes, size_t n)
{
	vt_write(&vt, bytes, n);
	show();
}

static size_t answer(u8 *bytes, size_t n)
{
	return vt_answer(&vt, bytes, n);
}

void vga_early_putc(char c)
{
	if (mode == UNKNOWN)
		find();
	if (mode != TEXT)
		return;
	if (c == '\n')
		write((const u8 *)"\r", 1);
	write((const u8 *)&c, 1);
}

void vga_attach(void)
{
	static const struct screen screen = {
		.write = write,
		.answer = answer,
		.rows = VT_ROWS,
		.columns = VT_COLUMNS,
	};
	int err;

	if (mode == UNKNOWN)
		find();
	if (mode == GRAPHICS)
		log_warn("the screen is not in a colour text mode: it stays as it is\n");
	if (mode != TEXT)
		return;
	err = console_attach_screen(&screen);
	if (err)
		log_warn("the screen cannot be used: error %d\n", -err);
}
