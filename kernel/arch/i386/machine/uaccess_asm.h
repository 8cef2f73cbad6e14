/*
 * Macros of the assembly that reaches user memory: see uaccess.S.
 */
#pragma once

	.macro on_fault from, to, go
	.pushsection __ex_table, "a"
	.balign	4
	.long	\from, \to, \go
	.popsection
	.endm

	.macro user_access_begin
	.pushsection __smap_sites, "a"
	.balign	4
	.long	9998f + 1
	.popsection
	.balign	2
9998:	.byte	0x0f, 0x1f, 0x00	/* a no-operation of three bytes */
	.endm

	.macro user_access_end
	.pushsection __smap_sites, "a"
	.balign	4
	.long	9999f
	.popsection
	.balign	2
9999:	.byte	0x0f, 0x1f, 0x00
	.endm
