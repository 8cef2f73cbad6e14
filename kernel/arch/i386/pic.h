/*
 * The two 8259 interrupt controllers of a PC, as one with 15 inputs: 0..15 but 2, where the second
 * hangs off the first.
 */
#pragma once

#include "lib/types.h"

#define PIC_INPUTS 16

/* Let them use the vectors from VECTOR_FIRST_IRQ on, all inputs masked. Boot. */
void pic_init(void);
/* Let an input through; false if there is none of this number. Boot. */
bool pic_unmask(unsigned irq);
/*
 * The CPU was told of an interrupt that was gone when it asked which: nobody is to be called, and
 * pic_end not either. Interrupts off.
 */
bool pic_spurious(unsigned irq);
/* The interrupt is dealt with. Interrupts off. */
void pic_end(unsigned irq);
