/*
 * The PC's keyboard, at the 8042 controller.
 */
#pragma once

/*
 * Let the keyboard type into the console. Where no controller answers, nothing happens; one that is
 * broken is told of on the log. Boot only, interrupts off, after interrupts and clock are set up.
 */
void ps2_attach(void);
