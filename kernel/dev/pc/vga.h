/*
 * The PC's screen: a VGA in text mode, 80 by 25 characters.
 */
#pragma once

/*
 * The console's screen, if there is a VGA and the firmware or the loader left it in text mode; else
 * a line on the log, or nothing where there is no VGA at all. Boot only, once threads can be made.
 */
void vga_attach(void);
/*
 * Show one character of the log before vga_attach, as soon as the direct map has physical 0xb8000.
 * No locks, no interrupts.
 */
void vga_early_putc(char c);
