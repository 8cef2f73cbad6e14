/*
 * The terminal's emulation.
 *
 * Bytes go through one state machine (vt_write); a control sequence's parameters are gathered until
 * its final byte, which vt_csi acts upon. The cursor never leaves the screen, not even between two
 * statements: a panic may find a terminal that another CPU was stopped in, and goes on with it.
 *
 * Nothing is locked here: see vt.h.
 */
#include "dev/pc/vt.h"

#include "lib/printf.h"
#include "lib/string.h"

#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define ESC 0x1b
#define DEL 0x7f
#define TAB_WIDTH 8u
#define PARAM_MAX 9999u

#define WHITE 7
#define BLACK 0
#define BRIGHT 8

static const struct vt_cursor home = {.foreground = WHITE, .background = BLACK};

/* ANSI's colours have red in bit 0 and blue in bit 2; the VGA's the other way round. */
static u8 vga_colour(u8 c)
{
	return (u8)((c & 0x0a) | (c & 1) << 2 | (c & 4) >> 2);
}

static u16 cell(const struct vt_cursor *c, u8 character)
{
	u8 foreground = c->foreground, background = c->background;

	if (c->reverse) {
		foreground = c->background;
		background = c->foreground & 7;
	}
	if (c->bold)
		foreground |= BRIGHT;
	return (u16)((vga_colour(background) << 4 | vga_colour(foreground)) << 8 | character);
}

static void change(struct vt *v, u8 first, u8 end)
{
	if (v->changed == v->changed_end) {
		v->changed = first;
		v->changed_end = end;
		return;
	}
	v->changed = MIN(v->changed, first);
	v->changed_end = MAX(v->changed_end, end);
}

/* --- cells --- */

/* Columns [from, end) of a row become blank, in the background's colour. */
static void blank(struct vt *v, u8 row, u8 from, u8 end)
{
	struct vt_cursor plain = {.foreground = WHITE, .background = v->cursor.background};

	for (u8 i = from; i < end; i++)
		v->cells[row][i] = cell(&plain, ' ');
	change(v, row, row + 1);
}

static void blank_rows(struct vt *v, u8 from, u8 end)
{
	for (u8 row = from; row < end; row++)
		blank(v, row, 0, VT_COLUMNS);
}

static void scroll_up(struct vt *v)
{
	memmove(v->cells[v->top], v->cells[v->top + 1],
		(size_t)(v->bottom - v->top) * sizeof(v->cells[0]));
	change(v, v->top, v->bottom + 1);
	blank(v, v->bottom, 0, VT_COLUMNS);
}

static void scroll_down(struct vt *v)
{
	memmove(v->cells[v->top + 1], v->cells[v->top],
		(size_t)(v->bottom - v->top) * sizeof(v->cells[0]));
	change(v, v->top, v->bottom + 1);
	blank(v, v->top, 0, VT_COLUMNS);
}

/* --- the cursor --- */

/* To a place that may lie beyond the screen: the nearest on it. */
static void move_to(struct vt *v, int row, int column)
{
	v->cursor.row = (u8)MIN(MAX(row, 0), (int)VT_ROWS - 1);
	v->cursor.column = (u8)MIN(MAX(column, 0), (int)VT_COLUMNS - 1);
	v->cursor.wrap = false;
}

/* Up or down by n rows; not across an edge of the scrolling rows if it is within them. */
static void move_rows(struct vt *v, int n)
{
	int row = v->cursor.row, target = row + n;

	if (n < 0 && row >= v->top)
		target = MAX(target, (int)v->top);
	if (n > 0 && row <= v->bottom)
		target = MIN(target, (int)v->bottom);
	move_to(v, target, v->cursor.column);
}

static void move_columns(struct vt *v, int n)
{
	move_to(v, v->cursor.row, v->cursor.column + n);
}

static void index_down(struct vt *v)
{
	if (v->cursor.row == v->bottom)
		scroll_up(v);
	else
		move_rows(v, 1);
	v->cursor.wrap = false;
}

static void index_up(struct vt *v)
{
	if (v->cursor.row == v->top)
		scroll_down(v);
	else
		move_rows(v, -1);
	v->cursor.wrap = false;
}

static void carriage_return(struct vt *v)
{
	move_to(v, v->cursor.row, 0);
}

static void tab(struct vt *v)
{
	if (!v->cursor.wrap)
		move_columns(v, (int)(TAB_WIDTH - v->cursor.column % TAB_WIDTH));
}

static void print(struct vt *v, u8 character)
{
	struct vt_cursor *c = &v->cursor;

	if (c->wrap) {
		carriage_return(v);
		index_down(v);
	}
	v->cells[c->row][c->column] = cell(c, character);
	change(v, c->row, c->row + 1);
	if (c->column == VT_COLUMNS - 1)
		c->wrap = true;
	else
		c->column++;
}

/* --- control sequences --- */

