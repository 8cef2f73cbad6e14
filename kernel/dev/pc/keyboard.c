/*
 * Keys to bytes.
 *
 * Codes: IBM "Personal System/2 Hardware Interface Technical Reference" (1992), "Keyboards (101-
 * and 102-Key)", scan code set 1. A key's code comes when it goes down, with bit 7 set when it goes
 * up. E0h before it says that the key is one of those that the first PC did not have. E1h begins
 * the pause key's, of two more bytes. What the keyboard sends beside keys (FAh, FEh) looks like
 * keys that go up.
 *
 * Bytes: what a VT100 sends, and xterm for keys that it had not.
 *
 * Nothing is locked: see keyboard.h.
 */
#include "dev/pc/keyboard.h"

#include "lib/string.h"

#define EXTENDED 0xe0
#define PAUSE 0xe1
#define RELEASED 0x80

#define KEY_CTRL 0x1d
#define KEY_LEFT_SHIFT 0x2a
#define KEY_RIGHT_SHIFT 0x36
#define KEY_ALT 0x38
#define KEY_SPACE 0x39
#define KEY_CAPS_LOCK 0x3a
#define KEY_NUM_LOCK 0x45
#define KEY_TAB 0x0f
#define KEY_KEYPAD_ENTER 0x1c /* with E0h, as the next */
#define KEY_KEYPAD_SLASH 0x35
#define KEYPAD_FIRST 0x47
#define KEYPAD_LAST 0x53

/* bits of struct keyboard */
#define LEFT 1
#define RIGHT 2
#define CAPS 1
#define NUM 2

#define ESC "\033"
#define DEL 0x7f

/* By code: without shift, with it. 0: none. */
static const char plain[] = {
	[0x01] = '\033', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '-', '=', DEL,
	[0x0f] = '\t', 'q', 'w', 'e', 'r', 't', 'y', 'u', 'i', 'o', 'p', '[', ']', '\r',
	[0x1e] = 'a', 's', 'd', 'f', 'g', 'h', 'j', 'k', 'l', ';', '\'', '`',
	[0x2b] = '\\', 'z', 'x', 'c', 'v', 'b', 'n', 'm', ',', '.', '/',
	[0x37] = '*', [KEY_SPACE] = ' ', [0x4a] = '-', [0x4e] = '+',
	[0x56] = '<', /* the 102nd key */
};
static const char shifted[] = {
	[0x01] = '\033', '!', '@', '#', '$', '%', '^', '&', '*', '(', ')', '_', '+', DEL,
	[0x0f] = '\t', 'Q', 'W', 'E', 'R', 'T', 'Y', 'U', 'I', 'O', 'P', '{', '}', '\r',
	[0x1e] = 'A', 'S', 'D', 'F', 'G', 'H', 'J', 'K', 'L', ':', '"', '~',
	[0x2b] = '|', 'Z', 'X', 'C', 'V', 'B', 'N', 'M', '<', '>', '?',
	[0x37] = '*', [KEY_SPACE] = ' ', [0x4a] = '-', [0x4e] = '+',
	[0x56] = '>',
};
_Static_assert(sizeof(plain) == sizeof(shifted), "both tables have the same keys");

/* The keypad with num lock, and the keys that move the cursor: the keypad without, or with E0h. */
static const char digits[] = "789-456+1230.";
static const char *const movements[KEYPAD_LAST - KEYPAD_FIRST + 1] = {
	ESC "[H", ESC "[A", ESC "[5~", NULL, ESC "[D", ESC "[E", ESC "[C", NULL,
	ESC "[F", ESC "[B", ESC "[6~", ESC "[2~", ESC "[3~",
};
/* F1 to F10 from code 3Bh on, F11 and F12 from 57h on. */
static const char *const functions[] = {
	[0x3b] = ESC "OP", ESC "OQ", ESC "OR", ESC "OS", ESC "[15~", ESC "[17~", ESC "[18~",
	ESC "[19~", ESC "[20~", ESC "[21~", [0x57] = ESC "[23~", ESC "[24~",
};

/* --- keys that change what others mean --- */

static void hold(u8 *keys, u8 which, bool down)
{
	*keys = (u8)(down ? *keys | which : *keys & ~which);
}

