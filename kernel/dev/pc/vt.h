/*
 * A terminal's emulation over an array of character cells: what a VT100 does with the bytes that it
 * is sent. It touches no hardware; vga.c shows the cells.
 *
 * Not safe against itself: one caller at a time.
 */
#pragma once

#include "lib/types.h"

#define VT_ROWS 25u
#define VT_COLUMNS 80u
#define VT_PARAMS 16u
#define VT_ANSWER 32u

/* Where the next character goes, and how it looks. */
struct vt_cursor {
	u8 row, column; /* from 0, always on the screen */
	bool wrap; /* the last column is written: the next character begins a line */
	u8 foreground; /* 0..7 in ANSI's order, 8..15 the same brightly */
	u8 background; /* 0..7 */
	bool bold, reverse;
};

enum vt_state {
	VT_GROUND,
	VT_ESCAPE, /* ESC has come */
	VT_INTERMEDIATE, /* ESC and what another byte follows */
	VT_CSI,
	VT_SKIP, /* a control sequence of which nothing is known */
	VT_STRING, /* of a device or operating system command */
	VT_STRING_END, /* ESC in it */
};

struct vt {
	u16 cells[VT_ROWS][VT_COLUMNS]; /* as the VGA's: attribute << 8 | character */
	struct vt_cursor cursor, saved;
	u8 top, bottom; /* the rows that scroll, both included */
	u8 changed, changed_end; /* rows whose cells changed since vt_shown; none if equal */

	enum vt_state state;
	u16 param[VT_PARAMS]; /* of a control sequence; 0 if it was left out */
	u8 nparams; /* whose digits have begun, at most VT_PARAMS */

	u8 answer[VT_ANSWER];
	u8 answer_len;
};

/* An empty screen; everything as at power-on. */
void vt_reset(struct vt *v);
/*
 * Take in n bytes: printable ASCII; UTF-8's other characters as one '?' each; BEL BS HT LF VT FF CR
 * CAN SUB ESC; and of ECMA-48 (5th edition) and the VT100 (User Guide, EK-VT100-UG-003, chapter 3)
 *
 *   CUU CUD CUF CUB CNL CPL CHA CUP HVP VPA ED EL SGR DSR, DECSTBM, SCOSC and SCORC (CSI s, CSI u)
 *   IND RI NEL RIS DECSC DECRC
 *
 * Any other sequence is passed over whole.
 */
void vt_write(struct vt *v, const u8 *bytes, size_t n);
/* The rows that have changed are on the screen now. */
void vt_shown(struct vt *v);
/* Take up to n bytes of what the terminal answers to requests; how many. */
size_t vt_answer(struct vt *v, u8 *bytes, size_t n);
