/*
 * The 16550 serial port, by interrupt in both directions.
 *
 * Registers: "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs" (National
 * Semiconductor, 1995), section 8. Speed and format are the firmware's.
 *
 * Sending happens in the interrupt handler alone: whoever has bytes to send switches the
 * transmitter's interrupt on, which comes at once if the transmitter is empty. So kick() is a few
 * instructions in any context. Receiving stops when the layer above has no room: the byte in hand
 * is held, the receiver's interrupt off, and the FIFO fills.
 *
 * Letters: (r) rx_lock, (e) ier_lock.
 */
#include "dev/ns16550.h"

#include "dev/console.h"
#include "lib/errno.h"
#include "lib/lock.h"
#include "machine/io.h"
#include "arch/irq.h"
#include "vm/kmalloc.h"

#define R_DATA 0
#define R_IER 1
#define R_IIR 2
#define R_FCR 2
#define R_LCR 3
#define R_MCR 4
#define R_LSR 5
#define R_SCRATCH 7 /* keeps what is written, and does nothing */

#define IER_RECEIVE 0x01
#define IER_TRANSMIT 0x02
#define IIR_NONE 0x01
#define FCR_SETUP 0xc7 /* FIFOs on and empty, interrupt at 14 bytes received or a pause */
#define LCR_8N1 0x03
#define MCR_SETUP 0x0b /* ready; OUT2, which lets interrupts through on a PC */
#define LSR_DATA 0x01
#define LSR_ROOM 0x20
#define LSR_IDLE 0x40
#define TX_FIFO 16
#define TX_BURST 1024 /* bytes sent in one interrupt; the next one comes at once */

struct ns16550 {
	struct serial serial;
	ulong regs;
	unsigned shift;
	struct spinlock ier_lock; /* a leaf, taken in any context */
	u8 ier;			  /* (e) what is in IER */
	struct spinlock rx_lock;  /* RANK_DEV */
	bool stopped;		  /* (r) receiving stopped: `held` waits for room */
	u8 held;		  /* (r) */
};

static inline u8 reg_read(const struct ns16550 *u, unsigned reg)
{
	return io_read8(u->regs + ((ulong)reg << u->shift));
}

static inline void reg_write(const struct ns16550 *u, unsigned reg, u8 v)
{
	io_write8(u->regs + ((ulong)reg << u->shift), v);
}

static void ier_change(struct ns16550 *u, u8 set, u8 clear)
{
	ulong flags = spin_lock_irq(&u->ier_lock);
	u8 ier = (u8)((u->ier & ~clear) | set);

	if (ier != u->ier) {
		u->ier = ier;
		reg_write(u, R_IER, ier);
	}
	spin_unlock_irq(&u->ier_lock, flags);
}

static void kick(struct serial *s)
{
	ier_change(s->private, IER_TRANSMIT, 0);
}

static bool tx_idle(struct serial *s)
{
	return reg_read(s->private, R_LSR) & LSR_IDLE;
}

static void putc_polled(struct serial *s, u8 c)
{
	struct ns16550 *u = s->private;

	while (!(reg_read(u, R_LSR) & LSR_ROOM))
		cpu_relax();
	reg_write(u, R_DATA, c);
}

/* Hand what has come to the layer above. */
static void receive(struct ns16550 *u)
{
	while (!u->stopped && (reg_read(u, R_LSR) & LSR_DATA)) {
		u8 c = reg_read(u, R_DATA);

		if (!u->serial.rx(c)) {
			u->held = c;
			u->stopped = true;
			ier_change(u, 0, IER_RECEIVE);
		}
	}
}

static void resume(struct serial *s)
{
	struct ns16550 *u = s->private;
	ulong flags = spin_lock_irq(&u->rx_lock);

	if (u->stopped && s->rx(u->held)) {
		u->stopped = false;
		ier_change(u, IER_RECEIVE, 0);
	}
	spin_unlock_irq(&u->rx_lock, flags);
}

static void transmit(struct ns16550 *u)
{
	for (unsigned sent = 0; sent < TX_BURST && (reg_read(u, R_LSR) & LSR_ROOM);) {
		for (unsigned i = 0; i < TX_FIFO; i++, sent++) {
			int c = u->serial.next_tx();

			if (c < 0) {
				/*
				 * Switched off before the last look: who adds a byte after it
				 * switches it on.
				 */
				ier_change(u, 0, IER_TRANSMIT);
				c = u->serial.next_tx();
				if (c < 0)
					return;
				ier_change(u, IER_TRANSMIT, 0);
			}
			reg_write(u, R_DATA, (u8)c);
		}
	}
}

static void interrupt(void *arg)
{
	struct ns16550 *u = arg;

	/*
	 * Reading IIR clears a transmitter interrupt; the transmitter's state says whether it is
	 * one.
	 */
	while (!(reg_read(u, R_IIR) & IIR_NONE)) {
		spin_lock(&u->rx_lock);
		receive(u);
		spin_unlock(&u->rx_lock);
		transmit(u);
	}
}

/* Where nothing answers, reads give all ones, or zeros. */
static bool present(const struct ns16550 *u)
{
	static const u8 patterns[] = { 0x5a, 0xa5 };

	for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++) {
		reg_write(u, R_SCRATCH, patterns[i]);
		if (reg_read(u, R_SCRATCH) != patterns[i])
			return false;
	}
	return reg_read(u, R_LSR) != 0xff;
}

int ns16550_attach(ulong regs, unsigned reg_shift, unsigned irq)
{
	struct ns16550 *u;
	int err;

	if (console_attached())
		return -EBUSY;
	u = kzalloc(sizeof(*u), ALLOC_WAIT);
	if (!u)
		return -ENOMEM;
	u->regs = regs;
	u->shift = reg_shift;
	if (!present(u)) {
		kmfree(u);
		return -ENODEV;
	}
	spin_init(&u->ier_lock, "serial enable", RANK_NONE);
	spin_init(&u->rx_lock, "serial receive", RANK_DEV);
	u->serial = (struct serial){
		.putc_polled = putc_polled,
		.kick = kick,
		.resume = resume,
		.tx_idle = tx_idle,
		.private = u,
	};
	reg_write(u, R_IER, 0);
	reg_write(u, R_LCR, LCR_8N1);
	reg_write(u, R_FCR, FCR_SETUP);
	reg_write(u, R_MCR, MCR_SETUP);
	err = irq_attach(irq, interrupt, u);
	if (err) {
		kmfree(u);
		return err;
	}
	console_attach(&u->serial);
	ier_change(u, IER_RECEIVE, 0);
	return 0;
}
