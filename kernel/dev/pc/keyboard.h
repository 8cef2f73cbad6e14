/*
 * What the keys of an AT keyboard mean: from scan code set 1 to a VT100's bytes, for the US layout.
 * It touches no hardware; ps2.c reads the codes.
 */
#pragma once

#include "lib/types.h"

#define KEYBOARD_MAX 8u /* bytes that one key can become */

/* Which keys are down, and what has come of a code of several bytes. All zero at power-on. */
struct keyboard {
	bool extended; /* the code began with E0h */
	u8 skip; /* bytes that are left of the pause key's code */
	u8 shift, ctrl, alt, lock; /* one bit for each such key that is down */
	bool caps_lock;
	bool no_num_lock; /* the keypad's keys move the cursor */
};

/*
 * One byte from the keyboard. Returns how many bytes, at most KEYBOARD_MAX, it puts into out: 0 but
 * for the code of a key pressed that means something. One caller at a time.
 */
size_t keyboard_decode(struct keyboard *k, u8 code, u8 *out);