/* A key that is held down repeats its code, but locks once. */
static void lock(struct keyboard *k, u8 which, bool *locked, bool down)
{
	if (down && !(k->lock & which))
		*locked = !*locked;
	hold(&k->lock, which, down);
}

/* True if the key is such a one. */
static bool modifier(struct keyboard *k, u8 key, bool extended, bool down)
{
	u8 side = extended ? RIGHT : LEFT;

	switch (key) {
	case KEY_LEFT_SHIFT:
	case KEY_RIGHT_SHIFT:
		/* With E0h nobody pressed it: it undoes shift or num lock for a key to come. */
		if (!extended)
			hold(&k->shift, key == KEY_LEFT_SHIFT ? LEFT : RIGHT, down);
		return true;
	case KEY_CTRL: hold(&k->ctrl, side, down); return true;
	case KEY_ALT: hold(&k->alt, side, down); return true;
	case KEY_CAPS_LOCK: lock(k, CAPS, &k->caps_lock, down); return true;
	case KEY_NUM_LOCK: lock(k, NUM, &k->no_num_lock, down); return true;
	}
	return false;
}

/* --- characters --- */

static bool is_letter(u8 c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* What Ctrl makes of a character (not NUL;VT100 User Guide, table 3-5, and xterm). */
static u8 control(u8 c)
{
	static const char from[] = " 2345678/-?", to[] = "\0\0\033\034\035\036\037\177\037\037\177";
	const char *at = strchr(from, c);

	if (c >= '@' && c <= '~')
		return c & 0x1f;
	return at ? (u8)to[at - from] : c;
}

static u8 character(const struct keyboard *k, u8 key)
{
	u8 c = key < sizeof(plain) ? (u8)plain[key] : 0;
	bool shift = k->shift;

	if (k->caps_lock && is_letter(c))
		shift = !shift;
	if (shift && c)
		c = (u8)shifted[key];
	return k->ctrl && c ? control(c) : c;
}

/* --- keys --- */

static bool on_keypad(u8 key)
{
	return key >= KEYPAD_FIRST && key <= KEYPAD_LAST;
}

/* What a key says that is more than a character; NULL if nothing. */
static const char *sequence(const struct keyboard *k, u8 key, bool extended)
{
	if (on_keypad(key) && (extended || k->no_num_lock))
		return movements[key - KEYPAD_FIRST];
	if (extended)
		return NULL;
	if (key == KEY_TAB && k->shift)
		return ESC "[Z";
	return key < ARRAY_SIZE(functions) ? functions[key] : NULL;
}

static bool has_character(const struct keyboard *k, u8 key, bool extended, u8 *c)
{
	if (extended && key != KEY_KEYPAD_ENTER && key != KEY_KEYPAD_SLASH)
		return false;
	if (extended && key == KEY_KEYPAD_SLASH)
		*c = '/';
	else if (on_keypad(key))
		*c = (u8)digits[key - KEYPAD_FIRST];
	else
		*c = character(k, key);
	/* The one that is NUL by intention is Ctrl-Space, or Ctrl-2. */
	return *c || (k->ctrl && key < sizeof(plain) && plain[key]);
}

/* A key went down. Alt is ESC before what it says. */
static size_t press(const struct keyboard *k, u8 key, bool extended, u8 *out)
{
	const char *s = sequence(k, key, extended);
	size_t n = 0, length = s ? strlen(s) : 1;
	u8 c;

	if (!s && !has_character(k, key, extended, &c))
		return 0;
	if (k->alt)
		out[n++] = '\033';
	if (s)
		memcpy(out + n, s, length);
	else
		out[n] = c;
	return n + length;
}

size_t keyboard_decode(struct keyboard *k, u8 code, u8 *out)
{
	bool extended = k->extended, down = !(code & RELEASED);

	if (k->skip) {
		k->skip--;
		return 0;
	}
	k->extended = code == EXTENDED;
	if (code == PAUSE)
		k->skip = 2;
	if (code == EXTENDED || code == PAUSE)
		return 0;
	code &= (u8)~RELEASED;
	if (modifier(k, code, extended, down) || !down)
		return 0;
	return press(k, code, extended, out);
}
