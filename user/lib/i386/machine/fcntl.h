/*
 * Open flags with machine-dependent values. Every file is opened as one whose size may need 64
 * bits.
 */
#pragma once

#define O_LARGEFILE 0100000
