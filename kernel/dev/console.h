/*
 * The console: the machine's serial line, its screen and keyboard, the terminal discipline, and the
 * link of job mode.
 *
 * Layers: a serial port driver moves bytes by interrupt; the tty (line discipline, termios, job
 * control) or the link (framing for a host program, see link.c) sits on it; the kernel's log goes
 * out through the same port. A screen shows the same, and a keyboard types into the same tty;
 * without a serial port they are the console. The link has the serial port to itself: the screen
 * then shows the log alone, and the keyboard is not listened to.
 */
#pragma once

#include "lib/types.h"
#include "proc/sync.h"

struct file;
struct file_ops;
struct proc;

/* A serial port as its driver offers it. */
struct serial {
	/* Send without interrupts, for early messages and panics. */
	void (*putc_polled)(struct serial *s, u8 c);
	/* There are bytes to send: (re)start the transmitter's interrupt. Any context. */
	void (*kick)(struct serial *s);
	/* There is room to receive again. No lock of rank DEV or above held. */
	void (*resume)(struct serial *s);
	/* Has the last byte left the port? */
	bool (*tx_idle)(struct serial *s);
	/*
	 * The layer above (set by console.c), in the driver's interrupt: take the next byte to
	 * send, -1 if none;
	 */
	int (*next_tx)(void);
	/*
	 * a byte came; false if there is no room now: the driver keeps it and stops receiving
	 * until resume.
	 */
	bool (*rx)(u8 c);
	void *private;
};
bool console_attached(void);
/* s becomes the console's port; there is none yet. Boot only. */
void console_attach(struct serial *s);

/* A screen as its driver offers it: a terminal without a keyboard. */
struct screen {
	/*
	 * Show n bytes, text and a terminal's control sequences. One caller at a time, but for a
	 * panic, which may come while another CPU, or this one, is in the middle of it. Any context:
	 * it neither sleeps nor logs, and takes no locks.
	 */
	void (*write)(const u8 *bytes, size_t n);
	/* Take up to n bytes of its answers to what was written; how many. Called as write is. */
	size_t (*answer)(u8 *bytes, size_t n);
	u16 rows, columns;
};
/* s becomes the console's screen; there is none yet. Boot only. 0 or -ENOMEM. */
int console_attach_screen(const struct screen *s);
/*
 * The screen, if it is all that the console has: then its size is the terminal's, and it answers.
 * Beside a port, what is at the other end of that does. Else NULL.
 */
const struct screen *console_sole_screen(void);
/*
 * n bytes were typed on a keyboard (or answered by the screen). Those for which there is no room
 * are lost. Any context with no lock of rank TTY or above held.
 */
void console_input(const u8 *bytes, size_t n);

/*
 * Log output: polled at boot and in a panic, buffered and sent by interrupt in between. Any
 * context.
 */
void console_write(const char *s, size_t n);
/*
 * From now on everything is sent polled and without locks: first what is buffered. The other CPUs
 * have been stopped.
 */
void console_panic_mode(void);

/*
 * For the tty and the link: the buffer of program output. A byte leaves it once both port and
 * screen have taken it; without either it goes nowhere, at once. console_out appends up to n bytes
 * and returns how many it took; all or nothing if `whole`. Any context. Writers that found no room
 * wait on console_out_wait until console_out_room() is enough; it is woken when half is free.
 */
size_t console_out(const u8 *bytes, size_t n, bool whole);
size_t console_out_room(void);
size_t console_out_count(void);
void console_out_flush(void);	  /* forget what is buffered */
void console_out_hold(bool hold); /* stop sending it, or go on (XOFF, XON); the log goes on */
extern struct waitq console_out_wait;
/* The receiver has room again. */
void console_resume(void);
/*
 * Sleep until all output, the log's too, has left the port and is on the screen. 0, or -EINTR as
 * `how` says.
 */
int console_drain(enum wait_how how);

/*
 * For the link alone: the next byte of either source, -1 if there is none. Interrupt context, or
 * panic mode.
 */
int console_take_log(void);
int console_take_out(void);

/* Job mode: frame everything (see link.c); afterwards file_ops of fds 0, 1, 2. */
void link_start(void);
extern const struct file_ops link_file_ops;
void link_report_exit(int status); /* 0..255; waits until it is sent */
void link_report_panic(void);	   /* in panic mode */
bool link_active(void);
/*
 * For console.c: the framed stream, whether there is more of it beside what the two buffers hold,
 * and what comes in.
 */
int link_next_tx(void);
bool link_tx_pending(void);
bool link_rx(u8 c);

/*
 * The console's terminal. Opening it does not make it anybody's controlling terminal: TIOCSCTTY
 * does.
 */
extern const struct file_ops tty_file_ops;
struct tty;
struct tty *console_tty(void);
/*
 * After boot, before the first program: starts the thread that reads the terminal. Not in job
 * mode.
 */
void tty_start(void);
bool tty_rx(u8 c); /* for console.c; interrupts off */
/* The controlling terminal of the current process; NULL if it has none (/dev/tty answers ENXIO). */
struct tty *tty_controlling(void);
/*
 * The current process, which leads its session, ends: its terminal is free, the foreground group
 * gets SIGHUP and SIGCONT.
 */
void tty_leader_exit(struct tty *tty);

/* machine or device: end everything. */
void machine_poweroff(void) NORETURN;
void machine_reboot(void) NORETURN;
