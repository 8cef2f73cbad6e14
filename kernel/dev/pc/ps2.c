/*
 * The 8042 controller and the keyboard behind it.
 *
 * Registers and commands: IBM "Personal System/2 Hardware Interface Technical Reference" (1992),
 * "Keyboard and Auxiliary Device Controller". The controller translates the keyboard's codes to set
 * 1; keyboard.c makes bytes of them. The second device, a mouse, is left switched off.
 *
 * During boot the controller is waited for, within bounds. From then on the keyboard's interrupt
 * alone reads it; the decoder's state is that interrupt's own, which comes one at a time: no locks.
 */
#include "dev/pc/ps2.h"

#include "arch.h"
#include "arch/irq.h"
#include "dev/console.h"
#include "dev/pc/keyboard.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "machine/io.h"

#define DATA 0x60
#define STATUS 0x64 /* read */
#define COMMAND 0x64 /* write */

#define STATUS_OUTPUT 0x01 /* DATA holds a byte for us */
#define STATUS_INPUT 0x02 /* the controller has not taken our last byte yet */
#define STATUS_MOUSE 0x20 /* the byte is the second device's */
#define STATUS_ABSENT 0xff

#define READ_CONFIG 0x20
#define WRITE_CONFIG 0x60
#define DISABLE_MOUSE 0xa7
#define SELF_TEST 0xaa
#define SELF_TEST_GOOD 0x55
#define DISABLE_KEYBOARD 0xad
#define ENABLE_KEYBOARD 0xae

#define CONFIG_INTERRUPT 0x01
#define CONFIG_MOUSE_INTERRUPT 0x02
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_MOUSE_OFF 0x20
#define CONFIG_TRANSLATE 0x40

/* to the keyboard, and its answer */
#define ENABLE_SCANNING 0xf4
#define ACKNOWLEDGE 0xfa

#define KEYBOARD_IRQ 1
#define POLL 10u /* microseconds */
#define PATIENCE 20000u /* microseconds: for a byte to pass, or the keyboard to answer */
#define TEST_PATIENCE 500000u
#define BYTES_AT_ONCE 16 /* more than the controller and a keyboard hold */

static struct keyboard keyboard;

/* --- while booting --- */

/* Wait until these bits of the status are `value`. */
static bool wait_status(u8 mask, u8 value, u32 microseconds)
{
	for (u32 waited = 0; (io_read8(STATUS) & mask) != value; waited += POLL) {
		if (waited >= microseconds)
			return false;
		clock_delay(POLL);
	}
	return true;
}

static int send(ulong port, u8 byte)
{
	if (!wait_status(STATUS_INPUT, 0, PATIENCE))
		return -EIO;
	io_write8(port, byte);
	return 0;
}

/* The next byte, or -EIO. */
static int receive(u32 patience)
{
	return wait_status(STATUS_OUTPUT, STATUS_OUTPUT, patience) ? io_read8(DATA) : -EIO;
}

/* A command that is answered. */
static int ask(u8 command, u32 patience)
{
	int err = send(COMMAND, command);

	return err ? err : receive(patience);
}

/* Throw away what came before it was asked for. */
static void discard(void)
{
	for (unsigned i = 0; i < BYTES_AT_ONCE && (io_read8(STATUS) & STATUS_OUTPUT); i++) {
		io_read8(DATA);
		clock_delay(POLL);
	}
}

/* Bring the controller into a known state: the keyboard switched on, the mouse off. 0 or -EIO. */
static int init_controller(void)
{
	int config;

	if (send(COMMAND, DISABLE_KEYBOARD) || send(COMMAND, DISABLE_MOUSE))
		return -EIO;
	discard();
	config = ask(READ_CONFIG, PATIENCE);
	if (config < 0 || ask(SELF_TEST, TEST_PATIENCE) != SELF_TEST_GOOD)
		return -EIO;
	config &= ~(CONFIG_KEYBOARD_OFF | CONFIG_MOUSE_INTERRUPT);
	config |= CONFIG_INTERRUPT | CONFIG_MOUSE_OFF | CONFIG_TRANSLATE;
	if (send(COMMAND, WRITE_CONFIG) || send(DATA, (u8)config))
		return -EIO;
	return send(COMMAND, ENABLE_KEYBOARD);
}

/* Without a keyboard there is no answer. One may be plugged in later: it scans from power-on. */
static void init_keyboard(void)
{
	if (send(DATA, ENABLE_SCANNING) || receive(PATIENCE) != ACKNOWLEDGE)
		log_info("no keyboard answers\n");
}

/* --- afterwards --- */

static void read_keys(void)
{
	for (unsigned i = 0; i < BYTES_AT_ONCE; i++) {
		u8 bytes[KEYBOARD_MAX], code, status = io_read8(STATUS);

		if (!(status & STATUS_OUTPUT))
			return;
		code = io_read8(DATA);
		if (!(status & STATUS_MOUSE))
			console_input(bytes, keyboard_decode(&keyboard, code, bytes));
	}
}

static void interrupt(void *arg UNUSED)
{
	read_keys();
}

void ps2_attach(void)
{
	int err;

	if (io_read8(STATUS) == STATUS_ABSENT)
		return;
	err = init_controller();
	if (err) {
		log_warn("the keyboard's controller does not work: no keyboard\n");
		return;
	}
	init_keyboard();
	err = irq_attach(KEYBOARD_IRQ, interrupt, NULL);
	if (err)
		log_warn("the keyboard's interrupt cannot be used: error %d\n", -err);
	/* A byte that came too early for the interrupt would keep it from coming. */
	read_keys();
}
