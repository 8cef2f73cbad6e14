/*
 * The two 8259s: see pic.h. Command words: Intel 8259A data sheet (1988), "Programming the 8259A".
 *
 * The registers belong to the boot CPU: it alone gets these interrupts, and boot alone changes
 * masks, so there is no lock. The firmware says which inputs are edges and which levels (the chip
 * set's ELCR), and the end of an interrupt is told after its handlers: a level that has gone by
 * then does not come again.
 */
#include "pic.h"

#include "arch.h"
#include "machine/io.h"

#define FIRST 0x20 /* io addresses: commands; + 1: masks and initialization */
#define SECOND 0xa0
#define MASK 1
#define INPUTS_EACH 8u
#define CASCADE 2u /* input of the first that the second hangs off */

#define ICW1_INIT 0x11 /* cascaded, edges, ICW4 follows */
#define ICW4_8086 0x01
#define OCW2_END 0x60 /* specific end of interrupt; + input */
#define OCW3_READ_ISR 0x0b
#define LAST_INPUT 7u /* of each: also what an interrupt that is gone is told as */

static u8 masks[2];

static void init_one(ulong port, u8 vector, u8 cascade)
{
	io_write8(port, ICW1_INIT);
	io_write8(port + MASK, vector);
	io_write8(port + MASK, cascade);
	io_write8(port + MASK, ICW4_8086);
	io_write8(port + MASK, 0xff);
}

void pic_init(void)
{
	init_one(FIRST, VECTOR_FIRST_IRQ, 1u << CASCADE);
	init_one(SECOND, VECTOR_FIRST_IRQ + INPUTS_EACH, CASCADE);
	masks[0] = masks[1] = 0xff;
}

static void unmask_one(unsigned which, unsigned input)
{
	masks[which] &= (u8) ~(1u << input);
	io_write8((which ? SECOND : FIRST) + MASK, masks[which]);
}

bool pic_unmask(unsigned irq)
{
	if (irq >= PIC_INPUTS || irq == CASCADE)
		return false;
	unmask_one(irq / INPUTS_EACH, irq % INPUTS_EACH);
	if (irq >= INPUTS_EACH)
		unmask_one(0, CASCADE);
	return true;
}

bool pic_spurious(unsigned irq)
{
	ulong port = irq < INPUTS_EACH ? FIRST : SECOND;

	if (irq % INPUTS_EACH != LAST_INPUT)
		return false;
	io_write8(port, OCW3_READ_ISR);
	if (io_read8(port) & 1u << LAST_INPUT)
		return false;
	/* The first one did have an interrupt: that of the second. */
	if (port == SECOND)
		io_write8(FIRST, OCW2_END + CASCADE);
	return true;
}

void pic_end(unsigned irq)
{
	if (irq >= INPUTS_EACH) {
		io_write8(SECOND, (u8)(OCW2_END + irq % INPUTS_EACH));
		io_write8(FIRST, OCW2_END + CASCADE);
	} else {
		io_write8(FIRST, (u8)(OCW2_END + irq));
	}
}