static u16 param(const struct vt *v, unsigned i)
{
	return i < v->nparams ? v->param[i] : 0;
}

/* A parameter that counts or numbers from 1: 0 and none mean 1. */
static int count(const struct vt *v, unsigned i)
{
	return MAX((int)param(v, i), 1);
}

static void answer(struct vt *v, const char *s, size_t n)
{
	if (n > VT_ANSWER - v->answer_len)
		return;
	memcpy(v->answer + v->answer_len, s, n);
	v->answer_len += (u8)n;
}

/* DSR: 5 asks whether the terminal works, 6 where the cursor is. */
static void report_status(struct vt *v)
{
	char s[16];
	int n = 0;

	if (param(v, 0) == 5)
		n = fmt(s, sizeof(s), "\033[0n");
	else if (param(v, 0) == 6)
		n = fmt(s, sizeof(s), "\033[%u;%uR", v->cursor.row + 1, v->cursor.column + 1);
	answer(v, s, (size_t)n);
}

/* EL: 0 from the cursor on, 1 up to the cursor, 2 all. */
static void erase_in_line(struct vt *v, u16 what)
{
	u8 row = v->cursor.row, column = v->cursor.column;

	switch (what) {
	case 0: blank(v, row, column, VT_COLUMNS); break;
	case 1: blank(v, row, 0, column + 1); break;
	case 2: blank(v, row, 0, VT_COLUMNS); break;
	}
}

/* ED, the same of the screen. */
static void erase_in_display(struct vt *v, u16 what)
{
	u8 row = v->cursor.row;

	if (what > 2)
		return;
	erase_in_line(v, what);
	if (what != 0)
		blank_rows(v, 0, row);
	if (what != 1)
		blank_rows(v, row + 1, VT_ROWS);
}

/*
 * Parameter i is 38 or 48: a colour of many follows, 5;N or 2;R;G;B (ITU-T T.416, 13.1.8, as
 * terminals have it). Only the first 16 of the former are shown. The last parameter it used.
 */
static unsigned extended_colour(struct vt *v, unsigned i)
{
	u16 n = param(v, i + 2);

	if (param(v, i + 1) == 2)
		return i + 4;
	if (param(v, i + 1) != 5)
		return i + 1;
	if (n < 16 && v->param[i] == 38)
		v->cursor.foreground = (u8)n;
	else if (n < 16)
		v->cursor.background = n & 7;
	return i + 2;
}

static void set_rendition(struct vt *v, u16 p)
{
	struct vt_cursor *c = &v->cursor;

	switch (p) {
	case 0:
		c->bold = c->reverse = false;
		c->foreground = WHITE;
		c->background = BLACK;
		break;
	case 1: c->bold = true; break;
	case 22: c->bold = false; break;
	case 7: c->reverse = true; break;
	case 27: c->reverse = false; break;
	case 30 ... 37: c->foreground = (u8)(p - 30); break;
	case 39: c->foreground = WHITE; break;
	case 40 ... 47: c->background = (u8)(p - 40); break;
	case 49: c->background = BLACK; break;
	case 90 ... 97: c->foreground = (u8)(p - 90 + BRIGHT); break;
	/* The attribute's bit for a bright background makes a VGA's characters blink. */
	case 100 ... 107: c->background = (u8)(p - 100); break;
	}
}

/* SGR; without parameters it is SGR 0. */
static void select_renditions(struct vt *v)
{
	if (v->nparams == 0)
		set_rendition(v, 0);
	for (unsigned i = 0; i < v->nparams; i++) {
		if (v->param[i] == 38 || v->param[i] == 48)
			i = extended_colour(v, i);
		else
			set_rendition(v, v->param[i]);
	}
}

/* DECSTBM. */
static void set_margins(struct vt *v)
{
	int top = count(v, 0), bottom = param(v, 1);

	if (bottom == 0 || bottom > (int)VT_ROWS)
		bottom = VT_ROWS;
	if (top >= bottom)
		return;
	v->top = (u8)(top - 1);
	v->bottom = (u8)(bottom - 1);
	move_to(v, 0, 0);
}

static void csi(struct vt *v, u8 final)
{
	int n = count(v, 0);

	switch (final) {
	case 'A': move_rows(v, -n); break;
	case 'B': move_rows(v, n); break;
	case 'C': move_columns(v, n); break;
	case 'D': move_columns(v, -n); break;
	case 'E':
		move_rows(v, n);
		carriage_return(v);
		break;
	case 'F':
		move_rows(v, -n);
		carriage_return(v);
		break;
	case 'G': move_to(v, v->cursor.row, n - 1); break;
	case 'H':
	case 'f': move_to(v, n - 1, count(v, 1) - 1); break;
	case 'd': move_to(v, n - 1, v->cursor.column); break;
	case 'J': erase_in_display(v, param(v, 0)); break;
	case 'K': erase_in_line(v, param(v, 0)); break;
	case 'm': select_renditions(v); break;
	case 'n': report_status(v); break;
	case 'r': set_margins(v); break;
	case 's': v->saved = v->cursor; break;
	case 'u': v->cursor = v->saved; break;
	}
}

