/*
 * The console: the machine's serial line, its terminal discipline, and the link of job mode.
 *
 * Layers: a serial port driver moves bytes by interrupt; the tty (line discipline, termios, job control) or the
 * link (framing for a host program, see link.c) sits on it; the kernel's log goes out through the same port.
 */
#pragma once

#include "lib/types.h"

struct file;
struct file_ops;

/* A serial port as its driver offers it. */
struct serial {
	/* Send without interrupts, for early messages and panics. */
	void (*putc_polled)(struct serial *s, u8 c);
	/* There are bytes to send, or room to receive again: (re)start interrupts. Any context. */
	void (*kick)(struct serial *s);
	/* The layer above (set by console.c): take the next byte to send, -1 if none; */
	int (*next_tx)(void);
	/* a byte came; false if there is no room now: the driver stops receiving until kick. */
	bool (*rx)(u8 c);
	void *private;
};
void console_attach(struct serial *s); /* the first one attached is the console */

/* Log output: buffered and sent by interrupt in normal operation, polled at boot and in a panic. */
void console_write(const char *s, size_t n);
void console_panic_mode(void);

/* Job mode: frame everything (see link.c); afterwards file_ops of fds 0, 1, 2. */
void link_start(void);
extern const struct file_ops link_file_ops;
void link_report_exit(int status); /* 0..255; waits until it is sent */
void link_report_panic(void);
bool link_active(void);

/* The console's terminal. */
extern const struct file_ops tty_file_ops;
struct tty;
struct tty *console_tty(void);

/* machine or device: end everything. */
void machine_poweroff(void) NORETURN;
void machine_reboot(void) NORETURN;