/* --- the state machine --- */

static void control(struct vt *v, u8 c)
{
	switch (c) {
	case '\b': move_columns(v, -1); break;
	case '\t': tab(v); break;
	case '\n':
	case '\v':
	case '\f': index_down(v); break;
	case '\r': carriage_return(v); break;
	}
}

static void begin_csi(struct vt *v)
{
	v->nparams = 0;
	v->state = VT_CSI;
}

/* The byte after ESC. */
static void escape(struct vt *v, u8 c)
{
	v->state = VT_GROUND;
	switch (c) {
	case '[': begin_csi(v); break;
	case ']': /* OSC, DCS, SOS, PM, APC: strings up to ST */
	case 'P':
	case 'X':
	case '^':
	case '_': v->state = VT_STRING; break;
	case 'D': index_down(v); break;
	case 'M': index_up(v); break;
	case 'E':
		carriage_return(v);
		index_down(v);
		break;
	case 'c': vt_reset(v); break;
	case '7': v->saved = v->cursor; break;
	case '8': v->cursor = v->saved; break;
	default:
		if (c >= 0x20 && c < 0x30) /* intermediate bytes: a final one follows */
			v->state = VT_INTERMEDIATE;
	}
}

static void digit(struct vt *v, u8 c)
{
	u16 *p;

	if (v->nparams == 0)
		v->param[v->nparams++] = 0;
	p = &v->param[v->nparams - 1];
	*p = (u16)MIN(*p * 10u + (c - '0'), PARAM_MAX);
}

/* Another parameter begins; a sequence with too many of them is passed over. */
static void next_param(struct vt *v)
{
	if (v->nparams == 0)
		v->param[v->nparams++] = 0;
	if (v->nparams == VT_PARAMS)
		v->state = VT_SKIP;
	else
		v->param[v->nparams++] = 0;
}

/* A byte of a control sequence (ECMA-48, 5.4). */
static void in_csi(struct vt *v, u8 c)
{
	if (c >= '0' && c <= '9') {
		digit(v, c);
	} else if (c == ';') {
		next_param(v);
	} else if (c < 0x40) {
		v->state = VT_SKIP; /* private parameters, intermediate bytes: none of ours */
	} else {
		v->state = VT_GROUND;
		csi(v, c);
	}
}

/* A byte of a string: it ends with ESC \, and BEL as xterm has it. */
static void in_string(struct vt *v, u8 c)
{
	if (c == ESC)
		v->state = VT_STRING_END;
	else if (c == BEL || c == CAN || c == SUB)
		v->state = VT_GROUND;
	else
		v->state = VT_STRING;
}

/* A byte that is no control character. */
static void plain(struct vt *v, u8 c)
{
	switch (v->state) {
	case VT_ESCAPE: escape(v, c); break;
	case VT_CSI: in_csi(v, c); break;
	case VT_SKIP:
		if (c >= 0x40)
			v->state = VT_GROUND;
		break;
	case VT_INTERMEDIATE:
		if (c >= 0x30)
			v->state = VT_GROUND;
		break;
	default:
		/* A character of UTF-8 counts where it begins, as it does for the tty. */
		if (c < 0x80 || c >= 0xc0)
			print(v, c < 0x80 ? c : '?');
	}
}

/* Control characters act within sequences too, as on the VT100; CAN and SUB end them. */
static void put(struct vt *v, u8 c)
{
	if (v->state == VT_STRING_END && c != '\\')
		v->state = VT_ESCAPE; /* the string was not ended, but is over */
	if (v->state == VT_STRING_END)
		v->state = VT_GROUND;
	else if (v->state == VT_STRING)
		in_string(v, c);
	else if (c == ESC)
		v->state = VT_ESCAPE;
	else if (c == CAN || c == SUB)
		v->state = VT_GROUND;
	else if (c < ' ')
		control(v, c);
	else if (c != DEL)
		plain(v, c);
}

void vt_write(struct vt *v, const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(v, bytes[i]);
}

void vt_reset(struct vt *v)
{
	v->cursor = v->saved = home;
	v->top = 0;
	v->bottom = VT_ROWS - 1;
	v->state = VT_GROUND;
	v->nparams = 0;
	blank_rows(v, 0, VT_ROWS);
}

void vt_shown(struct vt *v)
{
	v->changed = v->changed_end = 0;
}

size_t vt_answer(struct vt *v, u8 *bytes, size_t n)
{
	n = MIN(n, (size_t)v->answer_len);
	memcpy(bytes, v->answer, n);
	v->answer_len -= (u8)n;
	memmove(v->answer, v->answer + n, v->answer_len);
	return n;
}
